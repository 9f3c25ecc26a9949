"""Whose objects are whose: for partners that have proven who they are, and for everybody else."""

from dataclasses import replace

import pytest

from tests.rules.broken import Broken
from tests.samples.builders import (
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    facts,
    foldered,
    registered,
    relating,
    submission,
    submission_set,
)
from xds.access import NOBODY, Caller
from xds.model import AssociationType, ObjectKind, RegistryFacts
from xds.rules import (
    ALL_RULES,
    BREACHES,
    OTHERS_REMOVED,
    OTHERS_RETRIEVED,
    DocumentPart,
    Owner,
    Partner,
    Policies,
    RulePolicy,
    check_provision,
    check_sent,
)
from xds.rules.ownership import SECTION

DIR_A = RulePolicy(owner=Owner(name="dir-a", source_ids=frozenset({"2.999.3.1", "2.999.4.1"})))
DIR_B = RulePolicy(owner=Owner(name="dir-b", source_ids=frozenset({"2.999.4.2"})))
STRANGER = RulePolicy(owner=Owner(taken=frozenset({"2.999.3.1", "2.999.4.1"})))


def of(source_id: str | None) -> RegistryFacts:
    """What is registered, all of one source."""
    entry = registered(source_id=source_id)
    return facts([entry, registered(REGISTERED_FOLDER, ObjectKind.FOLDER, source_id=source_id)])


