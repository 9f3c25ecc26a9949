"""The seed's directives name patients and documents of the seed."""

from xds.access import DirectiveKind
from xds.sandbox import PATIENTS, SeedSubmission, seed_directives


def test_they_name_what_is_there(seed: tuple[SeedSubmission, ...]) -> None:
    entries = [entry for item in seed for entry in item.submission.document_entries]
    for item in seed_directives():
        assert item.patient_id in {patient.patient_id for patient in PATIENTS}
        mine = {entry.unique_id for entry in entries if entry.patient_id == item.patient_id}
        assert mine
        if item.kind is DirectiveKind.RECORD:
            assert item.target in mine
            assert len(mine) > 1
    assert [item.kind.value for item in seed_directives()] == ["domain", "record", "hic-agent"]
