"""Messages of a file."""

import pytest

from tests.source.oru import oru
from xds.hl7v2 import read
from xds.source.folder import messages_of

ONE, TWO = oru(control_id="1"), oru(control_id="2", end="\n")


@pytest.mark.parametrize(
    "octets",
    [
        ONE + TWO,
        b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r",
        b"FHS|^~\\&|\rBHS|^~\\&|\r" + ONE + TWO + b"BTS|2\rFTS|1\r",
        b"\r\n\r\n" + ONE + b"\r\n\r\n" + TWO,
    ],
)
def test_several_messages(octets: bytes) -> None:
    found = [read(item) for item in messages_of(octets)]
    assert [item.header.text(10) for item in found] == ["1", "2"]
    assert [len(item.segments) for item in found] == [len(read(ONE).segments), len(read(TWO).segments)]


def test_no_message() -> None:
    assert list(messages_of(b"notes")) == []