BROKEN = [
    Broken(
        rule="42-own-source-id",
        code="XDSRegistryError",
        submission=submission(),
        policy=DIR_B,
        location="SubmissionSet01 sourceId",
        says="sourceId is '2.999.3.1': not dir-b's",
    ),
    Broken(
        rule="42-own-source-id",
        code="XDSRegistryError",
        submission=submission(),
        policy=STRANGER,
        location="SubmissionSet01 sourceId",
        says="sourceId is '2.999.3.1': a partner's, who has to prove who it is",
    ),
    Broken(
        rule="42-own-objects",
        code="XDSRegistryError",
        submission=relating(AssociationType.RPLC),
        facts=of("2.999.4.2"),
        policy=DIR_A,
        location=REGISTERED_ENTRY,
        says=f"{REGISTERED_ENTRY}, a document entry, was submitted not by dir-a",
    ),
    Broken(
        rule="42-own-objects",
        code="XDSRegistryError",
        submission=relating(AssociationType.XFRM_RPLC),
        facts=of(None),
        policy=DIR_A,
        location=REGISTERED_ENTRY,
    ),
    Broken(
        rule="42-own-objects",
        code="XDSRegistryError",
        submission=foldered(folder_id=REGISTERED_FOLDER),
        facts=of("2.999.4.2"),
        policy=DIR_A,
        location=REGISTERED_FOLDER,
        says=f"{REGISTERED_FOLDER}, a folder, was submitted not by dir-a",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.rule)
def test_what_is_another_partners(broken: Broken) -> None:
    broken.assert_found()
    assert replace(broken, policy=RulePolicy()).findings() == [], "nobody is enrolled"


@pytest.mark.parametrize("kind", [AssociationType.RPLC, AssociationType.APND, AssociationType.XFRM_RPLC])
def test_what_is_its_own(kind: AssociationType) -> None:
    whole = Broken(rule="", location="", submission=relating(kind), facts=of("2.999.4.1"), policy=DIR_A)
    assert whole.findings() == []


def test_an_addendum_to_anothers_document_is_let_in() -> None:
    addendum = Broken(
        rule="", location="", submission=relating(AssociationType.APND), facts=of("2.999.4.2"), policy=DIR_A
    )
    assert addendum.findings() == []


BROKEN_PROVISION = [("41-own-source-id", "XDSRepositoryError")]


@pytest.mark.parametrize(("rule", "code"), BROKEN_PROVISION)
def test_a_repository_looks_at_the_source_itself(rule: str, code: str) -> None:
    parts = {"Document01": DocumentPart(size=1280, sha1="543c5f2ad3b1f0c0e2a6b8b5f0a1101f2ad3b1f0")}
    found = [item for item in check_provision(submission(), parts, DIR_B) if item.rule == rule]
    assert [(item.code, item.location) for item in found] == [(code, "SubmissionSet01 sourceId")]
    assert rule not in {item.rule for item in check_provision(submission(), parts, DIR_A)}


WITH_REPOSITORY = "2.999.2.7"


HELD = frozenset({"2.999.2.1"})
BROKEN_SENT = [
    ("42-own-repository", Owner(name="dir-a", repository_ids=frozenset({WITH_REPOSITORY})), "not dir-a's"),
    ("42-own-repository", Owner(name="dir-b", taken_repositories=HELD), "not dir-b's"),
    ("42-own-repository", Owner(taken_repositories=HELD), "a partner's, who has to prove who it is"),
]


@pytest.mark.parametrize(("rule", "owner", "whose"), BROKEN_SENT)
def test_a_partner_registers_documents_of_its_own_repositories(rule: str, owner: Owner, whose: str) -> None:
    made = submission()
    (found,) = check_sent(made, RulePolicy(owner=owner))
    assert (found.code, found.rule) == ("XDSRegistryError", rule)
    assert found.location == "Document01 repositoryUniqueId"
    assert found.context.startswith(f"repositoryUniqueId is '2.999.2.1': {whose}")
    (entry,) = made.document_entries
    own = replace(made, document_entries=(replace(entry, repository_unique_id=WITH_REPOSITORY),))
    assert check_sent(own, RulePolicy(owner=owner)) == []
    assert check_sent(made, RulePolicy()) == [], "nobody is enrolled"


def test_whose_repositories_are_taken_comes_from_the_partner_table() -> None:
    owner = Owner(name="dir-a", repository_ids=frozenset({WITH_REPOSITORY}))
    with_one = Partner(name="dir-a", is_enrolled=True, policy=RulePolicy(owner=owner))
    without = Partner(name="dir-b", is_enrolled=True, policy=RulePolicy(owner=Owner(name="dir-b")))
    policies = Policies(RulePolicy(), [with_one, without])

    def may(caller: Caller, unique_id: str) -> bool:
        owner = policies.of(caller).owner
        return owner is not None and owner.has_repository(unique_id)

    assert may(Caller(partner="dir-a"), WITH_REPOSITORY) and not may(Caller(partner="dir-a"), "2.999.2.1")
    for caller in (Caller(partner="dir-b"), Caller(address="192.0.2.1")):
        assert may(caller, "2.999.2.1") and not may(caller, WITH_REPOSITORY)


def test_who_owns_what_comes_from_the_partner_table() -> None:
    mine = frozenset({"2.999.4.1"})
    enrolled = Partner(
        name="dir-a",
        is_enrolled=True,
        source_ids=mine,
        policy=RulePolicy(owner=Owner(name="dir-a", source_ids=mine)),
    )
    unproven = Partner(
        name="north", source_ids=frozenset({"2.999.7"}), policy=RulePolicy(strictness="strict")
    )
    policies = Policies(RulePolicy(), [enrolled, unproven])
    sent = replace(submission(), submission_sets=(submission_set(source_id="2.999.7"),))
    stranger, dir_a = policies.of(Caller(address="192.0.2.1")), policies.of(Caller(partner="dir-a"))
    assert dir_a.owner is not None and dir_a.owner.has("2.999.4.1") and not dir_a.owner.has("2.999.7")
    for policy in (stranger, policies.of(Caller(address="192.0.2.1"), sent)):
        assert policy.owner is not None
        assert policy.owner.has("2.999.7") and policy.owner.has(None) and not policy.owner.has("2.999.4.1")
    assert policies.of(NOBODY).owner is None, "this process itself"
    assert Policies(RulePolicy(), [unproven]).of(Caller(address="192.0.2.1")).owner is None


def test_each_rule_on_ownership_is_a_breach_that_the_operator_is_told_of() -> None:
    own = {rule.id for rule in ALL_RULES if rule.section == SECTION}
    assert own | {OTHERS_RETRIEVED, OTHERS_REMOVED} == BREACHES
