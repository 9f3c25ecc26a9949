"""The code lists of an affinity domain, from a TOML file: one table per attribute, one key per coding scheme."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from xds.settings.checks import SettingsError

ATTRIBUTES: Final = (
    "classCode",
    "typeCode",
    "formatCode",
    "healthcareFacilityTypeCode",
    "practiceSettingCode",
    "confidentialityCode",
    "eventCodeList",
    "contentTypeCode",
    "codeList",
)
"""Coded attributes as the standard spells them (ITI TF-3 4.2.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLists:
    """What a domain's file says; an attribute that it does not name takes any code."""

    codes: Mapping[str, frozenset[tuple[str, str]]]  # attribute → (code, codingScheme)
    mime_types: frozenset[str] | None  # lower case; None takes any


def load_codes(path: Path) -> CodeLists:
    """Read a file of code lists.

    ``[classCode]`` holds lines ``"1.3.6.1.4.1.19376.1.2.6.1" = ["REPORTS", "IMAGES"]``: the coding scheme and its
    codes. ``mimeType = ["text/xml", "application/pdf"]`` stands at the top.

    Raises
    ------
    SettingsError
        The file cannot be read, or says something that it may not.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the code lists {path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the code lists {path} are not valid TOML: {error}") from None
    mime_types = table.pop("mimeType", None)
    codes = {name: _codes(path, name, value) for name, value in table.items()}
    if mime_types is None:
        return CodeLists(codes=codes, mime_types=None)
    return CodeLists(
        codes=codes, mime_types=frozenset(x.lower() for x in _texts(path, "mimeType", mime_types))
    )


def _codes(path: Path, name: str, value: Any) -> frozenset[tuple[str, str]]:
    if name not in ATTRIBUTES:
        near = get_close_matches(name, (*ATTRIBUTES, "mimeType"), 1)
        hint = f"; did you mean {near[0]}?" if near else f"; the attributes are {', '.join(ATTRIBUTES)}"
        raise SettingsError(f"the code lists {path}: there is no coded attribute {name}{hint}")
    if not isinstance(value, dict):
        raise SettingsError(
            f"the code lists {path}: {name} is a table of coding schemes, each with its codes"
        )
    return frozenset((code, scheme) for scheme, codes in value.items() for code in _texts(path, name, codes))


def _texts(path: Path, name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise SettingsError(f'the code lists {path}: {name} needs a list of texts, as in ["REPORTS"]')
    return value
