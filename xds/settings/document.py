"""Writes docs/settings.md from the settings' own classes and comments.

``python -m xds.settings.document > docs/settings.md``
"""

import ast
import inspect
import io
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast, get_args, get_origin, get_type_hints

from xds.settings.limits import GIB, KIB, MIB, Limits
from xds.settings.load import DATABASE_VARIABLE, expected
from xds.settings.model import Settings

_NOT_IN_A_FILE: Final = "lite"

_HEAD: Final = f"""\
# Settings

<!-- Made by `python -m xds.settings.document`; a test keeps it true. Change the comments in xds/settings/. -->

`xds serve --config xds.toml` reads one [TOML](https://toml.io) file. Every key may be left out. A key that does
not exist, a value of another type, a value out of its range and settings that contradict each other are refused
at the start, in one sentence that names the key (and the nearest one that exists). Relative paths start at the
folder of the file. Files to begin with are in `deploy/`.

One setting may come from the environment: `{DATABASE_VARIABLE}` overrides `store.dsn`. A settings file that holds
a password must belong to root or to the service's user, and nobody else may read it. Sizes are in octets.

`xds serve --lite` reads no file: it is these defaults with `registry.unknown_patients = "accept"`, the rate limits
(`limits.requests_per_second`, `limits.in_flight_per_peer`) off, and `log.form = "text"` into `xds.log` in its
data folder.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One key of the page."""

    key: str  # with its dots
    type: str
    default: str
    meaning: str
    beyond: str  # the answer when a limit is exceeded


def rows(kind: type[Any], prefix: str = "") -> list[Row]:
    """Return the rows of one class of settings, without those of its tables."""
    hints, comments, read = get_type_hints(kind), _comments(kind), _attributes_read()
    defaults = kind()
    found = []
    for item in fields(kind):
        if table_of(hints[item.name]) is not None or item.name == _NOT_IN_A_FILE:
            continue
        meaning, beyond = comments.get(item.name, ""), ""
        if kind is Limits:
            meaning, _, beyond = meaning.rpartition(": ")
        found.append(
            Row(
                key=prefix + item.name,
                type=expected(hints[item.name]).removeprefix("a "),
                default=_default(getattr(defaults, item.name)),
                meaning=meaning + ("" if item.name in read else " **(not in force yet)**"),
                beyond=beyond,
            )
        )
    return found


def table_of(hint: Any) -> type[Any] | None:
    """Return the class of a section's table, or of each of its tables; None for a single key."""
    if get_origin(hint) is tuple:
        hint = get_args(hint)[0]
    return cast(type[Any], hint) if is_dataclass(hint) else None


def page() -> str:
    """Return the whole of docs/settings.md."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    yield "## At the top of the file\n"
    yield from _table(rows(Settings))
    for item in fields(Settings):
        hint = get_type_hints(Settings)[item.name]
        kind = table_of(hint)
        if kind is not None:
            yield from _section(item.name, hint, kind)
    yield ""


def _section(name: str, hint: Any, kind: type[Any]) -> Iterator[str]:
    """A table of the file, and the tables within it."""
    heading = f"[{name}]" if kind is hint else f"[[{name}]]"
    yield f"\n## `{heading}`\n"
    yield f"{_title(inspect.getdoc(kind) or '', heading)}\n"
    yield from _table(rows(kind, f"{name}."))
    for item in fields(kind):
        within = get_type_hints(kind)[item.name]
        if (inner := table_of(within)) is not None:
            yield from _section(f"{name}.{item.name}", within, inner)


def _table(lines: list[Row]) -> Iterator[str]:
    limits = any(line.beyond for line in lines)
    yield "| key | type | default | meaning |" + (" beyond it |" if limits else "")
    yield "|---|---|---|---|" + ("---|" if limits else "")
    for line in lines:
        cells = [f"`{line.key}`", line.type, line.default, line.meaning, *([line.beyond] if limits else [])]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _title(doc: str, heading: str) -> str:
    """Return what the class says of itself without the name of its section, which stands above it."""
    text = doc.removeprefix(f"``{heading}``: ").replace("``", "`")
    return text[0].upper() + text[1:]


def _default(value: object) -> str:
    if value is None or value == {}:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return f"`{value}`{_in_units(value)}"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{each}"' for each in value) + "]`"
    return f'`"{value}"`'


def _in_units(value: int) -> str:
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if value >= unit and value % unit == 0:
            return f" ({value // unit} {name})"
    return ""


def _comments(kind: type[Any]) -> dict[str, str]:
    """Return the comment beside each field of a class, read from its source."""
    source = inspect.getsource(kind)
    beside: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            beside[token.start[0]] = token.string.removeprefix("#").strip()
    found = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
            found[node.target.id] = " ".join(beside[line] for line in lines if line in beside)
    return found


@cache
def _attributes_read() -> frozenset[str]:
    """Return the names of all attributes that the package reads outside the settings: what is set must be used."""
    package, own = Path(__file__).parent.parent, Path(__file__).parent
    modules = [path for path in package.rglob("*.py") if path.parent != own]
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in modules)
    return frozenset(
        node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    )


if __name__ == "__main__":
    sys.stdout.write(page())
