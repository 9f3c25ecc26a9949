"""wsu:Timestamp: how long a signed message may be believed (WSS 1.1 section 10, BSP 1.1 section 6)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from lxml import etree

from xds.wss import names
from xds.wss.refusals import EXPIRED, TIMESTAMP, TIMESTAMP_LIFE, Refused

LIFE: Final = timedelta(minutes=10)
"""How far Expires may be from Created."""
SKEW: Final = timedelta(minutes=5)
"""How far two clocks may be apart."""
_FORM: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d)(?:\.(\d{1,9}))?Z")


def check_timestamp(timestamp: etree._Element, now: datetime) -> datetime:
    """Check a Timestamp against the clock and return when the message expires, UTC.

    Raises
    ------
    Refused
        Not Created, then Expires in UTC, a longer life than served, or not now.
    """
    children = list(timestamp)
    if [child.tag for child in children] != [names.CREATED, names.EXPIRES]:
        raise Refused(TIMESTAMP)
    created, expires = (_instant(child) for child in children)
    if not timedelta(0) < expires - created <= LIFE:
        raise Refused(TIMESTAMP_LIFE, minutes=int(LIFE.total_seconds()) // 60)
    if created > now + SKEW or expires < now - SKEW:
        raise Refused(EXPIRED, now=instant_text(now))
    return expires


def instant_text(instant: datetime) -> str:
    """Return an instant as a Timestamp writes it: UTC, milliseconds."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


def _instant(element: etree._Element) -> datetime:
    found = _FORM.fullmatch((element.text or "").strip())
    if found is None or len(element) or element.get("ValueType"):
        raise Refused(TIMESTAMP)
    try:
        whole = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    except ValueError:
        raise Refused(TIMESTAMP) from None
    return whole + timedelta(microseconds=int((found[2] or "0")[:6].ljust(6, "0")))
