"""The code lists of an affinity domain: read, and refused with the nearest name."""

from pathlib import Path

import pytest

from xds.codes import load_codes
from xds.settings import SettingsError


def test_lists_are_read(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(
        'mimeType = ["Text/XML"]\n[classCode]\n"2.999.1" = ["A", "B"]\n"2.999.2" = ["A"]\n', "utf-8"
    )
    lists = load_codes(path)
    assert lists.codes == {"classCode": {("A", "2.999.1"), ("B", "2.999.1"), ("A", "2.999.2")}}
    assert lists.mime_types == frozenset({"text/xml"})


def test_what_is_not_named_takes_any(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text("", "utf-8")
    assert load_codes(path).mime_types is None


def test_the_shipped_example_loads() -> None:
    assert load_codes(Path(__file__).parents[2] / "deploy" / "codes.toml").codes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[classcode]\n", "did you mean classCode?"),
        ('classCode = ["A"]\n', "table of coding schemes"),
        ('[classCode]\n"2.999.1" = "A"\n', "list of texts"),
        ("= 1", "not valid TOML"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "codes.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=told):
        load_codes(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_codes(tmp_path / "nowhere.toml")
