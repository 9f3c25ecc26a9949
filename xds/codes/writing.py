"""Code lists as our TOML: a line for each code, its display name beside it."""

import json
from collections.abc import Iterator

from xds.codes.lists import ATTRIBUTES, MIME_TYPE, CodeLists

_HEAD = """\
# The code lists of an affinity domain: registry.codes_file in the settings, or xds serve --codes.
# A table for each attribute; each key is a coding scheme, with its codes. An attribute without a table takes any
# code. The service reads the file again when it changes. Display names are for you: nothing is compared with them.
"""


def as_toml(lists: CodeLists) -> str:
    """Write code lists so that `load_codes` reads them again."""
    return "\n".join(_lines(lists)) + "\n"


def _lines(lists: CodeLists) -> Iterator[str]:
    yield _HEAD
    if lists.assigning_authorities:
        yield "# Its assigning authorities are no part of this file; registry.patient_authority takes one of them:"
        yield from (f"#   {_comment(item)}" for item in lists.assigning_authorities)
        yield ""
    if lists.mime_types is not None:
        yield f"{MIME_TYPE} = ["
        yield from (f"    {_text(item)}," for item in sorted(lists.mime_types))
        yield "]"
    for attribute in ATTRIBUTES:
        if attribute in lists.codes:
            yield f"\n[{attribute}]"
            yield from _table(lists, attribute)


def _table(lists: CodeLists, attribute: str) -> Iterator[str]:
    codes = lists.codes[attribute]
    for scheme in sorted({scheme for _, scheme in codes}):
        yield f"{_text(scheme)} = ["
        for code in sorted(code for code, of in codes if of == scheme):
            display = lists.displays.get((code, scheme), "")
            yield f"    {_text(code)}," + (f"  # {_comment(display)}" if display else "")
        yield "]"


def _text(value: str) -> str:
    """A basic string of TOML: JSON's, where DEL is escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(value: str) -> str:
    return "".join(character if character.isprintable() else " " for character in value)
