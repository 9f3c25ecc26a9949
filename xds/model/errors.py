"""One class per XDS error code (ITI TF-3 Table 4.2.4.1-2).

The same object is a finding in a list and an exception when raised. `context` says what was found, what
was expected and how to mend it; what the table prescribes for a code stands at its start.
"""

from collections.abc import Iterable
from copy import copy
from typing import ClassVar, Self

from xds.model.identifiers import Severity


class XdsError(Exception):
    """A RegistryError: the base of one class per code.

    Parameters
    ----------
    context
        RegistryError/@codeContext.
    location
        RegistryError/@location: the object and attribute; in ITI-43 the document's uniqueId (3.43.5).
    severity
        Error unless said otherwise.
    rule
        Id of the rule that found it, for `xds validate`; not sent.
    """

    code: ClassVar[str]

    def __init__(
        self, context: str, *, location: str = "", severity: Severity = Severity.ERROR, rule: str = ""
    ) -> None:
        super().__init__(context)
        self.context = context
        self.location = location
        self.severity = severity
        self.rule = rule

    @property
    def is_error(self) -> bool:
        """False for a warning."""
        return self.severity is Severity.ERROR

    def as_warning(self) -> Self:
        """Return the same finding as a Warning."""
        return type(self)(self.context, location=self.location, severity=Severity.WARNING, rule=self.rule)

    def at(self, location: str) -> Self:
        """Return the same finding with another location."""
        moved = copy(self)
        moved.location = location
        return moved

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, XdsError):
            return NotImplemented
        mine = (self.code, self.context, self.location, self.severity)
        return mine == (other.code, other.context, other.location, other.severity)

    def __hash__(self) -> int:
        return hash((self.code, self.context, self.location, self.severity))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.context!r}, location={self.location!r})"


class ForeignError(XdsError):
    """A RegistryError of a peer, passed on as it came: the code may be one that we do not know."""

    code: ClassVar[str] = ""

    def __init__(
        self, context: str, *, location: str = "", severity: Severity = Severity.ERROR, foreign_code: str = ""
    ) -> None:
        super().__init__(context, location=location, severity=severity)
        self.code = foreign_code  # type: ignore[misc]  # one class for every code of others

    def as_warning(self) -> Self:
        """Return the same finding as a Warning."""
        return type(self)(
            self.context, location=self.location, severity=Severity.WARNING, foreign_code=self.code
        )


class DocumentEntryWithoutPart(XdsError):
    """A DocumentEntry came without its document; context: the entry's id."""

    code = "XDSMissingDocument"  # ITI TF-3 Table 4.2.4.1-2


class DocumentWithoutMetadata(XdsError):
    """A document came whose id no DocumentEntry has; context: that id."""

    code = "XDSMissingDocumentMetadata"  # ITI TF-3 Table 4.2.4.1-2


class InvalidDocumentContent(XdsError):
    """A document does not fit its metadata; context: its uniqueId."""

    code = "InvalidDocumentContent"  # ITI TF-3 Table 4.2.4.1-2


class UnresolvedReference(XdsError):
    """A reference names nothing in the submission or the registry; context: the reference."""

    code = "UnresolvedReferenceException"  # ITI TF-3 Table 4.2.4.1-2


class DocumentUniqueIdError(XdsError):
    """The document is not available here; location: its uniqueId."""

    code = "XDSDocumentUniqueIdError"  # ITI TF-2 3.43.5


class DuplicateUniqueIdInRegistry(XdsError):
    """A SubmissionSet's or Folder's uniqueId is used; context: which, and the value."""

    code = "XDSDuplicateUniqueIdInRegistry"  # ITI TF-3 Table 4.2.4.1-2


class ExtraMetadataNotSaved(XdsError):
    """Extra metadata was not stored; always a Warning."""

    code = "XDSExtraMetadataNotSaved"  # ITI TF-3 4.2.3.1.6


