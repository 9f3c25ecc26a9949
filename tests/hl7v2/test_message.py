"""HL7 v2 messages read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.feeds.messages import adt, msh
from xds.hl7v2.message import Message, UnreadableMessage, read, read_header


def pid_5(message: Message) -> str:
    return message.all("PID")[0].text(5, 2)


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_with_cr_lf_or_both(end: str) -> None:
    message = read(adt(end=end).encode())
    assert [item.name for item in message.segments] == ["MSH", "EVN", "PID", "PV1"]
    assert message.event == "A04"
    assert pid_5(message) == "Amélie"


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("UNICODE UTF-8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("8859/1", "latin-1"),
        ("8859/15", "iso8859-15"),
        ("8859/1~UNICODE UTF-8", "latin-1"),
        ("", "utf-8"),
        ("", "latin-1"),
        ("ASCII", "latin-1"),
    ],
)
def test_the_character_set_of_msh_18(declared: str, encoding: str) -> None:
    message = read(adt(header=msh("A04", charset=declared)).encode(encoding))
    assert pid_5(message) == "Amélie"


def test_a_character_set_that_is_not_known() -> None:
    with pytest.raises(UnreadableMessage) as caught:
        read(adt(header=msh("A04", charset="GB 18030-2000")).encode())
    assert (caught.value.code, caught.value.location, caught.value.is_rejected) == (103, "MSH^1^18", True)


def test_octets_that_are_not_of_the_character_set() -> None:
    with pytest.raises(UnreadableMessage) as caught:
        read(adt().encode("latin-1"))
    assert (caught.value.code, caught.value.location, caught.value.is_rejected) == (102, "MSH^1^18", False)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\r\r",
        b"PID|||1",
        b"MSH",
        b"MSH|^~\\",
        b"MSH|^^\\&|A",
        b"MSHA^~\\&AA",
        b"FHS|^~\\&|A\rBHS|^~\\&|A",
        b"<PRPA_IN201301UV02/>",
    ],
)
def test_what_is_no_message(octets: bytes) -> None:
    with pytest.raises(UnreadableMessage) as caught:
        read(octets)
    assert (caught.value.code, caught.value.is_rejected) == (100, True)


def test_a_segment_without_a_name() -> None:
    with pytest.raises(UnreadableMessage) as caught:
        read(adt().replace("EVN|", "Evn|").encode())
    assert caught.value.code == 100
    assert "segment 2" in caught.value.text


def test_other_separators() -> None:
    header = msh("A04").replace("|", "#").replace("^~\\&", "@!%$").replace("ADT^A04", "ADT@A04")
    message = read((header + "\rPID###1@@@$2.999.1$ISO!2@@@X##O%T%Neil@Ann\r").encode())
    pid = message.all("PID")[0]
    assert message.event == "A04"
    assert [value.component(1).text for value in pid.values(3)] == ["1", "2"]
    assert pid.values(3)[0].component(4).subcomponents == ("", "2.999.1", "ISO")
    assert pid.text(5) == "O$Neil"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"\X41C9\x", "AÉx"),
        (r"a\.br\b", "a b"),
        (r"\H\bold\N\ ", "bold"),
        ("a\\", "a\\"),
        ("\\Zunknown\\", "\\Zunknown\\"),
        ("\\" * 5, "\\" * 5),
        (r"\F", "\\F"),
        (r"\X4\\", r"\X4\\"),
    ],
)
def test_escape_sequences(written: str, meant: str) -> None:
    message = read(f"{msh('A04')}\rPID|||||{written}\r".encode())
    assert message.all("PID")[0].text(5) == meant


def test_a_flood_of_escapes_is_read_in_time() -> None:
    message = read(f"{msh('A04')}\rPID|||||{chr(92) * 900_000}\r".encode())
    assert len(message.all("PID")[0].text(5)) == 900_000


def test_fields_that_are_not_there() -> None:
    pid = read(f"{msh('A04')}\rPID|1||~~1".encode()).all("PID")[0]
    assert (pid.raw(9), pid.values(9), pid.text(9), pid.text(3, 7)) == ("", [], "", "")
    assert [value.component(1).text for value in pid.values(3)] == ["1"]


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for tried in (octets, b"MSH|^~\\&|" + octets):
        read_header(tried)
        try:
            read(tried)
        except UnreadableMessage as error:
            assert error.text


_TEXTS = st.text(st.characters(exclude_characters="\r\n\0\v\x1c\\", exclude_categories=["Cs"])).map(str.strip)


@given(_TEXTS)
def test_an_escaped_text_comes_back(text: str) -> None:
    escaped = text
    for mark, letter in (("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        escaped = escaped.replace(mark, f"\\{letter}\\")
    assert read(f"{msh('A04')}\rPID|||||{escaped}\r".encode()).all("PID")[0].text(5) == text.strip()
