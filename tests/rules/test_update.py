"""The rules of ITI-57: the valid update passes, with one thing changed it is found."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.samples import builders
from tests.samples.builders import (
    HOME,
    OTHER_PATIENT,
    OTHER_SHA1,
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    REGISTERED_SUBMISSION_SET,
)
from tests.samples.strategies import submissions
from tests.samples.updates import (
    APPROVED,
    DEPRECATED,
    REGISTERED_APPENDIX,
    REGISTERED_MEMBER,
    SECOND_ENTRY,
    SET_MEMBER,
    entry_version,
    folder_version,
    status_order,
    submitting,
    update_facts,
    updating,
    version_member,
)
from xds.model import (
    ON_DEMAND,
    AssociationType,
    Slot,
    Submission,
    UpdateFacts,
    UpdateSlot,
    XdsError,
)
from xds.rules import UPDATE, Owner, RulePolicy, check_update
from xds.rules.update import UPDATE_ONLY

FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")
NOWHERE = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1999"


def findings(submission: Submission, facts: UpdateFacts, policy: RulePolicy = FIELD) -> list[XdsError]:
    return check_update(UPDATE, submission, facts, policy)


def relating(
    kind: AssociationType = AssociationType.APND,
    source: str = REGISTERED_ENTRY,
    target: str = SECOND_ENTRY,
    **changes: Any,
) -> Any:
    """A new association and its order."""
    return submitting(builders.association(kind, source, target, entry_uuid="new-link", **changes))


VALID = {
    "entry": updating(entry_version()),
    "folder": updating(folder_version()),
    "both": updating(entry_version(), folder_version()),
    "entry without propagation": updating(entry_version(), propagation="no"),
    "entry with propagation": updating(entry_version(), propagation="yes"),
    "hash of an assembled document": updating(entry_version(hash=OTHER_SHA1, size="77")),
    "other patient, unlinked": updating(
        entry_version(patient_id=OTHER_PATIENT), propagation="no", patient_id=OTHER_PATIENT
    ),
    "status of an entry": updating(more=[status_order(REGISTERED_ENTRY)]),
    "status of a Folder": updating(more=[status_order(REGISTERED_FOLDER)]),
    "status of a membership": updating(more=[status_order(REGISTERED_MEMBER)]),
    "status of a relationship": updating(more=[status_order(REGISTERED_APPENDIX)]),
    "new version, then its status": updating(entry_version(), more=[status_order("Version2")]),
    "the same by the version before": updating(entry_version(), more=[status_order(REGISTERED_ENTRY)]),
    "relationship": updating(more=relating()),
    "membership": updating(more=relating(AssociationType.HAS_MEMBER, REGISTERED_FOLDER)),
    "membership with its HasMember": updating(
        more=[
            *relating(AssociationType.HAS_MEMBER, REGISTERED_FOLDER),
            builders.has_member("SubmissionSet01", "new-link", entry_uuid="of-the-link"),
        ]
    ),
    "relationship of a new version": updating(
        entry_version(), propagation="no", more=relating(AssociationType.XFRM, "Version2")
    ),
}


def test_an_on_demand_entry_is_updated_without_what_it_does_not_have() -> None:
    """No creationTime, hash and size: the document does not exist yet (ITI TF-2 3.61.4.2.2)."""
    made = {"object_type": ON_DEMAND, "creation_time": None, "hash": None, "size": None}
    facts = update_facts(entry=made)
    assert findings(updating(entry_version(**made)), facts) == []
    late = updating(entry_version(**made | {"class_code": None}))
    assert [item.rule for item in findings(late, facts)] == ["42-entry-classCode-required"]


@pytest.mark.parametrize("policy", [FIELD, STRICT], ids=["field", "strict"])
@pytest.mark.parametrize("valid", VALID.values(), ids=VALID.keys())
def test_the_samples_are_valid(valid: Submission, policy: RulePolicy) -> None:
    assert findings(valid, update_facts(), policy) == []


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """An update with one thing changed, and the findings that it gives."""

    rule: str
    code: str
    submission: Submission
    location: str
    facts: UpdateFacts | None = None
    says: str = ""
    also: tuple[str, ...] = ()  # rules that find it too
    policy: RulePolicy = FIELD


ERROR, OPERATION = "XDSMetadataUpdateError", "XDSMetadataUpdateOperationError"
VERSION, PATIENTS = "XDSMetadataVersionError", "XDSPatientIDReconciliationError"

BROKEN = [
    Wrong(
        rule="57-own-objects",
        code="XDSRegistryError",
        submission=updating(entry_version()),
        location=REGISTERED_ENTRY,
        policy=RulePolicy(owner=Owner(name="dir-b", source_ids=frozenset({"2.999.3.1"}))),
    ),
    Wrong(
        rule="57-nothing-asked",
        code=OPERATION,
        submission=updating(),
        location="SubmissionSet01 SubmissionSet",
    ),
    Wrong(
        rule="57-operation",
        code=OPERATION,
        submission=updating(
            entry_version(),
            more=[builders.association(AssociationType.APND, REGISTERED_ENTRY, SECOND_ENTRY, entry_uuid="a")],
        ),
        location="a associationType",
        says="No SubmitAssociation leads to a",
    ),
    Wrong(
        rule="57-operation",
        code=OPERATION,
        submission=updating(more=[builders.by_reference(REGISTERED_ENTRY, entry_uuid="a")]),
        location="a targetObject",
    ),
    Wrong(
        rule="57-operation",
        code=OPERATION,
        submission=updating(
            entry_version(),
            more=[
                builders.association(
                    AssociationType.APND,
                    REGISTERED_ENTRY,
                    SECOND_ENTRY,
                    entry_uuid="a",
                    association_type="urn:elsewhere:Odd",
                )
            ],
        ),
        location="a associationType",
        says="a: 'urn:elsewhere:Odd' is not known here",
    ),
    Wrong(
        rule="57-initial-version",
        code=ERROR,
        submission=updating(entry_version(logical_id=None)),
        location="Version2 lid",
        says="Version2 is an initial version",
    ),
    Wrong(
        rule="57-initial-version",
        code=ERROR,
        submission=updating(entry_version(entry_uuid=NOWHERE, logical_id=NOWHERE)),
        location=f"{NOWHERE} lid",
    ),
    Wrong(
        rule="57-logical-id",
        code=ERROR,
        submission=updating(entry_version(logical_id="Version1")),
        location="Version2 lid",
        says="Version2: lid 'Version1' is symbolic",
    ),
    Wrong(
        rule="57-version-twice",
        code=OPERATION,
        submission=updating(entry_version(), entry_version(entry_uuid="Version3")),
        location="Version2 lid",
        also=("42-unique-id-in-message",),
    ),
    Wrong(
        rule="57-member",
        code=ERROR,
        submission=replace(
            updating(entry_version(), folder_version()), associations=(version_member("Folder2"),)
        ),
        location="Version2 HasMember",
        says="Version2 has 0 HasMember",
    ),
    Wrong(
        rule="57-previous-version",
        code=ERROR,
        submission=updating(entry_version(), previous=None),
        location="member-Version2 PreviousVersion",
        says="Version2: PreviousVersion is missing",
    ),
    Wrong(
        rule="57-previous-version",
        code=ERROR,
        submission=updating(entry_version(), previous="1.1"),
        location="member-Version2 PreviousVersion",
    ),
    Wrong(
        rule="57-propagation",
        code=ERROR,
        submission=updating(entry_version(), propagation="maybe"),
        location="member-Version2 AssociationPropagation",
    ),
    Wrong(
        rule="57-entry-registered",
        code=VERSION,
        submission=updating(entry_version(logical_id=NOWHERE)),
        location="Version2 lid",
    ),
    Wrong(
        rule="57-entry-registered",
        code=VERSION,
        submission=updating(entry_version(logical_id=REGISTERED_FOLDER)),
        location="Version2 lid",
    ),
    Wrong(
        rule="57-folder-registered",
        code=ERROR,
        submission=updating(folder_version(logical_id=NOWHERE)),
        location="Folder2 lid",
    ),
    Wrong(
        rule="57-approved",
        code=ERROR,
        submission=updating(entry_version()),
        facts=update_facts(status=DEPRECATED),
        location="Version2 lid",
    ),
    Wrong(
        rule="57-approved",
        code=ERROR,
        submission=updating(folder_version()),
        facts=update_facts(status=DEPRECATED),
        location="Folder2 lid",
    ),
    Wrong(
        rule="57-unique-id",
        code=ERROR,
        submission=updating(entry_version(unique_id="2.999.4.1.9")),
        location="Version2 uniqueId",
    ),
    Wrong(
        rule="57-unique-id",
        code=ERROR,
        submission=updating(folder_version(unique_id="2.999.4.1.9")),
        location="Folder2 uniqueId",
    ),
    Wrong(
        rule="57-object-type",
        code=ERROR,
        submission=updating(entry_version(object_type=ON_DEMAND)),
        location="Version2 objectType",
    ),
    Wrong(
        rule="57-latest-version",
        code=VERSION,
        submission=updating(entry_version()),
        facts=update_facts(version=2),
        location="member-Version2 PreviousVersion",
        says="Version2: PreviousVersion is 1, but the latest version is 2",
    ),
    Wrong(
        rule="57-latest-version",
        code=VERSION,
        submission=updating(folder_version()),
        facts=update_facts(version=3),
        location="member-Folder2 PreviousVersion",
    ),
    Wrong(
        rule="57-shared-document",
        code="XDSNonIdenticalHash",
        submission=updating(entry_version(hash=OTHER_SHA1)),
        facts=update_facts(shared_unique_ids=frozenset({"2.999.4.1.1001"})),
        location="Version2 hash",
        says="2.999.4.1.1001",
    ),
    Wrong(
        rule="57-same-patient",
        code=PATIENTS,
        submission=updating(entry_version(), patient_id=OTHER_PATIENT),
        location="Version2 patientId",
    ),
    Wrong(
        rule="57-same-patient",
        code=PATIENTS,
        submission=updating(more=[status_order(REGISTERED_ENTRY)], patient_id=OTHER_PATIENT),
        location=f"status-{REGISTERED_ENTRY[-12:]} targetObject",
    ),
    Wrong(
        rule="57-patient-connected",
        code=PATIENTS,
        submission=updating(entry_version(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT),
        location="Version2 patientId",
        says="Version2: patientId changes, but 2 associations",
    ),
    Wrong(
        rule="57-patient-connected",
        code=PATIENTS,
        submission=updating(folder_version(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT),
        location="Folder2 patientId",
    ),
    Wrong(
        rule="57-status-source",
        code=ERROR,
        submission=updating(
            more=[status_order(REGISTERED_ENTRY, source=REGISTERED_SUBMISSION_SET, entry_uuid="s")]
        ),
        location="s sourceObject",
    ),
    Wrong(
        rule="57-status-target",
        code=ERROR,
        submission=updating(more=[status_order(NOWHERE, entry_uuid="s")]),
        location="s targetObject",
    ),
    Wrong(
        rule="57-status-target",
        code=ERROR,
        submission=updating(more=[status_order(REGISTERED_SUBMISSION_SET, entry_uuid="s")]),
        location="s targetObject",
    ),
    Wrong(
        rule="57-status-target",
        code=ERROR,
        submission=updating(more=[status_order("SubmissionSet01", entry_uuid="s")]),
        location="s targetObject",
    ),
    Wrong(
        rule="57-status-latest",
        code=ERROR,
        submission=updating(more=[status_order(SECOND_ENTRY, entry_uuid="s")]),
        facts=update_facts(
            logical_ids={SECOND_ENTRY: SECOND_ENTRY},
            latest={SECOND_ENTRY: builders.document_entry(2, entry_uuid=NOWHERE, logical_id=SECOND_ENTRY)},
        ),
        location="s targetObject",
    ),
    Wrong(
        rule="57-status-association",
        code=ERROR,
        submission=updating(more=[status_order(SET_MEMBER, entry_uuid="s")]),
        location="s targetObject",
    ),
    Wrong(
        rule="57-status-slots",
        code=ERROR,
        submission=updating(more=[status_order(REGISTERED_ENTRY, original=None, entry_uuid="s")]),
        location="s OriginalStatus",
    ),
    Wrong(
        rule="57-status-slots",
        code=ERROR,
        submission=updating(
            more=[
                status_order(REGISTERED_ENTRY, new="urn:asip:ci-sis:2010:StatusType:Deleted", entry_uuid="s")
            ]
        ),
        location="s NewStatus",
    ),
    Wrong(
        rule="57-status-original",
        code=ERROR,
        submission=updating(
            more=[status_order(REGISTERED_ENTRY, DEPRECATED.value, APPROVED.value, entry_uuid="s")]
        ),
        location="s OriginalStatus",
    ),
    Wrong(
        rule="57-status-twice",
        code=OPERATION,
        submission=updating(
            more=[
                status_order(REGISTERED_ENTRY, entry_uuid="s"),
                status_order(REGISTERED_ENTRY, entry_uuid="s2"),
            ]
        ),
        location="s targetObject",
        also=("42-association-twice",),
    ),
    Wrong(
        rule="57-submit-trigger",
        code=ERROR,
        submission=updating(
            entry_version(),
            more=[replace(relating()[1], target=REGISTERED_APPENDIX, entry_uuid="t")],
        ),
        location="t targetObject",
    ),
    Wrong(
        rule="57-submit-trigger",
        code=ERROR,
        submission=updating(
            more=[relating()[0], replace(relating()[1], source=REGISTERED_SUBMISSION_SET, entry_uuid="t")]
        ),
        location="t sourceObject",
    ),
    Wrong(
        rule="57-submit-ends",
        code=ERROR,
        submission=updating(more=relating(target=NOWHERE)),
        location="new-link targetObject",
    ),
    Wrong(
        rule="57-submit-approved",
        code=ERROR,
        submission=updating(
            more=relating(source=SECOND_ENTRY, target=REGISTERED_ENTRY, kind=AssociationType.XFRM)
        ),
        facts=update_facts(status=DEPRECATED),
        location="new-link targetObject",
    ),
    Wrong(
        rule="57-submit-approved",
        code=ERROR,
        submission=updating(entry_version(), propagation="no", more=relating()),
        location="new-link sourceObject",
    ),
    Wrong(
        rule="57-submit-kind",
        code=ERROR,
        submission=updating(more=relating(AssociationType.HAS_MEMBER, REGISTERED_ENTRY)),
        location="new-link associationType",
    ),
    Wrong(
        rule="57-submit-kind",
        code=ERROR,
        submission=updating(more=relating(AssociationType.APND, REGISTERED_FOLDER)),
        location="new-link associationType",
    ),
    Wrong(
        rule="57-submit-kind",
        code=ERROR,
        submission=updating(more=relating(AssociationType.HAS_MEMBER, REGISTERED_SUBMISSION_SET)),
        location="new-link associationType",
    ),
    Wrong(
        rule="57-submit-kind",
        code=ERROR,
        submission=updating(more=relating(association_type="urn:elsewhere:Odd")),
        location="new-link associationType",
    ),
    Wrong(
        rule="57-submit-patient",
        code=PATIENTS,
        submission=updating(more=relating()),
        facts=update_facts(objects=[builders.registered(SECOND_ENTRY, patient_id=OTHER_PATIENT)]),
        location="new-link targetObject",
        also=("57-same-patient",),
    ),
    Wrong(
        rule="57-submit-again",
        code=ERROR,
        submission=updating(more=relating(AssociationType.HAS_MEMBER, REGISTERED_FOLDER, REGISTERED_ENTRY)),
        location="new-link associationType",
    ),
    Wrong(
        rule="57-submit-propagation",
        code=OPERATION,
        submission=updating(entry_version(), more=relating(source="Version2")),
        location="new-link sourceObject",
    ),
    Wrong(
        rule="57-submit-propagation",
        code=OPERATION,
        submission=updating(entry_version(), propagation="yes", more=relating()),
        location="new-link sourceObject",
    ),
]


@pytest.mark.parametrize("wrong", BROKEN, ids=[f"{index}-{item.rule}" for index, item in enumerate(BROKEN)])
def test_what_is_wrong_is_found(wrong: Wrong) -> None:
    found = findings(wrong.submission, wrong.facts or update_facts(), wrong.policy)
    assert {item.rule for item in found} == {wrong.rule, *wrong.also}
    (mine,) = [item for item in found if item.rule == wrong.rule]
    assert (mine.code, mine.location) == (wrong.code, wrong.location)
    assert mine.context.startswith(wrong.says)


def test_every_rule_has_a_sample_that_breaks_it() -> None:
    assert {item.rule for item in BROKEN} == {rule.id for rule in UPDATE_ONLY}


def test_the_context_names_the_object_at_fault() -> None:
    """The codes of XDS Metadata Update want the id in codeContext."""
    for wrong in BROKEN:
        for item in findings(wrong.submission, wrong.facts or update_facts(), wrong.policy):
            if item.rule.startswith("57-") and item.rule != "57-shared-document":
                object_id = item.location.partition(" ")[0].removeprefix("member-")
                assert object_id in item.context, item


def test_rules_of_registration_hold_for_a_new_version() -> None:
    """A new version brings all its metadata (ITI TF-3 Table 4.3.1-3)."""
    poor = entry_version(class_code=None, creation_time="2024-03-11", hash=None)
    found = {item.rule for item in findings(updating(poor), update_facts())}
    assert found == {"42-entry-classCode-required", "42-time", "42-entry-hash-required"}


def test_extra_metadata_has_urns_for_names_strictly() -> None:
    """The Slots of an update itself are none."""
    odd = entry_version(extra_slots=(Slot(name="odd", values=("x",)),))
    assert findings(updating(odd, propagation="no"), update_facts(), FIELD) == []
    found = findings(updating(odd, propagation="no"), update_facts(), STRICT)
    assert [(item.rule, item.location) for item in found] == [("42-extra-slot-name", "Version2 'odd'")]


def test_another_community_is_refused() -> None:
    found = findings(
        updating(entry_version(home_community_id="urn:oid:2.999.41")),
        update_facts(),
        RulePolicy(home_community_id=HOME),
    )
    assert [item.rule for item in found] == ["42-home-community-id"]


def test_a_merge_is_no_change_of_patient() -> None:
    """The registered id was subsumed since: the update brings the surviving one."""
    facts = update_facts(entry={"patient_id": OTHER_PATIENT}, patients={OTHER_PATIENT: OTHER_PATIENT})
    made = updating(entry_version(patient_id=OTHER_PATIENT), patient_id=OTHER_PATIENT)
    assert findings(made, facts) == []


def test_uppercase_uuids_are_taken_in_field() -> None:
    made = updating(entry_version(logical_id=REGISTERED_ENTRY.upper().replace("URN:UUID:", "urn:uuid:")))
    assert findings(made, update_facts()) == []


@pytest.mark.parametrize(
    "previous", ["0", "01", "-1", "1 ", "\u0661", "9" * 10, "9" * 5000, "1.1", "one", ""]
)
def test_a_version_is_a_number_of_nine_digits_at_most(previous: str) -> None:
    found = {item.rule for item in findings(updating(entry_version(), previous=previous), update_facts())}
    assert found - {"42-value-limits"} == {"57-previous-version"}


def test_slots_with_two_values_are_found() -> None:
    twice = Slot(name=UpdateSlot.PREVIOUS_VERSION.value, values=("1", "2"))
    made = replace(
        updating(entry_version()), associations=(version_member("Version2", extra_slots=(twice,)),)
    )
    assert [item.rule for item in findings(made, update_facts())] == ["57-previous-version"]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(odd=submissions())
def test_no_submission_makes_a_rule_fail(odd: Submission) -> None:
    for finding in findings(odd, update_facts(), STRICT):
        assert finding.rule
        assert finding.location
        assert finding.context
