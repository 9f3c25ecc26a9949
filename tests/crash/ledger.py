"""What was sent, what was acknowledged, and how to see what a service kept of it."""

import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.transactions import samples
from tests.transactions.wire import Answer, envelope, related, send, send_mtom
from xds.ebxml import decode_query_response
from xds.model import AssociationType, AvailabilityStatus, DocumentEntry, StoredQuery, Submission

SIZES = (100, 4_000, 70_000, 700_000)
"""Octets of documents; the largest are verified while they leave, the others before."""


@dataclass(slots=True, kw_only=True)
class Sent:
    """One submission, as it went over the wire, and what became of it."""

    submission: Submission
    seed: int  # of its documents' octets, which are not kept
    sizes: tuple[int, ...]
    message_id: str
    replaces: DocumentEntry | None = None
    acknowledged: bool = False
    outcome: str = ""  # of the first attempt: Success, an error code, or the name of an exception
    kept: bool = field(default=False)  # without an acknowledgement, yet whole

    @property
    def set_unique_id(self) -> str:
        """SubmissionSet.uniqueId."""
        return self.submission.submission_sets[0].unique_id or ""

    @property
    def entries(self) -> Sequence[DocumentEntry]:
        """Its documents' metadata."""
        return self.submission.document_entries

    def contents(self) -> dict[str, bytes]:
        """entryUUID → octets, the same at each call."""
        octets = random.Random(self.seed)  # noqa: S311  # repeatable, not a secret
        return {
            entry.entry_uuid: octets.randbytes(size)
            for entry, size in zip(self.entries, self.sizes, strict=True)
        }

    def message(self) -> tuple[str, bytes]:
        """Content-Type and octets of the ITI-41; a repeat of it is the same message."""
        body, parts = samples.provide_body(self.submission, self.contents())
        return related(envelope("ITI-41", body, message_id=self.message_id), *parts)


def compose(chosen: random.Random, target: DocumentEntry | None) -> Sent:
    """A fresh submission of one to three documents; the first replaces `target` when there is one."""
    patient = target.patient_id if target else samples.fresh_patient()
    entries = [samples.entry(patient or "") for _ in range(chosen.choice((1, 1, 2, 3)))]
    made = samples.with_uuids(samples.provided(samples.submission(*entries)))
    if target is not None:
        relation = samples.relation(AssociationType.RPLC, entries[0].entry_uuid, target.entry_uuid)
        made = samples.with_associations(made, relation)
    return Sent(
        submission=made,
        seed=chosen.getrandbits(48),
        sizes=tuple(chosen.choice(SIZES) for _ in entries),
        message_id=f"urn:uuid:{uuid.UUID(int=chosen.getrandbits(128), version=4)}",
        replaces=target,
    )


def look(port: int, sent: Sent) -> Iterator[str]:
    """Yield what is wrong with what the service kept of a submission: all of it or nothing is right.

    All, when it was acknowledged. Sets `kept` when all of it is there.
    """
    registered = set(_registered(port, sent))
    expected = {entry.unique_id or "" for entry in sent.entries}
    served = send_mtom(port, "ITI-43", samples.retrieve_body(*sorted(expected)))
    sent.kept = registered == expected
    if not registered:
        if sent.acknowledged:
            yield "LOST: acknowledged, and the registry does not know it"
        if served.elements("DocumentResponse"):
            yield "HALF VISIBLE: the repository serves what the registry does not know"
        if sent.replaces is not None and _status(port, sent.replaces) is not AvailabilityStatus.APPROVED:
            yield "HALF VISIBLE: its target is deprecated"
        return
    if registered != expected:
        yield f"PARTIAL: {sorted(registered)} of {sorted(expected)}"
    yield from _served_rightly(served, sent)
    if sent.replaces is not None and _status(port, sent.replaces) is not AvailabilityStatus.DEPRECATED:
        yield "PARTIAL: its target is not deprecated"


def _registered(port: int, sent: Sent) -> Iterator[str]:
    """uniqueIds of the documents that GetSubmissionSetAndContents gives, with hash and size as they must be."""
    asked = samples.query_body(
        StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS,
        samples.slot("$XDSSubmissionSetUniqueId", sent.set_unique_id, is_list=False),
    )
    answer = _asked(port, asked)
    objects = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects
    contents = sent.contents()
    members = {item.target for item in objects.associations}
    for entry in objects.document_entries:
        octets = contents[entry.entry_uuid]
        if (entry.hash, entry.size) != (samples.sha1(octets), str(len(octets))):
            yield f"{entry.unique_id} with another hash or size"
        elif entry.entry_uuid not in members or len(objects.submission_sets) != 1:
            yield f"{entry.unique_id} outside of its SubmissionSet"
        else:
            yield entry.unique_id or ""


def _served_rightly(served: Answer, sent: Sent) -> Iterator[str]:
    if served.result != "Success":
        yield f"HALF VISIBLE: ITI-43 answers {served.result} {served.codes} to what the registry knows"
        return
    for octets in sent.contents().values():
        if octets not in served.body:
            yield f"WRONG: {len(octets)} octets are not what was sent"


def _status(port: int, entry: DocumentEntry) -> AvailabilityStatus | None:
    asked = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or "")
    )
    answer = _asked(port, asked)
    found = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects.document_entries
    return found[0].availability_status if found else None


def _asked(port: int, body: bytes) -> Answer:
    answer = send(port, "ITI-18", body)
    if answer.result != "Success":
        raise AssertionError(f"a query was answered {answer.status} {answer.body[:500]!r}")
    return answer


def as_target(sent: Sent) -> DocumentEntry:
    """A document of an acknowledged submission, to be replaced once."""
    return replace(sent.entries[-1])