class MissingHomeCommunityId(XdsError):
    """homeCommunityId is needed and was not sent."""

    code = "XDSMissingHomeCommunityId"  # ITI TF-3 Table 4.2.4.1-2


class NonIdenticalHash(XdsError):
    """The uniqueId is registered with another hash; context: the uniqueId."""

    code = "XDSNonIdenticalHash"  # ITI TF-2 3.42.4.1.3.3.1


class NonIdenticalSize(XdsError):
    """The uniqueId is registered with another size; context: the uniqueId."""

    code = "XDSNonIdenticalSize"  # ITI TF-2 3.42.4.1.3.3.1


class PatientIdDoesNotMatch(XdsError):
    """Patient ids that must be equal differ; context: the value and the conflict."""

    code = "XDSPatientIdDoesNotMatch"  # ITI TF-3 Table 4.2.4.1-2


class ReferencesExist(XdsError):
    """An object to be removed is the source or target of an Association that stays; context: its id."""

    code = "ReferencesExistException"  # RMD, ITI TF-2 3.62.4.2.2


class RegistryBusy(XdsError):
    """The registry has too much to do."""

    code = "XDSRegistryBusy"  # ITI TF-3 Table 4.2.4.1-2


class RepositoryBusy(XdsError):
    """The repository has too much to do."""

    code = "XDSRepositoryBusy"  # ITI TF-3 Table 4.2.4.1-2


class RegistryDeprecatedDocument(XdsError):
    """An Association refers to a Deprecated document; context: its entryUUID."""

    code = "XDSRegistryDeprecatedDocumentError"  # ITI TF-2 3.42.4.1.3.5


class RegistryDuplicateUniqueIdInMessage(XdsError):
    """One uniqueId twice in a submission, seen by the registry; context: the uniqueId."""

    code = "XDSRegistryDuplicateUniqueIdInMessage"  # ITI TF-3 Table 4.2.4.1-2


class RemoveDocumentsError(XdsError):
    """The document could not be removed; context and location: its uniqueId."""

    code = "XDSRemoveDocumentsError"  # RMD, ITI TF-2 3.86.4.2.2


class RepositoryDuplicateUniqueIdInMessage(XdsError):
    """One uniqueId twice in a submission, seen by the repository; context: the uniqueId."""

    code = "XDSRepositoryDuplicateUniqueIdInMessage"  # ITI TF-3 Table 4.2.4.1-2


class RegistryError(XdsError):
    """An internal error of the registry, or what no other code fits."""

    code = "XDSRegistryError"  # ITI TF-3 Table 4.2.4.1-2


class RepositoryError(XdsError):
    """An internal error of the repository, or what no other code fits."""

    code = "XDSRepositoryError"  # ITI TF-3 Table 4.2.4.1-2


class RegistryMetadataError(XdsError):
    """The registry found an error in the metadata; context: its nature."""

    code = "XDSRegistryMetadataError"  # ITI TF-3 Table 4.2.4.1-2


class RepositoryMetadataError(XdsError):
    """The repository found an error in the metadata; context: its nature."""

    code = "XDSRepositoryMetadataError"  # ITI TF-3 Table 4.2.4.1-2


class RegistryNotAvailable(XdsError):
    """The repository cannot reach the registry."""

    code = "XDSRegistryNotAvailable"  # ITI TF-3 Table 4.2.4.1-2


class RegistryOutOfResources(XdsError):
    """The registry is low on resources."""

    code = "XDSRegistryOutOfResources"  # ITI TF-3 Table 4.2.4.1-2


class RepositoryOutOfResources(XdsError):
    """The repository is low on resources."""

    code = "XDSRepositoryOutOfResources"  # ITI TF-3 Table 4.2.4.1-2


class ResultNotSinglePatient(XdsError):
    """One answer would hold content of several patients."""

    code = "XDSResultNotSinglePatient"  # ITI TF-2 3.18.4.1.2.3.7.5


