"""From the parameters of a stored query that was found in order to what the store is asked for."""

from xds.model import (
    STABLE,
    AdhocQuery,
    AvailabilityStatus,
    CodeKey,
    DocumentAvailability,
    DocumentCriteria,
    FolderCriteria,
    MetadataLevel,
    SubmissionSetCriteria,
    TimeRange,
    earliest_moment,
)

_PREFIX = "$XDSDocumentEntry"
_STATUSES = {item.value: item for item in AvailabilityStatus}
_ALL_STATUSES = frozenset(AvailabilityStatus)
_APPROVED = frozenset({AvailabilityStatus.APPROVED})
_ANY_TIME = TimeRange()


def document_criteria(query: AdhocQuery) -> DocumentCriteria:
    """Return the filters on DocumentEntries of FindDocuments and of every query that takes some of them.

    Parameters that a query does not have are absent, and do not filter. To be called for a query in which
    `check_query` found no error.
    """
    return DocumentCriteria(
        statuses=statuses(query, f"{_PREFIX}Status") or _ALL_STATUSES,
        object_types=frozenset(_values(query, "$XDSDocumentEntryType")) or frozenset({STABLE}),
        class_codes=_codes(query, f"{_PREFIX}ClassCode"),
        type_codes=_codes(query, f"{_PREFIX}TypeCode"),
        practice_setting_codes=_codes(query, f"{_PREFIX}PracticeSettingCode"),
        healthcare_facility_type_codes=_codes(query, f"{_PREFIX}HealthcareFacilityTypeCode"),
        format_codes=_codes(query, f"{_PREFIX}FormatCode"),
        event_codes=_code_groups(query, f"{_PREFIX}EventCodeList"),
        confidentiality_codes=_code_groups(query, f"{_PREFIX}ConfidentialityCode"),
        creation_time=_time_range(query, f"{_PREFIX}CreationTime"),
        service_start_time=_time_range(query, f"{_PREFIX}ServiceStartTime"),
        service_stop_time=_time_range(query, f"{_PREFIX}ServiceStopTime"),
        author_patterns=_values(query, "$XDSDocumentEntryAuthorPerson"),
        reference_ids=_groups(query, "$XDSDocumentEntryReferenceIdList"),
        availabilities=frozenset(
            DocumentAvailability(value) for value in _values(query, f"{_PREFIX}DocumentAvailability")
        ),
        metadata_level=metadata_level(query),
    )


def submission_set_criteria(query: AdhocQuery) -> SubmissionSetCriteria:
    """Return the filters on SubmissionSets of FindSubmissionSets and GetAll (ITI TF-2 3.18.4.1.2.3.7.2, .4)."""
    return SubmissionSetCriteria(
        statuses=statuses(query, "$XDSSubmissionSetStatus") or _ALL_STATUSES,
        source_ids=_values(query, "$XDSSubmissionSetSourceId"),
        submission_time=_time_range(query, "$XDSSubmissionSetSubmissionTime"),
        author_patterns=_values(query, "$XDSSubmissionSetAuthorPerson"),
        content_types=_codes(query, "$XDSSubmissionSetContentType"),
    )


def folder_criteria(query: AdhocQuery) -> FolderCriteria:
    """Return the filters on Folders of every query that takes some of them (ITI TF-2 3.18.4.1.2.3.7.3)."""
    return FolderCriteria(
        statuses=statuses(query, "$XDSFolderStatus") or _ALL_STATUSES,
        last_update_time=_time_range(query, "$XDSFolderLastUpdateTime"),
        codes=_code_groups(query, "$XDSFolderCodeList"),
        metadata_level=metadata_level(query),
    )


def metadata_level(query: AdhocQuery) -> MetadataLevel:
    """Return $MetadataLevel; absent means 1 (Metadata Update 3.18.4.1.2.3.5.1.1)."""
    return 2 if "2" in _values(query, "$MetadataLevel") else 1


def association_statuses(query: AdhocQuery) -> frozenset[AvailabilityStatus]:
    """Return the statuses of Associations that an answer may hold: Approved unless others are asked for.

    At $MetadataLevel 1 a Deprecated Association is not seen, even when it is asked for.
    """
    asked = statuses(query, "$XDSAssociationStatus") or _APPROVED
    return asked if metadata_level(query) == 2 else asked & _APPROVED


def statuses(query: AdhocQuery, parameter: str) -> frozenset[AvailabilityStatus]:
    """Return the statuses that are understood of a status parameter (ITI TF-2 3.18.4.1.2.3.6)."""
    return frozenset([_STATUSES[value] for value in query.values(parameter) if value in _STATUSES])


def entry_uuids(query: AdhocQuery, parameter: str) -> tuple[str, ...]:
    """Return the UUIDs of a parameter, each once and in lower case, as the registry keeps them."""
    return tuple(dict.fromkeys(value.lower() for value in _values(query, parameter)))


def _values(query: AdhocQuery, parameter: str) -> tuple[str, ...]:
    found = query.values(parameter)
    return tuple(dict.fromkeys([value for value in found if value])) if found else ()


def _groups(query: AdhocQuery, parameter: str) -> tuple[tuple[str, ...], ...]:
    """The values Slot by Slot; an empty Slot does not filter."""
    sent = query.groups(parameter)
    if not sent:
        return ()
    groups = (tuple([value for value in group if value]) for group in sent)
    return tuple(group for group in groups if group)


def _code(value: str) -> CodeKey:
    code, _, scheme = value.split("^")
    return code, scheme


def _codes(query: AdhocQuery, parameter: str) -> tuple[CodeKey, ...]:
    return tuple([_code(value) for value in _values(query, parameter)])


def _code_groups(query: AdhocQuery, parameter: str) -> tuple[tuple[CodeKey, ...], ...]:
    return tuple([tuple([_code(value) for value in group]) for group in _groups(query, parameter)])


def _time_range(query: AdhocQuery, parameter: str) -> TimeRange:
    """From is inclusive, To exclusive: the formula of 3.18.4.1.2.3.3 is the rule."""
    start, stop = _values(query, f"{parameter}From"), _values(query, f"{parameter}To")
    if not start and not stop:
        return _ANY_TIME
    return TimeRange(
        start=earliest_moment(start[0]) if start else None,
        stop=earliest_moment(stop[0]) if stop else None,
    )
