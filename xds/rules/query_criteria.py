"""From the parameters of a stored query that was found in order to what the store is asked for."""

from xds.model import (
    STABLE,
    AdhocQuery,
    AvailabilityStatus,
    CodeKey,
    DocumentCriteria,
    TimeRange,
    earliest_moment,
)

_STATUS = "$XDSDocumentEntryStatus"
_PREFIX = "$XDSDocumentEntry"


def document_criteria(query: AdhocQuery) -> DocumentCriteria:
    """Return the filters on DocumentEntries of FindDocuments and of every query that takes some of them.

    Parameters that a query does not have are absent, and do not filter. To be called for a query in which
    `check_query` found no error.
    """
    return DocumentCriteria(
        statuses=statuses(query, _STATUS) or frozenset(AvailabilityStatus),
        object_types=frozenset(_values(query, "$XDSDocumentEntryType")) or frozenset({STABLE}),
        class_codes=_codes(query, "ClassCode"),
        type_codes=_codes(query, "TypeCode"),
        practice_setting_codes=_codes(query, "PracticeSettingCode"),
        healthcare_facility_type_codes=_codes(query, "HealthcareFacilityTypeCode"),
        format_codes=_codes(query, "FormatCode"),
        event_codes=_code_groups(query, "EventCodeList"),
        confidentiality_codes=_code_groups(query, "ConfidentialityCode"),
        creation_time=_time_range(query, "CreationTime"),
        service_start_time=_time_range(query, "ServiceStartTime"),
        service_stop_time=_time_range(query, "ServiceStopTime"),
        author_patterns=_values(query, "$XDSDocumentEntryAuthorPerson"),
        reference_ids=_groups(query, "$XDSDocumentEntryReferenceIdList"),
    )


def statuses(query: AdhocQuery, parameter: str) -> frozenset[AvailabilityStatus]:
    """Return the statuses that are understood of a status parameter (ITI TF-2 3.18.4.1.2.3.6)."""
    known = {item.value: item for item in AvailabilityStatus}
    return frozenset(known[value] for value in query.values(parameter) if value in known)


def entry_uuids(query: AdhocQuery, parameter: str) -> tuple[str, ...]:
    """Return the UUIDs of a parameter, each once and in lower case, as the registry keeps them."""
    return tuple(dict.fromkeys(value.lower() for value in _values(query, parameter)))


def _values(query: AdhocQuery, parameter: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in query.values(parameter) if value))


def _groups(query: AdhocQuery, parameter: str) -> tuple[tuple[str, ...], ...]:
    """The values Slot by Slot; an empty Slot does not filter."""
    groups = (tuple(value for value in group if value) for group in query.groups(parameter))
    return tuple(group for group in groups if group)


def _code(value: str) -> CodeKey:
    code, _, scheme = value.split("^")
    return code, scheme


def _codes(query: AdhocQuery, attribute: str) -> tuple[CodeKey, ...]:
    return tuple(_code(value) for value in _values(query, _PREFIX + attribute))


def _code_groups(query: AdhocQuery, attribute: str) -> tuple[tuple[CodeKey, ...], ...]:
    return tuple(tuple(_code(value) for value in group) for group in _groups(query, _PREFIX + attribute))


def _time_range(query: AdhocQuery, attribute: str) -> TimeRange:
    """From is inclusive, To exclusive: the formula of 3.18.4.1.2.3.3 is the rule."""
    start, stop = (_values(query, f"{_PREFIX}{attribute}{end}") for end in ("From", "To"))
    return TimeRange(
        start=earliest_moment(start[0]) if start else None,
        stop=earliest_moment(stop[0]) if stop else None,
    )
