"""The rules of ITI-92: the valid update passes, with one thing changed it is found."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings

from tests.samples import builders
from tests.samples.builders import HOME, OTHER_PATIENT, OTHER_SHA1, REGISTERED_ENTRY
from tests.samples.strategies import submissions
from tests.samples.updates import (
    DEPRECATED,
    SECOND_ENTRY,
    entry_version,
    folder_version,
    status_order,
    submitting,
    update_facts,
    updating,
    version_member,
)
from xds.model import ON_DEMAND, AssociationType, DocumentAvailability, Submission, UpdateFacts, XdsError
from xds.rules import RESTRICTED_UPDATE, Owner, RulePolicy, check_update
from xds.rules.restricted_update import RESTRICTED_UPDATE_ONLY

FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")
OURS = RulePolicy(home_community_id=HOME)
NOWHERE = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1999"


def findings(submission: Submission, facts: UpdateFacts, policy: RulePolicy = FIELD) -> list[XdsError]:
    return check_update(RESTRICTED_UPDATE, submission, facts, policy)


@pytest.mark.parametrize("policy", [FIELD, STRICT], ids=["field", "strict"])
@pytest.mark.parametrize(
    ("valid", "facts"),
    [
        (updating(entry_version(title=builders.text("Another title"))), update_facts()),
        (updating(entry_version(), propagation="no"), update_facts()),
        (updating(entry_version()), update_facts(status=DEPRECATED)),
        (updating(entry_version(document_availability=DocumentAvailability.ONLINE)), update_facts()),
    ],
    ids=["title", "without-propagation", "deprecated", "online-is-the-default"],
)
def test_the_samples_are_valid(valid: Submission, facts: UpdateFacts, policy: RulePolicy) -> None:
    assert findings(valid, facts, policy) == []


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """An update with one thing changed, and the finding that it gives."""

    rule: str
    code: str
    submission: Submission
    location: str
    facts: UpdateFacts | None = None
    policy: RulePolicy = FIELD
    also: tuple[str, ...] = ()


def _unmodifiable(attribute: str, **changes: str) -> Wrong:
    return Wrong(
        rule="92-unmodifiable",
        code="UnmodifiableMetadataError",
        submission=updating(entry_version(**changes)),
        location=f"Version2 {attribute}",
    )


BROKEN = [
    Wrong(
        rule="92-own-objects",
        code="XDSRegistryError",
        submission=updating(entry_version()),
        location=REGISTERED_ENTRY,
        policy=RulePolicy(owner=Owner(name="dir-b", source_ids=frozenset({"2.999.3.1"}))),
    ),
    Wrong(
        rule="92-nothing-asked",
        code="XDSMetadataUpdateError",
        submission=updating(),
        location="SubmissionSet01 SubmissionSet",
    ),
    Wrong(
        rule="92-status",
        code="UnmodifiableMetadataError",
        submission=updating(entry_version(), more=[status_order(SECOND_ENTRY, entry_uuid="s")]),
        location="s associationType",
    ),
    Wrong(
        rule="92-only-entries",
        code="XDSMetadataUpdateError",
        submission=replace(
            updating(entry_version()),
            folders=(folder_version(),),
            associations=(version_member("Version2"), version_member("Folder2", entry_uuid="Folder2")),
        ),
        location="Folder2 Folder",
        also=("42-object-id-twice", "92-only-entries"),
    ),
    Wrong(
        rule="92-only-entries",
        code="XDSMetadataUpdateError",
        submission=updating(entry_version(), more=[builders.by_reference(SECOND_ENTRY, entry_uuid="a")]),
        location="a associationType",
    ),
    Wrong(
        rule="92-initial-version",
        code="XDSInvalidRequestException",
        submission=updating(entry_version(logical_id=None)),
        location="Version2 lid",
    ),
    Wrong(
        rule="92-logical-id",
        code="XDSMetadataUpdateError",
        submission=updating(entry_version(logical_id="Version1")),
        location="Version2 lid",
    ),
    Wrong(
        rule="92-version-twice",
        code="XDSMetadataUpdateError",
        submission=updating(entry_version(), entry_version(entry_uuid="Version3")),
        location="Version2 lid",
        also=("42-unique-id-in-message",),
    ),
    Wrong(
        rule="92-member",
        code="XDSMetadataAnnotationError",
        submission=replace(updating(entry_version()), associations=()),
        location="Version2 HasMember",
    ),
    Wrong(
        rule="92-previous-version",
        code="XDSMetadataAnnotationError",
        submission=updating(entry_version(), previous="one"),
        location="member-Version2 PreviousVersion",
    ),
    Wrong(
        rule="92-propagation",
        code="XDSMetadataAnnotationError",
        submission=updating(entry_version(), propagation="YES"),
        location="member-Version2 AssociationPropagation",
    ),
    Wrong(
        rule="92-latest-version",
        code="XDSMetadataVersionError",
        submission=updating(entry_version()),
        facts=update_facts(version=2),
        location="member-Version2 PreviousVersion",
    ),
    Wrong(
        rule="92-unique-id",
        code="XDSMetadataIdentifierError",
        submission=updating(entry_version(unique_id="2.999.4.1.9")),
        location="Version2 uniqueId",
    ),
    Wrong(
        rule="92-object-type",
        code="XDSObjectTypeError",
        submission=updating(entry_version(object_type=ON_DEMAND)),
        location="Version2 objectType",
    ),
    Wrong(
        rule="92-registered",
        code="UnresolvedReferenceException",
        submission=updating(entry_version(logical_id=NOWHERE)),
        location="Version2 lid",
    ),
    Wrong(
        rule="92-patient",
        code="XDSPatientIDReconciliationError",
        submission=updating(entry_version(patient_id=OTHER_PATIENT)),
        location="Version2 patientId",
    ),
    Wrong(
        rule="92-patient",
        code="XDSPatientIDReconciliationError",
        submission=updating(entry_version(), patient_id=OTHER_PATIENT),
        location="Version2 patientId",
    ),
    Wrong(
        rule="92-community",
        code="XDSUnknownCommunity",
        submission=updating(entry_version(home_community_id="urn:oid:2.999.41")),
        location="Version2 homeCommunityId",
        policy=OURS,
    ),
    _unmodifiable("sourcePatientId", source_patient_id="MRN-1^^^&2.999.18.1&ISO"),
    _unmodifiable("repositoryUniqueId", repository_unique_id="2.999.2.2"),
    _unmodifiable(
        "documentAvailability", document_availability="urn:ihe:iti:2010:DocumentAvailability:Offline"
    ),
    _unmodifiable("hash", hash=OTHER_SHA1),
    _unmodifiable("size", size="77"),
]


@pytest.mark.parametrize("wrong", BROKEN, ids=[f"{index}-{item.rule}" for index, item in enumerate(BROKEN)])
def test_what_is_wrong_is_found(wrong: Wrong) -> None:
    found = findings(wrong.submission, wrong.facts or update_facts(), wrong.policy)
    assert {item.rule for item in found} == {wrong.rule, *wrong.also}
    mine = next(item for item in found if item.rule == wrong.rule)
    assert (mine.code, mine.location) == (wrong.code, wrong.location)
    object_id = mine.location.partition(" ")[0].removeprefix("member-")
    assert object_id in mine.context


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {item.rule for item in BROKEN} == {rule.id for rule in RESTRICTED_UPDATE_ONLY}


def test_every_association_beside_the_members_is_named() -> None:
    more = submitting(
        builders.association(AssociationType.APND, REGISTERED_ENTRY, SECOND_ENTRY, entry_uuid="link")
    )
    found = findings(updating(entry_version(), more=more), update_facts())
    assert {item.rule for item in found} == {"92-only-entries"}
    assert [item.location for item in found] == ["link associationType", "submit-link associationType"]


def test_no_value_of_a_patient_is_told() -> None:
    wrong = updating(entry_version(source_patient_id="MRN-1^^^&2.999.18.1&ISO", patient_id=OTHER_PATIENT))
    told = " ".join(item.context for item in findings(wrong, update_facts()))
    assert "MRN" not in told
    assert "P1001" not in told
    assert "P1002" not in told


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd=submissions())
def test_no_submission_makes_a_rule_fail(odd: Submission) -> None:
    for finding in findings(odd, update_facts(), STRICT):
        assert finding.rule
        assert finding.location
        assert finding.context
