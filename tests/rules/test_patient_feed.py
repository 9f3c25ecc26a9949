"""Rules of ITI-44: no rule finds anything in the valid messages; one thing changed is found by its rule."""

from typing import Any

import pytest

from tests.samples.feeds import AUTHORITY, HOSPITAL, REGISTRY, feed, patient_id
from xds.model import InstanceIdentifier, Interaction, OtherIds, PatientFeed
from xds.rules import (
    PATIENT_FEED,
    FeedCase,
    RulePolicy,
    birth_date,
    check_patient_feed,
    fed_patients,
    merged_patients,
)

ADDED, REVISED, MERGE = Interaction
STRICT = RulePolicy(strictness="strict", patient_authority=AUTHORITY, device_id=REGISTRY)
FIELD = RulePolicy(patient_authority=AUTHORITY, device_id=REGISTRY)
ANY = RulePolicy(strictness="strict")
OTHER = InstanceIdentifier("2.999.99")


def found(item: PatientFeed, policy: RulePolicy = STRICT) -> set[str]:
    return {finding.rule for finding in check_patient_feed(item, policy)}


@pytest.mark.parametrize("interaction", Interaction)
@pytest.mark.parametrize("policy", [STRICT, FIELD, ANY], ids=["strict", "field", "any authority"])
def test_valid(interaction: Interaction, policy: RulePolicy) -> None:
    assert check_patient_feed(feed(interaction), policy) == []


BROKEN: list[tuple[str, Interaction, dict[str, Any]]] = [
    ("44-interaction", ADDED, {"interaction_id": None}),
    ("44-interaction", ADDED, {"interaction_id": InstanceIdentifier("2.16.840.1.113883.1.6", REVISED)}),
    ("44-message-id", ADDED, {"message_id": None}),
    ("44-message-id", ADDED, {"message_id": InstanceIdentifier("", "1")}),
    ("44-creation-time", ADDED, {"creation_time": ""}),
    ("44-processing-mode", ADDED, {"processing_mode_code": "I"}),
    ("44-processing-mode", ADDED, {"processing_code": ""}),
    ("44-accept-ack", ADDED, {"accept_ack_code": "NE"}),
    ("44-receiver", ADDED, {"receivers": ((OTHER,),)}),
    ("44-one-receiver", ADDED, {"receivers": ((InstanceIdentifier(REGISTRY),), (OTHER,))}),
    ("44-one-receiver", ADDED, {"receivers": ()}),
    ("44-device-id", ADDED, {"sender": ()}),
    ("44-device-id", ADDED, {"sender": (InstanceIdentifier("2.999.1", "EMR"),)}),
    ("44-trigger", ADDED, {"trigger": REVISED.trigger}),
    ("44-one-patient", ADDED, {"subjects": 2}),
    ("44-active", ADDED, {"registration_status": "nullified"}),
    ("44-active", ADDED, {"patient_status": ""}),
    ("44-name", ADDED, {"names": ()}),
    ("44-birth-time", ADDED, {"birth_time": "29.2.1980"}),
    ("44-domain-id", ADDED, {"patient_ids": ()}),
    ("44-domain-id", ADDED, {"patient_ids": (patient_id("P1", HOSPITAL),)}),
    ("44-one-domain-id", ADDED, {"patient_ids": (patient_id("P1"), patient_id("P2"))}),
    ("44-id-form", ADDED, {"patient_ids": (patient_id("P^1"),)}),
    ("44-id-form", MERGE, {"prior_ids": (patient_id(""),)}),
    ("44-other-ids", ADDED, {"other_ids": (OtherIds(ids=(patient_id("1", HOSPITAL),)),)}),
    (
        "44-other-ids",
        ADDED,
        {"other_ids": (OtherIds(ids=(patient_id("1", HOSPITAL),), organization=(OTHER,)),)},
    ),
    ("44-provider", REVISED, {"provider": ()}),
    ("44-provider", ADDED, {"provider": (patient_id("X"),)}),
    ("44-provider", MERGE, {"provider": (OTHER,)}),
    ("44-no-replacement", REVISED, {"replacements": 1}),
    ("44-subsumed-id", MERGE, {"prior_ids": ()}),
    ("44-subsumed-id", MERGE, {"prior_ids": (patient_id("P2"), patient_id("P3"))}),
    ("44-subsumed-authority", MERGE, {"prior_ids": (patient_id("P2", HOSPITAL),)}),
    ("44-subsumed-status", MERGE, {"prior_status": "active"}),
    ("44-two-ids", MERGE, {"prior_ids": (patient_id("P1"),)}),
]


