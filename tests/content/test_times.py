"""TS to DTM and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.content.times import dtm_of, ts_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20240311153000+0000", "20240311153000"),
        ("20240311153000.123-0500", "20240311203000"),
        ("2024031115-0500", "2024031120"),
        ("20240311-0500", "20240311"),
        ("2024", "2024"),
        ("20240230", None),
        ("2024031125", None),
        ("20240311153000-9900", None),
        ("00010101000000+0100", None),
        ("", None),
    ],
)
def test_dtm_of(text: str, expected: str | None) -> None:
    assert dtm_of(text) == expected


@given(st.datetimes(), st.sampled_from((4, 6, 8, 10, 12, 14)))
def test_there_and_back(moment: object, digits: int) -> None:
    dtm = f"{moment:%Y%m%d%H%M%S}".zfill(14)[:digits]
    assert dtm_of(ts_of(dtm)) == dtm
