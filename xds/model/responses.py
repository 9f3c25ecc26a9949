"""What a transaction answers: status, findings, and the objects or documents with it (ITI TF-3 4.2.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from xds.model.errors import XdsError, has_error
from xds.model.identifiers import ResponseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResponse:
    """rs:RegistryResponse: Failure if one finding is an Error (ITI TF-3 Tables 4.2.4.2-1 to -4)."""

    status: ResponseStatus = ResponseStatus.SUCCESS
    findings: tuple[XdsError, ...] = ()

    @classmethod
    def of(cls, findings: Iterable[XdsError], *, done: int = 0) -> "RegistryResponse":
        """Answer a request by what was found.

        Parameters
        ----------
        done
            How much of it was done beside the errors: then it is a PartialSuccess. A submission is stored whole or not
            at all.
        """
        kept = tuple(findings)
        if not has_error(kept):
            return cls(findings=kept)
        status = ResponseStatus.PARTIAL_SUCCESS if done else ResponseStatus.FAILURE
        return cls(status=status, findings=kept)

    def outcome(self, done: str = "") -> str:
        """What a log may say of the answer: status, how much was done ("8 objects"), and codes; no values."""
        codes = sorted({finding.code for finding in self.findings})
        return " ".join([self.status.value.rpartition(":")[2], *([done] if done else []), *codes])

    @property
    def is_success(self) -> bool:
        """True when everything was done, warnings or not."""
        return self.status is ResponseStatus.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRequest:
    """One document that a consumer asks for (ITI TF-2 3.43.5)."""

    repository_unique_id: str
    document_unique_id: str
    home_community_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRequest(DocumentRequest):
    """One DICOM instance that a consumer asks for (RAD TF-2 4.69.4.1.2).

    `repository_unique_id` is the Retrieve Location UID of its series, `document_unique_id` its SOP Instance UID.
    """

    study_instance_uid: str
    series_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstancesRequest:
    """A RetrieveImagingDocumentSetRequest: the instances, and the transfer syntaxes that the consumer can decode."""

    instances: tuple[InstanceRequest, ...]
    transfer_syntax_uids: tuple[str, ...]