@pytest.mark.parametrize(("rule", "interaction", "changes"), BROKEN)
def test_one_thing_changed_is_found(rule: str, interaction: Interaction, changes: dict[str, Any]) -> None:
    findings = check_patient_feed(feed(interaction, **changes), STRICT)
    assert {item.rule for item in findings} == {rule}
    for item in findings:
        assert item.location.startswith(f"/{interaction}/")
        assert item.is_error
        assert "P1" not in item.context


def test_every_rule_has_its_change() -> None:
    assert {rule.id for rule in PATIENT_FEED} == {rule for rule, _, _ in BROKEN}


@pytest.mark.parametrize(("rule", "interaction", "changes"), BROKEN)
def test_in_the_field_only_what_does_harm_counts(
    rule: str, interaction: Interaction, changes: dict[str, Any]
) -> None:
    (known,) = [item for item in PATIENT_FEED if item.id == rule]
    tolerated = known.strict_only or changes == {"patient_status": ""}
    assert found(feed(interaction, **changes), FIELD) == (set() if tolerated else {rule})


def test_all_findings_at_once() -> None:
    wrong = feed(interaction_id=None, message_id=None, receivers=((OTHER,),), patient_ids=())
    assert found(wrong) == {"44-interaction", "44-message-id", "44-receiver", "44-domain-id"}


def test_the_domains_id_among_others() -> None:
    """A hospital's own id is Patient.id, the domain's may stand among OtherIDs; ids of others are passed over."""
    mixed = feed(patient_ids=(patient_id("H1", HOSPITAL), patient_id("P7"), patient_id("P7")))
    assert [str(item) for item in fed_patients(mixed, STRICT)] == [f"P7^^^&{AUTHORITY}&ISO"]
    assert found(mixed) == set()
    other = feed(
        patient_ids=(patient_id("H1", HOSPITAL),),
        other_ids=(OtherIds(ids=(patient_id("P8"),), organization=(patient_id(""),)),),
    )
    assert [str(item) for item in fed_patients(other, STRICT)] == [f"P8^^^&{AUTHORITY}&ISO"]
    assert found(other) == set()


def test_a_domain_without_an_authority_takes_those_of_the_feed() -> None:
    """As ITI-8 does: one id of each authority; a merge joins the two that are of one."""
    both = (patient_id("H1", HOSPITAL), patient_id("P1"))
    assert [item.id_number for item in fed_patients(feed(patient_ids=both), ANY)] == ["H1", "P1"]
    assert found(feed(patient_ids=both), ANY) == set()
    assert found(feed(patient_ids=(*both, patient_id("P2"))), ANY) == {"44-one-domain-id"}
    merge = feed(MERGE, patient_ids=both, prior_ids=(patient_id("P2"),), provider=())
    assert found(merge, ANY) == set()
    subsumed, survivor = merged_patients(merge, ANY)
    assert (subsumed.id_number, survivor.id_number) == ("P2", "P1")
    across = feed(MERGE, prior_ids=(patient_id("H2", HOSPITAL),))
    assert found(across, ANY) == {"44-subsumed-authority"}


def test_a_registry_without_a_device_id_takes_any_receiver() -> None:
    assert found(feed(receivers=((OTHER,),)), ANY) == set()
    several = feed(receivers=((OTHER,), (InstanceIdentifier(REGISTRY),)))
    assert found(several, FIELD) == set()


@pytest.mark.parametrize("text", ["19801301", "yesterday", "1980-02-29", ""])
def test_no_birth_date(text: str) -> None:
    assert birth_date(text) is None


def test_the_case_tells_each_id_once() -> None:
    item = feed(MERGE, prior_ids=(patient_id("P2"), patient_id("P2")))
    assert FeedCase(item, STRICT).subsumed_ids == (patient_id("P2"),)
    assert found(item) == set()
