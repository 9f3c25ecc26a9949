"""Fragments as they are stored, and whole again with today's values when they are sent.

A DocumentEntry is stored without its frame: what every entry begins and ends with, and every value that can change
stands in it. Answers of many entries are then joined with a filled frame between them, in one copy, where values in the
midst would cost a search and a copy of the whole answer for each. Objects of the other kinds are stored whole, with
their sentinels, and so are entries of before there were frames.
"""

from collections.abc import Callable, Sequence
from typing import Final

from xds.ebxml.text import (
    HOME,
    LAST_UPDATE_TIME,
    PATIENT_ID,
    STATUS,
    escape,
    home_attribute,
    last_update_slot,
)

ENTRY_OPENS: Final = f'<rim:ExtrinsicObject status="{STATUS}"{HOME}'
ENTRY_CLOSES: Final = (
    f'{PATIENT_ID}"><rim:Name><rim:LocalizedString value="XDSDocumentEntry.patientId"/></rim:Name>'
    "</rim:ExternalIdentifier></rim:ExtrinsicObject>"
)
_WHOLE: Final = ord(
    "<"
)  # the first octet of a fragment that has its frame; without it, it begins with an attribute

Fill = Callable[[Sequence[bytes]], bytes]


def unframed(fragment: str) -> str:
    """Return an entry's fragment without its frame, or as it is when it has another one."""
    if fragment.startswith(ENTRY_OPENS) and fragment.endswith(ENTRY_CLOSES):
        return fragment[len(ENTRY_OPENS) : -len(ENTRY_CLOSES)]
    return fragment


def filler(
    *, status: str, patient_id: str, home: str | None = None, last_update_time: str | None = None
) -> Fill:
    """Return the function that makes stored fragments whole, with today's values in them, and joins them.

    The values are made ready once: most fragments of an answer take the same ones.
    """
    values = [
        (STATUS.encode(), status.encode()),
        (HOME.encode(), home_attribute(home).encode()),
        (LAST_UPDATE_TIME.encode(), last_update_slot(last_update_time).encode()),
        (PATIENT_ID.encode(), escape(patient_id).encode()),  # last: it is the sender's text
    ]

    def filled(fragment: bytes) -> bytes:
        for sentinel, value in values:
            fragment = fragment.replace(sentinel, value)
        return fragment

    opens, closes = filled(ENTRY_OPENS.encode()), filled(ENTRY_CLOSES.encode())
    between = closes + opens

    def fill(fragments: Sequence[bytes]) -> bytes:
        if _WHOLE in {fragment[0] for fragment in fragments}:
            return b"".join(
                [
                    filled(item if item[0] == _WHOLE else b"%b%b%b" % (opens, item, closes))
                    for item in fragments
                ]
            )
        parts = [between] * (2 * len(fragments) + 1)
        parts[0], parts[1::2], parts[-1] = opens, fragments, closes
        return b"".join(parts)

    return fill
