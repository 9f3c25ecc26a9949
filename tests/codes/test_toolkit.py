"""A test tool's codes.xml: each is the valid sample with one thing changed."""

from pathlib import Path

import pytest

from xds.codes import CodeLists, load_codes
from xds.settings import SettingsError

SAMPLE = Path(__file__).parents[1] / "samples" / "codes.xml"
CLASSES = "1.3.6.1.4.1.19376.1.2.6.1"
OTHER = "somethingElse, which is no coded attribute"
LOINC = "2.16.840.1.113883.6.1"


def changed(tmp_path: Path, old: str, new: str) -> Path:
    text = SAMPLE.read_text("utf-8")
    assert old in text
    path = tmp_path / "codes.xml"
    path.write_text(text.replace(old, new), "utf-8")
    return path


def test_the_sample_is_read() -> None:
    assert load_codes(SAMPLE) == CodeLists(
        codes={
            "contentTypeCode": frozenset({("REPORTS", CLASSES), ("18748-4", LOINC)}),
            "classCode": frozenset(
                {("REPORTS", CLASSES), ("IMAGES", CLASSES), ("REPORTS", "Fabricated classCodes")}
            ),
            "codeList": frozenset({("EPISODE", "2.999.5.1")}),
            "associationDocumentation": frozenset({("CORRECTION", "2.999.5.2")}),
        },
        mime_types=frozenset({"text/xml", "application/pdf"}),
        displays={
            ("REPORTS", CLASSES): "Reports",
            ("18748-4", LOINC): "Diagnostic imaging study",
            ("IMAGES", CLASSES): "Images",
            ("REPORTS", "Fabricated classCodes"): 'Reports "of old"',
            ("EPISODE", "2.999.5.1"): "Épisode",
            ("CORRECTION", "2.999.5.2"): "Correction",
        },
        assigning_authorities=("2.999.1.1", "2.999.1.2"),
        left_out=(OTHER,),
    )


def test_the_scheme_of_a_type_says_what_it_is_whatever_its_name(tmp_path: Path) -> None:
    lists = load_codes(changed(tmp_path, 'name="classCode"', 'name="documentClass"'))
    assert lists == load_codes(SAMPLE)
    lists = load_codes(changed(tmp_path, ' classScheme="urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"', ""))
    assert lists == load_codes(SAMPLE)


def test_a_namespace_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    assert load_codes(changed(tmp_path, "<Codes>", '<Codes xmlns="urn:any">')) == load_codes(SAMPLE)
    path = tmp_path / "codes.xml"
    path.write_bytes(b"\xef\xbb\xbf" + SAMPLE.read_bytes())
    assert load_codes(path) == load_codes(SAMPLE)


def test_a_type_without_codes_takes_none(tmp_path: Path) -> None:
    path = changed(tmp_path, '<Code code="EPISODE" display="Épisode" codingScheme="2.999.5.1"/>', "")
    assert load_codes(path).codes["codeList"] == frozenset()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('code="EPISODE" ', "", "a Code of codeList in line 15, which has no code"),
        (' codingScheme="2.999.5.1"', "", "a Code of codeList in line 15, which has no codingScheme"),
    ],
)
def test_a_code_that_nothing_could_match_is_left_out_and_told(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    lists = load_codes(changed(tmp_path, old, new))
    assert lists.left_out == (told, OTHER)
    assert lists.codes == {**load_codes(SAMPLE).codes, "codeList": frozenset()}


def test_a_type_that_says_not_what_it_is_of_is_left_out_and_told(tmp_path: Path) -> None:
    lists = load_codes(changed(tmp_path, 'name="somethingElse"', ""))
    assert lists.left_out == ("the CodeType in line 20, which has neither name nor classScheme",)
    assert lists.codes == load_codes(SAMPLE).codes


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("CodeType", "List", "the XML has no CodeType in its Codes; a codes.xml was expected"),
        ("</Codes>", "", "not well-formed XML"),
        ("<Codes>", "<!DOCTYPE Codes><Codes>", "a DOCTYPE is not allowed"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_codes(changed(tmp_path, old, new))
    assert told in str(caught.value)
    assert "codes.xml" in str(caught.value)
