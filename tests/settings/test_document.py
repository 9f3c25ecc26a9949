"""docs/settings.md is what the settings' classes and comments say."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from xds.settings import Limits, Settings
from xds.settings.document import page, rows, table_of

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"
CLASSES: list[type[Any]] = [
    Settings,
    *(kind for hint in get_type_hints(Settings).values() if (kind := table_of(hint)) is not None),
]


def test_the_page_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "run python -m xds.settings.document > docs/settings.md"
    )


def leaves(kind: type[Any], prefix: str) -> Iterator[str]:
    """The keys of a table and of the tables within it."""
    for item in fields(kind):
        name = f"{prefix}.{item.name}"
        inner = table_of(get_type_hints(kind)[item.name])
        yield from [name] if inner is None else leaves(inner, name)


def test_every_key_is_on_the_page() -> None:
    text = page()
    for item in fields(Settings):
        kind = table_of(get_type_hints(Settings)[item.name])
        names = [item.name] if kind is None else list(leaves(kind, item.name))
        for name in names:
            assert (f"| `{name}` |" in text) is (name != "lite"), name


@pytest.mark.parametrize("kind", CLASSES)
def test_every_key_has_a_meaning(kind: type[Any]) -> None:
    assert [row.key for row in rows(kind) if not row.meaning] == []


def test_every_limit_has_an_answer() -> None:
    assert [row.key for row in rows(Limits) if not row.beyond] == []


def test_a_row() -> None:
    (row,) = (row for row in rows(Limits, "limits.") if row.key == "limits.request_bytes")
    assert (row.type, row.default) == ("whole number", "`536870912` (512 MiB)")
    assert (row.meaning, row.beyond) == ("whole HTTP body", "413, connection closed")
