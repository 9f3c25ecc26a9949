"""The settings of a feed: those of the docs are taken, wrong ones are refused with every reason."""

import re
from pathlib import Path

import pytest

from xds.settings import SettingsError
from xds.source import load_feed_settings

DOCS = (Path(__file__).parents[2] / "docs" / "feed.md").read_text("utf-8")
(EXAMPLE,) = re.findall(r"^```toml\n(.*?)^```$", DOCS, re.DOTALL | re.MULTILINE)


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "feed.toml"
    path.write_text(text, "utf-8")
    return load_feed_settings(path)


def test_the_example_of_the_docs_is_taken_and_names_every_setting(tmp_path: Path) -> None:
    settings = load(tmp_path, EXAMPLE)
    for part in (settings, settings.mllp, settings.senders[0]):  # type: ignore[attr-defined]
        for name in part.__struct_fields__:
            if name not in ("frame_bytes", "connections"):
                assert re.search(rf"^\[*{name}\b", EXAMPLE, re.MULTILINE), name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('source_id = "2.999.4.1"', 'source_id = "here"', "source_id must be an OID"),
        ('zone = "America/Toronto"', 'zone = "Ontario"', "no time zone"),
        ('CANON = "2.16.840.1.113883.4.59"', 'CANON = "x"', "authorities.CANON must be an OID"),
        ("status_port = 9180", "status_prot = 9180", "status_prot"),
        ("https://dics.example/dics/registry", "dics.example", "registry must be an address"),
        ('Z = "final"', 'Z = "finished"', "finished"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in EXAMPLE
    with pytest.raises(SettingsError, match=re.escape(said)):
        load(tmp_path, EXAMPLE.replace(old, new))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_feed_settings(tmp_path / "none.toml")
