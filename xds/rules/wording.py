"""How findings speak of values: short, without patient data, and with the right form of a wrong value."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from xds.model import is_lenient_oid

SHOWN: Final = 80
"""Characters of a value that a finding repeats."""

_ISO_TIME = re.compile(
    r"(?P<date>\d{4}-?\d{2}-?\d{2})[T ]?(?P<time>\d{2}:?\d{2}(:?\d{2})?)?(\.\d+)?"
    r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def quoted(value: str) -> str:
    """Return `value` in quotes, shortened; for values that hold nothing of the patient.

    >>> quoted("2024-01-02")
    "'2024-01-02'"
    """
    return repr(value if len(value) <= SHOWN else value[:SHOWN] + "…")


def right_dtm(value: str) -> str | None:
    """Return the DTM that a time in another notation means, None when it cannot be told.

    >>> right_dtm("2024-03-27T21:43:04.878Z"), right_dtm("2008-06-27 13:49:24"), right_dtm("March")
    ('20240327214304', '20080627134924', None)
    >>> right_dtm("20240311093000-0500")
    '20240311143000'
    """
    match = _ISO_TIME.fullmatch(value.strip())
    if match is None:
        return None
    digits = re.sub(r"\D", "", match["date"] + (match["time"] or ""))
    try:
        moment = datetime.strptime(digits.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        zone = match["zone"]
        if zone and zone != "Z":
            minutes = int(zone[1:3]) * 60 + int(zone[-2:])
            offset = timedelta(minutes=-minutes if zone[0] == "-" else minutes)
            moment = moment.replace(tzinfo=timezone(offset)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return re.sub(r"\D", "", moment.isoformat()[:19])[: len(digits)]


def dtm_fault(value: str) -> str:
    """Say what is wrong with a time that is no DTM."""
    right = right_dtm(value)
    meant = f"; the right form is {right}" if right else ""
    return f"{quoted(value)} is not YYYY[MM[DD[hh[mm[ss]]]]]{meant}"


def cx_fault(value: str) -> str:
    """Say what keeps a patient identifier from being ``id^^^&oid&ISO``, without repeating it.

    >>> cx_fault("12345")
    'it has no assigning authority'
    """
    components = value.split("^")
    if len(components) == 1:
        return "it has no assigning authority"
    if len(components) != 4:
        return f"it has {len(components)} components, not 4"
    if not components[0]:
        return "the identifier before the first ^ is empty"
    if components[1] or components[2]:
        return "components 2 and 3 are not empty"
    authority = components[3].split("&")
    if len(authority) != 3:
        return f"its assigning authority has {len(authority)} parts, not 3"
    if not is_lenient_oid(authority[1]):
        return f"{quoted(authority[1])} is not the OID of an assigning authority"
    if authority[2] != "ISO":
        return f"the type of its assigning authority is {quoted(authority[2])}, not ISO"
    if authority[0]:
        return "its assigning authority has a namespace id before the first &"
    return "it holds a separator or a repetition, or its OID has leading zeros"
