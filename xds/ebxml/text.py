"""Text into XML: the escapes, and the sentinels that stand for what can change after registration.

A stored fragment holds a sentinel, a byte that XML 1.0 forbids in any document, wherever deprecation,
merge, folder update or a changed homeCommunityId would otherwise rewrite it; `xds.ebxml.stored` puts the value in
when the object is sent.
"""

import re
from typing import Final

STATUS: Final = "\x01"
PATIENT_ID: Final = "\x02"
HOME: Final = "\x03"
LAST_UPDATE_TIME: Final = "\x04"

_SPECIAL = re.compile('[&<>"\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]')
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ESCAPES = {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    # Attribute values are normalized by every reader: only a reference keeps a line end or a tab.
    ord("\n"): "&#10;",
    ord("\r"): "&#13;",
    ord("\t"): "&#9;",
}


def escape(text: str) -> str:
    """Return `text` ready to stand in an attribute or an element.

    Raises
    ------
    ValueError
        If `text` holds a character that no XML 1.0 document can carry.
    """
    if _SPECIAL.search(text) is None:
        return text
    if (bad := _FORBIDDEN.search(text)) is not None:
        raise ValueError(f"U+{ord(bad.group()):04X} cannot be written in XML 1.0")
    return text.translate(_ESCAPES)


def home_attribute(home_community_id: str | None) -> str:
    """Return `` home="…"`` with its leading space, or nothing."""
    return "" if home_community_id is None else f' home="{escape(home_community_id)}"'


def last_update_slot(last_update_time: str | None) -> str:
    """Return the Slot lastUpdateTime of a Folder, or nothing (ITI TF-3 4.2.3.4.6)."""
    if last_update_time is None:
        return ""
    return (
        '<rim:Slot name="lastUpdateTime"><rim:ValueList><rim:Value>'
        f"{escape(last_update_time)}</rim:Value></rim:ValueList></rim:Slot>"
    )
