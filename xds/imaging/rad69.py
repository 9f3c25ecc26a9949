"""RAD-69 Retrieve Imaging Document Set: the Expected Actions of the Imaging Document Source (RAD TF-2 4.69.4.1.3)."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from xds.audit import AuditedStudy
from xds.documents import PassingDocument, Spool
from xds.ebxml import RetrievedDocument, decode_imaging_request, encode_retrieve_response
from xds.imaging.access import ImageAccess, PermittedStudy
from xds.imaging.relay import UNKNOWN, Passing, Relay, RelayPolicy
from xds.imaging.sources import Sources
from xds.imaging.transcoding import Transcoder
from xds.mime import LatePart
from xds.model import (
    DocumentUniqueIdError,
    InstanceRequest,
    RegistryResponse,
    RepositoryError,
    XdsError,
)
from xds.rules import check_imaging_retrieval
from xds.soap import LateReply, Reply, ReplyPart, Request

log = logging.getLogger(__name__)

DICOM = "application/dicom"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPolicy:
    """How an answer is given."""

    limit: int  # instances of one request
    home_community_id: str | None
    root_first_instances: int  # up to so many, the envelope comes first


class RetrieveImagingDocumentSet:
    """The transaction.

    Few instances wait in the spool until what became of each is known: their answer has its envelope first and its
    length. Many pass as they come, and the envelope follows them: `start` names it (RFC 2387 3.2).
    """

    def __init__(
        self,
        *,
        sources: Sources,
        access: ImageAccess,
        transcoder: Transcoder,
        spool: Spool,
        relay: RelayPolicy,
        answer: AnswerPolicy,
    ) -> None:
        self._sources = sources
        self._access = access
        self._transcoder = transcoder
        self._spool = spool
        self._relay = relay
        self._answer = answer

    def __call__(self, body: etree._Element, request: Request) -> Reply:
        """Answer a rad:RetrieveImagingDocumentSetRequest."""
        asked = decode_imaging_request(body)
        wanted, findings = check_imaging_retrieval(
            asked, self._sources.keys(), self._answer.home_community_id, self._answer.limit
        )
        studies = self._access.permitted([item.study_instance_uid for item in wanted], request.caller)
        served = [item for item in wanted if item.study_instance_uid in studies]
        findings += [
            DocumentUniqueIdError(UNKNOWN, location=item.document_unique_id)
            for item in wanted
            if item.study_instance_uid not in studies
        ]
        answer = _Answer(served, findings, self._new_relay(served, asked.transfer_syntax_uids))
        if not served:
            return self._whole(answer, request, studies)
        if (
            request.mtom
            and not request.is_answered_signed
            and len(served) > self._answer.root_first_instances
        ):
            _audit(request, answer, studies, sent=served)
            request.trail.answered(RegistryResponse.of(findings, done=len(served)))
            return LateReply(body=(), late=answer, outcome=f"{len(served)} instances asked of their sources")
        return self._whole(answer, request, studies)

    def _new_relay(self, served: Sequence[InstanceRequest], syntaxes: Sequence[str]) -> Relay:
        return Relay(
            served,
            syntaxes,
            sources=self._sources,
            transcoder=self._transcoder,
            spool=self._spool,
            policy=self._relay,
        )

    def _whole(self, answer: "_Answer", request: Request, studies: dict[str, PermittedStudy]) -> Reply:
        """Wait for every instance in the spool."""
        parts: list[ReplyPart] = []
        for passing in answer.passing():
            spooled = self._spool.receive(passing.pieces(), self._relay.instance_bytes)
            document = PassingDocument(spooled.open(), spooled.size)
            spooled.discard()
            if passing.failure is None:
                parts.append(ReplyPart(content_id=passing.content_id, mime_type=DICOM, source=document))
            else:
                document.file.close()
        response, documents = answer.response()
        came = {item.document_unique_id for item in documents}
        _audit(
            request, answer, studies, sent=[item for item in answer.served if item.document_unique_id in came]
        )
        request.trail.answered(response)
        return Reply(
            body=(encode_retrieve_response(response, documents),),
            parts=parts,
            outcome=response.outcome(f"{len(documents)} instances"),
        )


class _Answer:
    """An answer whose instances pass, and its envelope's body when all have passed (`xds.soap.LateParts`)."""

    def __init__(self, served: Sequence[InstanceRequest], findings: Sequence[XdsError], relay: Relay) -> None:
        self.served = served
        self._findings = findings
        self._relay = relay
        self._documents: list[RetrievedDocument] = []
        self._began = time.perf_counter()

    def passing(self) -> Iterator[Passing]:
        """Each instance, its pieces to be read before the next is asked for."""
        for item in self._relay.passing():
            yield item
            if item.failure is None:
                self._documents.append(_retrieved(item))

    def parts(self) -> Iterator[LatePart]:
        """The same as parts of a message."""
        for item in self.passing():
            yield LatePart(content_id=item.content_id, content_type=DICOM, pieces=item.pieces())

    def body(self) -> Sequence[bytes]:
        """The body's element, once every part has passed."""
        response, documents = self.response()
        log.info(
            "instances passed",
            extra={
                "transaction": "RAD-69",
                "outcome": response.outcome(f"{len(documents)} instances"),
                "ms": round((time.perf_counter() - self._began) * 1000, 1),
            },
        )
        return (encode_retrieve_response(response, documents),)

    def close(self) -> None:
        """Let the sources go: sent or not, nobody reads any more."""
        self._relay.cancel()

    def response(self) -> tuple[RegistryResponse, list[RetrievedDocument]]:
        """What became of each instance: exactly one error for each that did not come."""
        failures = dict(self._relay.failures)
        came = {item.document_unique_id for item in self._documents}
        for item in self.served:
            if item.document_unique_id not in came and item.document_unique_id not in failures:
                failures[item.document_unique_id] = RepositoryError(
                    "the instance did not come", location=item.document_unique_id
                )
        documents = [item for item in self._documents if item.document_unique_id not in failures]
        return RegistryResponse.of([*self._findings, *failures.values()], done=len(documents)), documents


def _retrieved(passing: Passing) -> RetrievedDocument:
    request = passing.request
    return RetrievedDocument(
        repository_unique_id=request.repository_unique_id,
        document_unique_id=request.document_unique_id,
        mime_type=DICOM,
        home_community_id=request.home_community_id,
        content_id=passing.content_id,
    )


def _audit(
    request: Request,
    answer: _Answer,
    studies: dict[str, PermittedStudy],
    *,
    sent: Sequence[InstanceRequest],
) -> None:
    """Tell of studies and patients: of those sent, and of those that were not (RAD TF-2 4.69.6).

    Of an answer that passes as it comes the record is of what was asked of the sources: it is written before the
    first octet leaves.
    """
    uids = {item.document_unique_id for item in sent}
    failed = [item for item in answer.served if item.document_unique_id not in uids]
    request.trail.about(studies=_studies(sent), patients=_patients(sent, studies))
    request.trail.about_failed(studies=_studies(failed), patients=_patients(failed, studies))


def _studies(instances: Sequence[InstanceRequest]) -> tuple[AuditedStudy, ...]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in instances:
        key = (item.study_instance_uid, item.repository_unique_id, item.home_community_id or "")
        found.setdefault(key, []).append(item.document_unique_id)
    return tuple(
        AuditedStudy(study_uid=study, repository=location, home=home, instances=tuple(uids))
        for (study, location, home), uids in found.items()
    )


def _patients(instances: Sequence[InstanceRequest], studies: dict[str, PermittedStudy]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(patient for item in instances for patient in studies[item.study_instance_uid].patients)
    )
