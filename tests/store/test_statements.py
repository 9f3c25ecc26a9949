"""The statements: each is PostgreSQL's, has a name of its own, and is used."""

import re
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from xds.store.statements import statements

PACKAGE = Path(__file__).parents[2] / "xds" / "store"
GROUPS = sorted(path.stem for path in (PACKAGE / "sql").glob("*.sql"))
FILTERED = {
    "find_documents": "newest_first",
    "find_documents_of_anyone": "some_of_anyone",
    "find_submission_sets": "newest_first",
    "find_folders": "newest_first",
    "find_patients": "limited",
    "touching": "some",
    "memberships": "some",
    "by_id": "some",
}
"""The statements that filters are added to, and what ends each."""


def numbered(statement: str) -> str:
    """As PostgreSQL numbers parameters; types are its own to find, as for `Connection.run`."""
    names: dict[str, int] = {}
    return re.sub(
        r"%\(([a-z_0-9]+)\)s", lambda match: f"${names.setdefault(match[1], len(names) + 1)}", statement
    )


def complete() -> Iterator[tuple[str, str]]:
    """Each statement by its name; filters as parts of those that they filter."""
    for group in GROUPS:
        found = statements(group)
        filters = {name: text for name, text in found.items() if name.startswith("filter_")}
        for name in sorted(found.keys() & FILTERED.keys()):
            begin, end = found[name], found[FILTERED[name]]
            yield f"{group}.{name}", f"{begin} {end}"
            yield f"{group}.{name}+all", " ".join((begin, *filters.values(), end))
            for each, text in filters.items():
                yield f"{group}.{name}+{each}", f"{begin} {text} {end}"
        for name in sorted(found.keys() - FILTERED.keys() - set(FILTERED.values()) - filters.keys()):
            yield f"{group}.{name}", found[name]


@pytest.fixture(scope="module")
def connection(new_database: object) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(new_database(), autocommit=True) as opened:  # type: ignore[operator]
        yield opened


@pytest.mark.parametrize(("name", "statement"), [pytest.param(*item, id=item[0]) for item in complete()])
def test_postgresql_takes_it(
    connection: psycopg.Connection[tuple[object, ...]], name: str, statement: str
) -> None:
    connection.execute(f"PREPARE tried AS {numbered(statement)}".encode())
    (types,) = connection.execute(
        "SELECT parameter_types::text FROM pg_prepared_statements WHERE name = 'tried'"
    ).fetchone() or ("",)
    connection.execute("DEALLOCATE tried")
    assert "unknown" not in str(types)


@pytest.mark.parametrize("group", GROUPS)
def test_names_are_unique_and_nothing_stands_before_the_first(group: str) -> None:
    text = files("xds.store").joinpath("sql", f"{group}.sql").read_text("utf-8")
    names = re.findall(r"^-- ([a-z][a-z0-9_]*): ", text, re.MULTILINE)
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert list(statements(group)) == names
    assert text.startswith("-- ")
    assert text.count(";\n") + text.count(";  ") >= len(names)
    for name, statement in statements(group).items():
        assert statement, name
        assert ";" not in statement, name


def test_each_is_used_and_each_that_is_used_is_there() -> None:
    known = {(group, name) for group in GROUPS for name in statements(group)}
    used: set[tuple[str, str]] = set()
    for path in PACKAGE.glob("*.py"):
        source = path.read_text("utf-8")
        if "Filtered(_SQL[" in source:  # it takes the filters by their names
            filters = (PACKAGE / "reading.py").read_text("utf-8").partition("class Filtered")[2]
            source += filters.replace("self._filters[", "_SQL[")
        bound = re.findall(r'^_SQL = statements\("(\w+)"\)$', source, re.MULTILINE)
        used |= {(group, name) for group in bound for name in re.findall(r'_SQL\["(\w+)"\]', source)}
        used |= set(re.findall(r'statements\("(\w+)"\)\["(\w+)"\]', source))
        # Names that are chosen by a variable: they stand as whole words of their own in the source.
        chosen = [group for group in bound if re.search(r'_SQL\[(?!")', source)]
        for group in chosen:
            words = set(re.findall(r'"(\w+)"', source))
            prefixes = tuple(re.findall(r'_SQL\[f"(\w+)\{', source))
            for name in statements(group):
                rest = next((name.removeprefix(p) for p in prefixes if name.startswith(p)), None)
                if name in words or (rest is not None and is_named(rest, source)):
                    used.add((group, name))
    assert used - known == set()
    assert known - used == set()


def is_named(rest: str, source: str) -> bool:
    """Whether the part of a name that a variable gives stands in the source, whole or as `start`, `stop`."""
    if f'"{rest}"' in source:
        return True
    stem, _, end = rest.rpartition("_")
    return f'"{stem}"' in source and f'}}_{end}"' in source
