"""The concept map: local procedure codes."""

from pathlib import Path

import pytest

from xds.codes import load_concept_map
from xds.model import Code
from xds.settings import SettingsError

VALID = """
["2.999.23.1.102.1"]
"1859" = { type = "24558-9^^2.16.840.1.113883.6.1^US Abdomen", modality = "US^^1.2.840.10008.2.16.4", display = "US" }
"1860" = { type = "24627-2^^2.16.840.1.113883.6.1", region = "51185008^^2.16.840.1.113883.6.96^Chest" }
"""


def asked(code: str) -> Code:
    return Code(code=code, scheme="2.999.23.1.102.1", display=())


def test_rows_and_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "concepts.toml"
    path.write_text(VALID, "utf-8")
    concepts = load_concept_map(path)
    assert len(concepts) == 2
    found = concepts(asked("1859"))
    assert found is not None
    assert found.type_code.key == ("24558-9", "2.16.840.1.113883.6.1")
    assert found.modality is not None
    assert (found.modality.code, found.region, found.display) == ("US", None, "US")
    for code in ("9", "7", "9", "1860"):
        concepts(asked(code))
    assert concepts.unmapped() == [(("9", "2.999.23.1.102.1"), 2), (("7", "2.999.23.1.102.1"), 1)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = ", "is not valid TOML"),
        ('"2.999" = 1', "2.999 is no table"),
        ('["2.999"]\n1 = "x"', '"1" of 2.999: write'),
        ('["2.999"]\n1 = { modality = "x" }', "write { type"),
        ('["2.999"]\n1 = { type = "24558-9" }', "'24558-9' is not a code"),
        ('["2.999"]\n1 = { type = "1^^2.999", typ = "2" }', "typ is not known"),
        ('["2.999"]\n1 = { type = "1^^2.999", region = 3 }', "every value is a text"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "concepts.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=says):
        load_concept_map(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_concept_map(tmp_path / "none.toml")
