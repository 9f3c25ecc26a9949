"""Fields of an ORU message as the feed takes them: nulls dropped, authorities resolved, printable characters only."""

import re
from collections.abc import Mapping
from typing import Final

from xds.hl7v2 import DELETED, Component, Segment, Value
from xds.model import PatientIdentifier, is_lenient_oid

_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]+")
"""What neither XML nor a line of a person's name may hold."""
_HEALTH_CARD: Final = re.compile(r"(\d{10})([A-Za-z]{1,2})?")
_SEPARATORS: Final = frozenset("^&~|")


def plain(text: str) -> str:
    """A text fit for the metadata; HL7's null ``""`` says nothing."""
    return "" if text == DELETED else " ".join(_UNFIT.sub(" ", text).split())


def said(segment: Segment, number: int, component: int = 1) -> str:
    """A component of a field's first repetition."""
    return plain(segment.text(number, component))


def oid_of(component: Component, known: Mapping[str, str]) -> str | None:
    """The OID that an HD or the like means: its own, else by a name of the settings.

    ``&OID&ISO``, ``NAME&OID&ISO``, ``ORGANIZATION&SYSTEM`` with two OIDs (the second counts), a bare OID, a name.
    """
    first, second = component.sub(1), component.sub(2)
    if is_lenient_oid(second):
        return second
    return first if is_lenient_oid(first) else known.get(first)


def patient_identifier(value: Value, known: Mapping[str, str]) -> PatientIdentifier | None:
    """A repetition of PID-3 with its authority's OID; None where none can be told.

    The authority stands in CX-4, or its name in CX-9 when that is empty.
    """
    number = plain(value.component(1).text)
    authority = oid_of(value.component(4), known) or oid_of(value.component(9), known)
    if not number or _SEPARATORS & set(number) or authority is None:
        return None
    if value.component(5).text.upper() == "JHN":
        number = health_card_number(number)
    return PatientIdentifier(number, authority)


def health_card_number(text: str) -> str:
    """The ten digits of a health card number: without the version code, spaces and dashes that senders write.

    >>> health_card_number("1192-571-546-CX"), health_card_number("A-17")
    ('1192571546', 'A-17')
    """
    match = _HEALTH_CARD.fullmatch(re.sub(r"[\s-]", "", text))
    return match[1] if match else text


def entity_identifier(segment: Segment, number: int, known: Mapping[str, str]) -> tuple[str, str | None]:
    """An EI: the id, and the OID of who gave it.

    ``id^namespace^OID^ISO`` of the standard, ``id^ORGANIZATION^SYSTEM`` with two OIDs (the second counts), and
    ``id^&OID&ISO``.
    """
    values = segment.values(number)
    if not values:
        return "", None
    value = values[0]
    identity = plain(value.component(1).text)
    if _SEPARATORS & set(identity):
        return "", None
    third = value.component(3).text
    return identity, third if is_lenient_oid(third) else oid_of(value.component(2), known)
