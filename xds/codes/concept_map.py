"""The domain's concept map: what hospitals' own procedure codes mean (typeCode, modality, region), from a TOML file."""

import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from xds.model import Code, CodeKey, LocalizedString, MappedProcedure
from xds.settings import SettingsError

_KEYS: Final = frozenset({"type", "modality", "region", "display"})


class _Wrong(Exception):
    """What a row may not say."""


class ConceptMap:
    """Rows by (code, scheme); what it is asked for and does not have, it counts."""

    def __init__(self, rows: Mapping[CodeKey, MappedProcedure]) -> None:
        self._rows = dict(rows)
        self._unmapped: Counter[CodeKey] = Counter()

    def __len__(self) -> int:
        return len(self._rows)

    def __call__(self, code: Code) -> MappedProcedure | None:
        """Return what a local code means; None where nobody mapped it."""
        found = self._rows.get(code.key)
        if found is None:
            self._unmapped[code.key] += 1
        return found

    def unmapped(self) -> list[tuple[CodeKey, int]]:
        """The codes that were asked for and are not mapped, the most frequent first."""
        return sorted(self._unmapped.items(), key=lambda row: (-row[1], row[0]))


def load_concept_map(path: Path) -> ConceptMap:
    """Read a concept map.

    A table for each coding scheme of the local codes, in it a line for each code; codes of the domain are written
    ``CODE^^SCHEME^Display``::

        ["2.999.23.1.102.1"]
        "1859" = { type = "24558-9^^2.16.840.1.113883.6.1^US Abdomen", modality = "US^^1.2.840.10008.2.16.4",
                   region = "113345001^^2.16.840.1.113883.6.96^Abdomen", display = "US abdomen" }

    Only ``type`` is needed.

    Raises
    ------
    SettingsError
        The file cannot be read, or says something that it may not.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the concept map {path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the concept map {path} is not valid TOML: {error}") from None
    rows: dict[CodeKey, MappedProcedure] = {}
    for scheme, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(
                f'{path}: {scheme} is no table; write ["OID of the coding scheme"] above its codes'
            )
        for code, row in table.items():
            try:
                rows[(code, scheme)] = _row(row)
            except _Wrong as error:
                raise SettingsError(f'{path}: "{code}" of {scheme}: {error}') from None
    return ConceptMap(rows)


def _row(row: Any) -> MappedProcedure:
    if not isinstance(row, dict) or not isinstance(row.get("type"), str):
        raise _Wrong('write { type = "CODE^^SCHEME^Display" }, and modality, region and display where known')
    if unknown := sorted(set(row) - _KEYS):
        raise _Wrong(f"{unknown[0]} is not known here; known are {', '.join(sorted(_KEYS))}")
    if not all(isinstance(value, str) for value in row.values()):
        raise _Wrong("every value is a text")
    return MappedProcedure(
        type_code=_code(row["type"]),
        modality=_code(row["modality"]) if "modality" in row else None,
        region=_code(row["region"]) if "region" in row else None,
        display=row.get("display", ""),
    )


def _code(text: str) -> Code:
    code, empty, scheme, display, *more = (*text.split("^"), "", "", "")[:5]
    if not code or empty or not scheme or any(more):
        raise _Wrong(f"{text!r} is not a code; write CODE^^SCHEME or CODE^^SCHEME^Display")
    return Code(code=code, scheme=scheme, display=(LocalizedString(value=display or code),))
