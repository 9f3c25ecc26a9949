"""What a submission tells of its patient."""

from hypothesis import given
from hypothesis import strategies as st

from xds.content import pid_5
from xds.model import PatientName, PatientRecord, read_name, record_of_source


def test_all_that_source_patient_info_tells() -> None:
    record = record_of_source(
        "P1^^^&2.999.1.1&ISO",
        "M1^^^LAKE&2.999.18.1&ISO",
        (
            "PID-3|M1^^^&2.999.18.1&ISO~H9^^^&2.999.59&ISO",
            "PID-5|Roy^Ève^Anne Marie^Jr^Dr~Alias",
            "PID-7|1971",
            "PID-8|F",
        ),
    )
    assert record == PatientRecord(
        identifiers=("P1^^^&2.999.1.1&ISO", "M1^^^&2.999.18.1&ISO", "H9^^^&2.999.59&ISO"),
        name=PatientName(family="Roy", given=("Ève", "Anne", "Marie"), prefix="Dr", suffix="Jr"),
        birth_date="1971",
        sex="F",
    )


def test_nothing_told() -> None:
    record = record_of_source("P1^^^&2.999.1.1&ISO", None, ())
    assert record == PatientRecord(identifiers=("P1^^^&2.999.1.1&ISO",))
    assert not record.says_something


_PART = (
    st.text(st.sampled_from("aé|^&~\\FST -'"), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


@given(family=_PART, given=_PART.map(lambda text: text.replace(" ", "")).filter(bool))
def test_a_name_comes_back(family: str, given: str) -> None:
    value = pid_5(family, (given,)).removeprefix("PID-5|")
    assert read_name(value) == PatientName(family=family, given=(given,))
