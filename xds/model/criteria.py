"""What a stored query asks for, once its parameters were read and found in order."""

from dataclasses import dataclass
from typing import Literal

from xds.model.identifiers import STABLE, AvailabilityStatus, DocumentAvailability

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

MetadataLevel = Literal[1, 2]
"""$MetadataLevel: at 1 a registry with versions looks like one without (Metadata Update 3.18.4.1.2.3.5.1.1).

Of DocumentEntries and Folders only the latest version is seen, no DocumentEntry that is Offline, and neither a Folder
nor an Association that is Deprecated. At 2 there are no such limits.
"""


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
    availabilities: frozenset[DocumentAvailability] = frozenset()
    metadata_level: MetadataLevel = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionSetCriteria:
    """Filters on SubmissionSets; an empty one does not filter (ITI TF-2 3.18.4.1.2.3.7.2)."""

    statuses: frozenset[AvailabilityStatus] = frozenset(AvailabilityStatus)
    source_ids: tuple[str, ...] = ()
    submission_time: TimeRange = ANY_TIME
    author_patterns: tuple[str, ...] = ()  # LIKE on the raw authorPerson text
    content_types: tuple[CodeKey, ...] = ()  # contentTypeCode


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCriteria:
    """Filters on Folders; an empty one does not filter (ITI TF-2 3.18.4.1.2.3.7.3)."""

    statuses: frozenset[AvailabilityStatus] = frozenset(AvailabilityStatus)
    last_update_time: TimeRange = ANY_TIME
    codes: tuple[tuple[CodeKey, ...], ...] = ()  # codeList: AND of ORs
    metadata_level: MetadataLevel = 1
