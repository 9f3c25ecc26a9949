"""Code lists from a file: in our TOML one table per attribute and one key per coding scheme, or codes.xml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from xds.codes import toolkit
from xds.model import CodeKey
from xds.settings import SettingsError

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
    "associationDocumentation",
)
"""Coded attributes as the standard spells them (ITI TF-3 4.2.3, 4.2.2.2)."""
MIME_TYPE: Final = "mimeType"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeLists:
    """What a domain's file says; an attribute that it does not name takes any code."""

    codes: Mapping[str, frozenset[CodeKey]]  # attribute → (code, codingScheme)
    mime_types: frozenset[str] | None = None  # lower case; None takes any
    displays: Mapping[CodeKey, str] = field(
        default_factory=dict
    )  # for readers: nothing is compared with them
    assigning_authorities: tuple[str, ...] = ()  # OIDs that a codes.xml names; told, not enforced
    left_out: tuple[str, ...] = ()  # what of a codes.xml no metadata could match, with the reason

    @property
    def size(self) -> int:
        """How many codes and media types there are."""
        return sum(map(len, self.codes.values())) + len(self.mime_types or ())


def load_codes(path: Path) -> CodeLists:
    """Read a file of code lists, in either form; it is XML if it begins with ``<``.

    In TOML ``[classCode]`` holds lines ``"1.3.6.1.4.1.19376.1.2.6.1" = ["REPORTS", "IMAGES"]``: the coding scheme
    and its codes. ``mimeType = ["text/xml", "application/pdf"]`` stands at the top.

    Raises
    ------
    SettingsError
        The file cannot be read, or says something that it may not.
    """
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"the code lists {path} cannot be read ({error.strerror})") from None
    try:
        if octets.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return _from_toolkit(octets)
        return _from_toml(tomllib.loads(octets.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the code lists {path} are not valid TOML: {error}") from None
    except toolkit.WrongCodes as error:
        raise SettingsError(f"the code lists {path}: {error}") from None


def _from_toolkit(octets: bytes) -> CodeLists:
    read = toolkit.read(octets)
    listed = {name: read.codes[name] for name in ATTRIBUTES if name in read.codes}
    mime_types = read.codes.get(MIME_TYPE)
    return CodeLists(
        codes={name: frozenset(found) for name, found in listed.items()},
        mime_types=None if mime_types is None else frozenset(code.lower() for code, _ in mime_types),
        displays={key: display for found in listed.values() for key, display in found.items() if display},
        assigning_authorities=read.assigning_authorities,
        left_out=(
            *read.left_out,
            *(
                f"{name}, which is no coded attribute"
                for name in read.codes
                if name not in (*ATTRIBUTES, MIME_TYPE)
            ),
        ),
    )


def _from_toml(table: dict[str, Any]) -> CodeLists:
    mime_types = table.pop(MIME_TYPE, None)
    codes = {name: _codes(name, value) for name, value in table.items()}
    if mime_types is None:
        return CodeLists(codes=codes)
    return CodeLists(codes=codes, mime_types=frozenset(x.lower() for x in _texts(MIME_TYPE, mime_types)))


def _codes(name: str, value: Any) -> frozenset[CodeKey]:
    if name not in ATTRIBUTES:
        near = get_close_matches(name, (*ATTRIBUTES, MIME_TYPE), 1)
        hint = f"; did you mean {near[0]}?" if near else f"; the attributes are {', '.join(ATTRIBUTES)}"
        raise toolkit.WrongCodes(f"there is no coded attribute {name}{hint}")
    if not isinstance(value, dict):
        raise toolkit.WrongCodes(f"{name} is a table of coding schemes, each with its codes")
    return frozenset((code, scheme) for scheme, codes in value.items() for code in _texts(name, codes))


def _texts(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise toolkit.WrongCodes(f'{name} needs a list of texts, as in ["REPORTS"]')
    return value
