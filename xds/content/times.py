"""Points in time: HL7 v3 TS as a CDA writes it, and the DTM of the metadata."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from xds.model import is_dtm

_TS = re.compile(r"(?P<dtm>\d{4,14})(\.\d+)?(?P<offset>[+-]\d{4})?")
_FORMAT = "%Y%m%d%H%M%S"


def dtm_of(text: str, zone: tzinfo = UTC) -> str | None:
    """Return a TS as DTM in UTC, with the precision that it has; None when it is not a moment.

    Parameters
    ----------
    text
        ``YYYY[MM[DD[hh[mm[ss[.fraction]]]]]][±hhmm]``.
    zone
        The zone of the source, for a time that carries no offset.

    Examples
    --------
    >>> dtm_of("202403111030-0500"), dtm_of("20240311"), dtm_of("yesterday")
    ('202403111530', '20240311', None)
    """
    match = _TS.fullmatch(text.strip())
    if match is None or not is_dtm(match["dtm"]):
        return None
    dtm: str = match["dtm"]
    if len(dtm) <= 8:  # a day is a day everywhere
        return dtm
    try:
        local = datetime.strptime(dtm.ljust(14, "0"), _FORMAT).replace(tzinfo=_zone(match["offset"], zone))
        return dtm_of_moment(local)[: len(dtm)]
    except (ValueError, OverflowError):  # an offset of 99 hours, or a year that the shift leaves
        return None


def dtm_of_moment(moment: datetime) -> str:
    """Return a moment as DTM to the second, in UTC; one without a zone is UTC already."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    # Not strftime: its %Y has fewer than four digits before the year 1000 on some platforms.
    return re.sub(r"\D", "", aware.astimezone(UTC).isoformat())[:14]


def _zone(offset: str | None, default: tzinfo) -> tzinfo:
    if offset is None:
        return default
    delta = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    return timezone(-delta if offset[0] == "-" else delta)


def ts_of(dtm: str) -> str:
    """Return a DTM as TS: what is more precise than a day gets the offset of UTC.

    >>> ts_of("20240311153000"), ts_of("19710304")
    ('20240311153000+0000', '19710304')
    """
    return dtm if len(dtm) <= 8 else f"{dtm}+0000"
