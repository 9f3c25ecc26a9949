"""What a stored query asks for, once its parameters were read and found in order."""

from dataclasses import dataclass

from xds.model.identifiers import STABLE, AvailabilityStatus

CodeKey = tuple[str, str]
"""(code, codingScheme)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRange:
    """``start <= attribute < stop``; None leaves an end open (ITI TF-2 3.18.4.1.2.3.3).

    Both are ``YYYYMMDDhhmmss`` numbers as of `xds.model.data_types.earliest_moment`.
    """

    start: int | None = None
    stop: int | None = None


ANY_TIME = TimeRange()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCriteria:
    """Filters on DocumentEntries; an empty one does not filter (ITI TF-2 3.18.4.1.2.3.7.1)."""

    statuses: frozenset[AvailabilityStatus] = frozenset(AvailabilityStatus)
    object_types: frozenset[str] = frozenset({STABLE})
    class_codes: tuple[CodeKey, ...] = ()
    type_codes: tuple[CodeKey, ...] = ()
    practice_setting_codes: tuple[CodeKey, ...] = ()
    healthcare_facility_type_codes: tuple[CodeKey, ...] = ()
    format_codes: tuple[CodeKey, ...] = ()
    event_codes: tuple[tuple[CodeKey, ...], ...] = ()  # AND of ORs
    confidentiality_codes: tuple[tuple[CodeKey, ...], ...] = ()  # AND of ORs
    creation_time: TimeRange = ANY_TIME  # does not touch On-Demand entries (fn 6)
    service_start_time: TimeRange = (
        ANY_TIME  # does not touch entries without the attribute (3.18.4.1.2.3.3.1)
    )
    service_stop_time: TimeRange = ANY_TIME
    author_patterns: tuple[str, ...] = ()  # LIKE on the raw authorPerson text
    reference_ids: tuple[tuple[str, ...], ...] = ()  # AND of ORs of LIKE patterns
