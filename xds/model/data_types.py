"""The data types of the metadata: pure text in, parts or a verdict out (ITI TF-3 Table 4.2.3.1.7-2)."""

import re
import uuid
from dataclasses import dataclass

from xds.model.identifiers import OID_PREFIX, UUID_PREFIX

_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_OID_LENIENT = re.compile(r"[0-9]+(\.[0-9]+)+")
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]")
_CX = re.compile(r"(?P<id>[^\^|~]+)\^\^\^(?P<namespace>[^\^&|~]*)&(?P<oid>[0-9.]+)&ISO")
_DTM = re.compile(
    r"[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|1[0-9]|2[0-8]|(?P<late>29|30|31))"
    r"(?:(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:[0-5][0-9])?)?)?)?)?"
)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_EARLIEST = "00000101000000"
_DAYS = {"02": "29", "04": "30", "06": "30", "09": "30", "11": "30"}
"""The last day of the months that are shorter than 31 days."""


def is_oid(text: str) -> bool:
    """Tell whether `text` is an OID of at most 64 characters without leading zeros (ITI TF-2 Appendix B)."""
    return len(text) <= 64 and _OID.fullmatch(text) is not None


def is_lenient_oid(text: str) -> bool:
    """Tell whether `text` is digits and dots, as partners send OIDs: odd first arc, leading zeros."""
    return len(text) <= 64 and _OID_LENIENT.fullmatch(text) is not None


def has_leading_zero(oid: str) -> bool:
    """Tell whether an arc of an OID is written with a zero before it (ITI TF-3 Table 4.2.3.1.7-2).

    >>> has_leading_zero("2.999.05"), has_leading_zero("2.999.0.50")
    (True, False)
    """
    return _LEADING_ZERO.search(oid) is not None


def is_uuid_urn(text: str) -> bool:
    """Tell whether `text` is ``urn:uuid:`` and a lower-case RFC 4122 UUID (ITI TF-3 4.2.3.1.5)."""
    return _UUID.fullmatch(text) is not None


def new_uuid_urn() -> str:
    """Return a fresh ``urn:uuid:…``."""
    return f"{UUID_PREFIX}{uuid.uuid4()}"


def new_oid() -> str:
    """Return an OID that no one else has: a UUID under 2.25, unique without any registration (ITU-T X.667)."""
    return f"2.25.{uuid.uuid4().int}"


def is_symbolic(object_id: str) -> bool:
    """Tell whether an id is symbolic, so that the registry replaces it by a UUID (ITI TF-3 4.2.3.1.5)."""
    return not object_id.startswith(UUID_PREFIX)


def is_sha1(text: str) -> bool:
    """Tell whether `text` is 40 hexadecimal digits (RFC 3174, ITI TF-3 4.2.3.2.10)."""
    return _SHA1.fullmatch(text) is not None


def oid_urn(oid: str) -> str:
    """Return the URN form of an OID; a URN stays as it is (RFC 3061).

    >>> oid_urn("2.999.1")
    'urn:oid:2.999.1'
    """
    return oid if oid.startswith(OID_PREFIX) else OID_PREFIX + oid


@dataclass(frozen=True, slots=True)
class PatientIdentifier:
    """A patient identifier as HL7 CX: ``id^^^&oid&ISO`` (ITI TF-3 Table 4.2.3.1.7-2)."""

    id_number: str
    assigning_authority: str  # OID

    def __str__(self) -> str:
        return f"{self.id_number}^^^&{self.assigning_authority}&ISO"


def parse_patient_id(text: str) -> PatientIdentifier | None:
    """Read a CX; None when it is not ``id^^^&oid&ISO``.

    A namespace id before the first ``&`` is dropped: identifier, OID and ISO alone name the patient
    (two partners of three hundred send it, and the OID is what both sides compare).

    >>> str(parse_patient_id("P1^^^HOSP&2.999.1&ISO"))
    'P1^^^&2.999.1&ISO'
    """
    match = _CX.fullmatch(text)
    if match is None or not is_lenient_oid(match["oid"]):
        return None
    return PatientIdentifier(match["id"], match["oid"])


def is_strict_cx(text: str) -> bool:
    """Tell whether `text` is exactly ``id^^^&oid&ISO``, with nothing else in it."""
    match = _CX.fullmatch(text)
    if match is None or match["namespace"]:
        return False
    return is_lenient_oid(match["oid"]) and not has_leading_zero(match["oid"])


def is_dtm(text: str) -> bool:
    """Tell whether `text` is ``YYYY[MM[DD[hh[mm[ss]]]]]`` and names a possible moment.

    >>> is_dtm("202402301200"), is_dtm("2024"), is_dtm("2024-01-02")
    (False, True, False)
    """
    match = _DTM.fullmatch(text)
    if match is None:
        return False
    day = match["late"]
    if day is None:
        return True
    month, year = text[4:6], int(text[:4])
    if month == "02" and day == "29":
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= _DAYS.get(month, "31")


def earliest_moment(dtm: str) -> int:
    """Return the first second that a DTM can mean, as the number ``YYYYMMDDhhmmss``.

    Times of different precision are compared by this number: ``2024`` is its first second.

    >>> earliest_moment("202403")
    20240301000000
    """
    return int(dtm + _EARLIEST[len(dtm) :])
