"""The seed's merges are messages that no rule finds anything wrong with."""

from dataclasses import replace

from xds.model import InstanceIdentifier
from xds.rules import RulePolicy, check_patient_feed
from xds.sandbox import PATIENTS, seed_merges


def test_each_former_id_is_merged() -> None:
    merges = list(seed_merges())
    pairs = {
        (str(item.prior_ids[0].as_patient_id()), str(item.patient_ids[0].as_patient_id())) for item in merges
    }
    assert pairs == {
        (patient.former_patient_id, patient.patient_id) for patient in PATIENTS if patient.former_patient_id
    }
    for message in merges:
        sent = replace(
            message, message_id=InstanceIdentifier("2.999.1", "1"), creation_time="20240311"
        )  # by the client
        assert list(check_patient_feed(sent, RulePolicy(strictness="strict"))) == []
