"""The rules of ITI-61: an On-Demand entry promises a document and has none of its attributes."""

from dataclasses import dataclass, field, replace

import pytest

from tests.samples import builders
from tests.samples.builders import SHA1
from xds.model import (
    ON_DEMAND,
    AssociationType,
    DocumentEntry,
    RegisteredDocument,
    RegistryFacts,
    Submission,
    XdsError,
)
from xds.rules import ON_DEMAND_ONLY, ON_DEMAND_REGISTRATION, REGISTRATION, RulePolicy, check

STRICT = RulePolicy(strictness="strict")


def entry(**changes: object) -> DocumentEntry:
    fields = {"object_type": ON_DEMAND, "hash": None, "size": None, "creation_time": None, **changes}
    return builders.document_entry(**fields)


def submission(**changes: object) -> Submission:
    return builders.submission(entry(**changes))


def relating(kind: AssociationType) -> Submission:
    made = builders.relating(kind)
    return replace(made, document_entries=(entry(),))


@dataclass(frozen=True, kw_only=True)
class Broken:
    """One thing changed, and the one finding that it gives."""

    rule: str
    location: str
    submission: Submission = field(default_factory=submission)
    facts: RegistryFacts = field(default_factory=builders.facts)


SNAPSHOT = relating(AssociationType.IS_SNAPSHOT_OF)
KNOWN = builders.document_entry().unique_id or ""
STABLE_FACTS = builders.facts(documents={KNOWN: RegisteredDocument(hash=SHA1, size=1280)})
ON_DEMAND_FACTS = builders.facts(
    documents={KNOWN: RegisteredDocument(hash=None, size=None, is_on_demand=True)}
)
BROKEN = [
    Broken(rule="61-entry", location="SubmissionSet", submission=builders.foldered(entry_id=builders.REGISTERED_ENTRY)),
    Broken(
        rule="61-object-type", location="Document01 objectType",
        submission=submission(object_type=builders.document_entry().object_type),
    ),
    *(
        Broken(
            rule=f"61-entry-{name}-prohibited", location=f"Document01 {name}",
            submission=submission(**{key: value}),
        )
        for name, key, value in (
            ("creationTime", "creation_time", "20240311153000"), ("hash", "hash", SHA1), ("size", "size", "0")
        )
    ),
    Broken(rule="61-unique-id-stable", location="Document01 uniqueId", facts=STABLE_FACTS),
    Broken(
        rule="61-snapshot", location=f"{SNAPSHOT.associations[1].entry_uuid} associationType",
        submission=SNAPSHOT,
    ),
]  # fmt: skip


def found(made: Submission, facts: RegistryFacts) -> list[XdsError]:
    return check(ON_DEMAND_REGISTRATION, made, facts, STRICT)


def test_an_on_demand_entry_is_in_order() -> None:
    assert found(submission(), builders.facts()) == []
    assert found(submission(), ON_DEMAND_FACTS) == []  # another one may have its uniqueId
    assert found(relating(AssociationType.RPLC), builders.facts()) == []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.rule)
def test_one_thing_changed_is_found(case: Broken) -> None:
    (finding,) = found(case.submission, case.facts)
    assert (finding.rule, finding.location) == (case.rule, case.location)
    assert finding.code == "XDSRegistryMetadataError"


def test_every_rule_is_tried() -> None:
    assert [case.rule for case in BROKEN] == [rule.id for rule in ON_DEMAND_ONLY]


def test_the_rest_is_the_rules_of_iti_42() -> None:
    kept = {rule.id for rule in ON_DEMAND_REGISTRATION}
    assert {rule.id for rule in REGISTRATION} - kept == {
        "42-entry-creationTime-required",
        "42-entry-hash-required",
        "42-entry-size-required",
        "42-non-identical-hash",
        "42-non-identical-size",
        "42-object-type",
        "42-snapshot",
        "42-unique-id-on-demand",
    }


def test_a_stable_entry_does_not_take_the_uniqueid_of_an_on_demand_one() -> None:
    (finding,) = check(REGISTRATION, builders.submission(), ON_DEMAND_FACTS, STRICT)
    assert (finding.rule, finding.code) == ("42-unique-id-on-demand", "XDSRegistryMetadataError")