class StoredQueryMissingParam(XdsError):
    """A required parameter is missing; context: its name."""

    code = "XDSStoredQueryMissingParam"  # ITI TF-2 3.18.4.1.3


class StoredQueryParamNumber(XdsError):
    """Several values for a single-valued parameter; context: its name."""

    code = "XDSStoredQueryParamNumber"  # ITI TF-3 Table 4.2.4.1-2


class TooManyResults(XdsError):
    """More results than the limit; context: the limit and which filter to add."""

    code = "XDSTooManyResults"  # ITI TF-3 Table 4.2.4.1-2


class UnavailableCommunity(XdsError):
    """A community that had to be asked did not answer; context: which gateway, and why."""

    code = "XDSUnavailableCommunity"  # ITI TF-3 Table 4.2.4.1-2


class UnknownCommunity(XdsError):
    """homeCommunityId is not known here."""

    code = "XDSUnknownCommunity"  # ITI TF-3 Table 4.2.4.1-2


class UnknownPatientId(XdsError):
    """The patient id is not known here; context: the patient id."""

    code = "XDSUnknownPatientId"  # ITI TF-2 3.42.4.1.3.3.2


class UnknownRepositoryId(XdsError):
    """repositoryUniqueId is not this repository's."""

    code = "XDSUnknownRepositoryId"  # ITI TF-3 Table 4.2.4.1-2


class UnknownStoredQuery(XdsError):
    """The stored query id is not known."""

    code = "XDSUnknownStoredQuery"  # ITI TF-2 3.18.4.1.3


class MetadataUpdateError(XdsError):
    """An update cannot be done and no other code says why; context: the id of the object at fault."""

    code = "XDSMetadataUpdateError"  # XDS Metadata Update, Table 4.2.4.1-2


class MetadataUpdateOperationError(XdsError):
    """What is asked for is no operation of ITI-57, or contradicts itself; context: the id at fault."""

    code = "XDSMetadataUpdateOperationError"  # XDS Metadata Update, Table 4.2.4.1-2


class MetadataVersionError(XdsError):
    """PreviousVersion is not the latest version, as after another's update; context: the id at fault."""

    code = "XDSMetadataVersionError"  # XDS Metadata Update, Table 4.2.4.1-2


class PatientIdReconciliationError(XdsError):
    """Patient ids do not match in an update; context: the id at fault."""

    code = "XDSPatientIDReconciliationError"  # XDS Metadata Update, Table 4.2.4.1-2; ID in capitals


class MetadataIdentifierError(XdsError):
    """A restricted update has another uniqueId than the registered entry; context: the id at fault."""

    code = "XDSMetadataIdentifierError"  # RMU 3.92


class MetadataAnnotationError(XdsError):
    """The Slots of a restricted update's HasMember are wrong; context: the id at fault."""

    code = "XDSMetadataAnnotationError"  # RMU 3.92


class InvalidRequest(XdsError):
    """A restricted update brings an initial version; context: the id at fault."""

    code = "XDSInvalidRequestException"  # RMU 3.92


class ObjectTypeError(XdsError):
    """A restricted update has another objectType than the registered entry; context: the id at fault."""

    code = "XDSObjectTypeError"  # RMU 3.92


class UnmodifiableMetadata(XdsError):
    """A restricted update changes what it may not change; context: the id at fault."""

    code = "UnmodifiableMetadataError"  # RMU 3.92


class UnreferencedObject(XdsError):
    """A removal would leave an object to which no Association leads; context: its id."""

    code = "XDSUnreferencedObjectException"  # RMD, ITI TF-2 3.62.4.2.2


def error_class(code: str) -> type[XdsError] | None:
    """Return the class of an error code, None for one that we do not know."""
    return _BY_CODE.get(code)


def has_error(findings: Iterable[XdsError]) -> bool:
    """Tell whether at least one finding is an Error rather than a Warning."""
    return any(finding.is_error for finding in findings)


_BY_CODE = {cls.code: cls for cls in XdsError.__subclasses__() if cls.code}
