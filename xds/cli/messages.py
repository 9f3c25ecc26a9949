"""A message judged without a server: schema, envelope, structure, documents, rules."""

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.cli.acknowledgements import acknowledgement_findings
from xds.cli.answers import answer_findings
from xds.cli.assumed import assumed_facts, assumed_removal_facts, assumed_update_facts
from xds.cli.capture import Capture
from xds.cli.judged import Judged, judged, line_of
from xds.cli.schemas import schema_findings
from xds.ebxml import (
    decode_adhoc_query,
    decode_provide_request,
    decode_remove_objects,
    decode_retrieve_request,
    decode_submission,
)
from xds.hl7v3 import ACKNOWLEDGEMENT, decode_patient_feed
from xds.mime import MimeError, content_id_of_href
from xds.model import (
    EMPTY_SHA1,
    Submission,
    XdsError,
)
from xds.rules import (
    ON_DEMAND_REGISTRATION,
    REGISTRATION,
    RESTRICTED_UPDATE,
    UPDATE,
    CodeSet,
    DocumentPart,
    RulePolicy,
    check,
    check_patient_feed,
    check_provision,
    check_query,
    check_removal,
    check_structure,
    check_update,
    complete,
    is_update_association,
    not_said_yet,
)
from xds.soap import SoapFault, read_envelope
from xds.soap.envelope import ENVELOPE
from xds.transactions import (
    CATALOGUE,
    ITI_18,
    ITI_41,
    ITI_42,
    ITI_43,
    ITI_44,
    ITI_51,
    ITI_57,
    ITI_61,
    ITI_62,
    ITI_86,
    ITI_92,
    Transaction,
    by_action,
    of_request,
)
from xds.xml import parse
from xds.xml.namespaces import SOAP11, SOAP12, WSA, XDSB, XOP_INCLUDE

_FAULT: Final = f"{{{SOAP12}}}Fault"
_DOCUMENT: Final = f"{{{XDSB}}}Document"
_ADDRESSING: Final = "ITI TF-2 V.3.2"
_XOP: Final = "ITI TF-2 V.8"
_ANY_REPOSITORY: Final = "2.999.2.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a message is, and everything that is wrong with it."""

    message: str  # "ITI-42 request", "SOAP fault", …
    findings: tuple[Judged, ...]

    @property
    def is_valid(self) -> bool:
        """No finding is an error."""
        return not any(finding.is_error for finding in self.findings)


def judge(capture: Capture, *, strict: bool, codes: CodeSet | None = None) -> Verdict:
    """Judge a message; without code lists any code is known.

    Raises
    ------
    MalformedXml
        The XML cannot be read.
    """
    return _Judge(capture, strict, codes).verdict()


class _Judge:
    """One message under judgement."""

    def __init__(self, capture: Capture, strict: bool, codes: CodeSet | None) -> None:
        self._capture = capture
        self._strict = strict
        self._policy = RulePolicy(
            strictness="strict" if strict else "field", unknown_patients="accept", codes=codes
        )
        self._root = parse(capture.root)
        self._line = capture.first_line

    def verdict(self) -> Verdict:
        root = self._root
        if root.tag not in (ENVELOPE, f"{{{SOAP11}}}Envelope"):
            name, findings = self._content(root, None)
            return Verdict(message=name, findings=(*schema_findings(root, root, self._line), *findings))
        try:
            envelope = read_envelope(root)
        except SoapFault as fault:
            body = next((item for item in root.iter(*_KNOWN) if isinstance(item.tag, str)), None)
            name, findings = ("SOAP message", []) if body is None else self._content(body, None)
            return Verdict(message=name, findings=(self._soap(fault), *findings))
        name, findings = self._content(envelope.body, envelope.action)
        addressing = self._addressing(envelope.body, envelope.action, envelope.message_id)
        schema = schema_findings(root, envelope.body, self._line)
        return Verdict(message=name, findings=(*schema, *addressing, *findings))

    def _content(self, body: etree._Element, action: str | None) -> tuple[str, list[Judged]]:
        request = of_request(body, action)
        if request is ITI_42 and action is None and _asks_for_update(body):
            request = ITI_57
        if request is not None:
            return f"{request.number} request", list(self._request(request, body))
        if body.tag == ACKNOWLEDGEMENT:
            return "ITI-44 response", list(acknowledgement_findings(body, self._line))
        numbers = [row.number for row in CATALOGUE if row.response == body.tag]
        if numbers:
            answer = answer_findings(body, self._line, self._policy)
            return f"{' or '.join(numbers)} response", [*answer, *self._documents(body)]
        if body.tag == _FAULT:
            return "SOAP fault", []
        known = ", ".join(sorted({etree.QName(row.request).localname for row in CATALOGUE}))
        return "unknown message", [
            Judged(
                code="Sender/ActionNotSupported",
                what=f"{body.tag} is no message of a transaction that is known here",
                remedy=f"Send one of {known}, or an answer to one",
                section="ITI TF-2 3.18, 3.41 to 3.44, 3.51, 3.57, 3.62, 3.86, 3.92",
                line=line_of(body, self._line),
                rule="unknown-body",
            )
        ]

    def _request(self, transaction: Transaction, body: etree._Element) -> Iterator[Judged]:
        findings: list[XdsError] = []
        if transaction is ITI_42:
            submission, decoded = decode_submission(body)
            findings = [*check_structure(decoded, self._policy), *self._registration(submission)]
        elif transaction is ITI_61:
            submission, decoded = decode_submission(body)
            registering = check(ON_DEMAND_REGISTRATION, submission, assumed_facts(submission), self._policy)
            findings = [*check_structure(decoded, self._policy), *registering]
        elif transaction in (ITI_57, ITI_92):
            submission, decoded = decode_submission(body)
            rules = UPDATE if transaction is ITI_57 else RESTRICTED_UPDATE
            updating = check_update(rules, submission, assumed_update_facts(submission), self._policy)
            findings = [*check_structure(decoded, self._policy), *updating]
        elif transaction is ITI_41:
            yield from self._documents(body)
            findings = self._provision(body)
        elif transaction in (ITI_18, ITI_51):
            query, decoded = decode_adhoc_query(body)
            findings = check_query(query, self._policy, transaction.number, decoded)
        elif transaction in (ITI_43, ITI_86):
            findings = list(decode_retrieve_request(body)[1])
        elif transaction is ITI_62:
            request = decode_remove_objects(body)
            findings = check_removal(request, assumed_removal_facts(request.object_ids), self._policy)
        elif transaction in ITI_44:
            findings = check_patient_feed(decode_patient_feed(body), self._policy)
        yield from (judged(item, self._root, self._line) for item in findings)

    def _registration(self, submission: Submission) -> list[XdsError]:
        return check(REGISTRATION, submission, assumed_facts(submission), self._policy)

    def _provision(self, body: etree._Element) -> list[XdsError]:
        submission, decoded, documents = decode_provide_request(body)
        parts = {item.get("id", ""): self._measure(item, submission) for item in documents}
        counts = Counter(item.get("id", "") for item in documents)
        repeated = [name for name, count in counts.items() if count > 1]
        structure = check_structure(decoded, self._policy)
        findings = [*structure, *check_provision(submission, parts, self._policy, repeated)]
        whole = complete(submission, parts, _ANY_REPOSITORY)
        return findings + not_said_yet(self._registration(whole), findings, submission, parts)

    def _measure(self, document: etree._Element, submission: Submission) -> DocumentPart:
        """Hash and size of a document; of one that is not in the file those that its entry has."""
        octets = self._octets(document)
        if octets is not None:
            return DocumentPart(
                size=len(octets), sha1=hashlib.sha1(octets, usedforsecurity=False).hexdigest()
            )
        for entry in submission.document_entries:
            if entry.entry_uuid == document.get("id"):
                size = entry.size or ""
                return DocumentPart(size=int(size) if size.isdecimal() else 0, sha1=entry.hash or EMPTY_SHA1)
        return DocumentPart(size=0, sha1=EMPTY_SHA1)

    def _octets(self, document: etree._Element) -> bytes | None:
        include = document.find(XOP_INCLUDE)
        try:
            if include is not None:
                return self._capture.parts.get(content_id_of_href(include.get("href", "")))
            return base64.b64decode("".join((document.text or "").split()), validate=True)
        except (MimeError, binascii.Error):
            return None

    def _documents(self, body: etree._Element) -> Iterator[Judged]:
        """Judge every xop:Include and every base64 text, and that each part belongs to one."""
        used: list[str] = []
        for document in body.iter(_DOCUMENT):
            include = document.find(XOP_INCLUDE)
            if include is None:
                if self._octets(document) is None:
                    yield self._part(
                        "the text of a Document is not base64", "Send base64, or an xop:Include", document
                    )
                continue
            if (document.text or "").strip() or (include.tail or "").strip() or len(document) > 1:
                yield self._part(
                    "an xop:Include is not the only content", "Leave out what stands beside it", document
                )
            try:
                used.append(content_id_of_href(include.get("href", "")))
            except MimeError as error:
                yield self._part(str(error), "Send cid: and the part's Content-ID", include)
                continue
            if self._capture.is_multipart and used[-1] not in self._capture.parts:
                yield self._part(f"no part has the Content-ID {used[-1]}", "Send the part", include)
            if used.count(used[-1]) > 1:
                yield self._part(
                    f"the part {used[-1]} is referred to twice", "Send it once for each", include
                )
        if used and not self._capture.is_multipart:
            yield self._part(
                "the documents are not in this file, so hash and size are not checked",
                "Validate the whole MIME message", body, is_error=False,
            )  # fmt: skip
        for name in self._capture.parts:
            if name not in used:
                yield self._part(f"nothing refers to the part {name}", "Refer to it, or leave it out", body)
        for name in self._capture.twice:
            yield self._part(f"two parts have the Content-ID {name}", "Give each its own", body)

    def _part(self, what: str, remedy: str, element: etree._Element, *, is_error: bool = True) -> Judged:
        return Judged(
            code="Sender", what=what, remedy=remedy, section=_XOP, location=element.get("id", ""),
            line=line_of(element, self._line), rule="xop", is_error=is_error,
        )  # fmt: skip

    def _soap(self, fault: SoapFault) -> Judged:
        what, _, remedy = fault.reason().partition("; ")
        kind = fault.kind
        return Judged(
            code=f"{kind.code}/{kind.subcode}" if kind.subcode else kind.code,
            what=what.rstrip("."),
            remedy=remedy.rstrip(".")[:1].upper() + remedy.rstrip(".")[1:] or "Send a SOAP 1.2 envelope",
            section=_ADDRESSING,
            line=line_of(self._root, self._line),
            rule=kind.id,
        )

    def _addressing(
        self, body: etree._Element, action: str | None, message_id: str | None
    ) -> Iterator[Judged]:
        """WS-Addressing headers: what the field leaves out without harm is a warning."""
        if body.tag == _FAULT:
            return
        row = of_request(body, action) or next((row for row in CATALOGUE if body.tag == row.response), None)
        is_request = row is not None and body.tag == row.request
        if action is None:
            hint = f" ({row.action if is_request else row.response_action})" if row is not None else ""
            yield self._header("wsa:Action is missing", f"Send it{hint}")
        else:
            told = by_action(action)
            if told is None:
                yield self._header(
                    f"wsa:Action {action} is not known", "Send that of the transaction", is_error=True
                )
            elif body.tag != (told.request if action == told.action else told.response):
                yield self._header(
                    f"wsa:Action {action} does not go with {etree.QName(body).localname}",
                    "Send the pair that belongs together", is_error=True,
                )  # fmt: skip
            if self._root.find(f".//{{{WSA}}}Action[@{{{SOAP12}}}mustUnderstand]") is None:
                yield self._header(
                    "wsa:Action is not marked mustUnderstand", 'Add mustUnderstand="1" (IHE-WSA101)'
                )
        if is_request and message_id is None:
            yield self._header("wsa:MessageID is missing", "Send a fresh urn:uuid: with every request")
        if is_request and self._root.find(f".//{{{WSA}}}ReplyTo") is None:
            yield self._header("wsa:ReplyTo is missing", "Send the anonymous address (IHE-WSA102)")

    def _header(self, what: str, remedy: str, *, is_error: bool | None = None) -> Judged:
        return Judged(
            code="Sender/InvalidAddressingHeader", what=what, remedy=remedy, section=_ADDRESSING,
            line=line_of(self._root, self._line), rule="addressing",
            is_error=self._strict if is_error is None else is_error,
        )  # fmt: skip


def _asks_for_update(body: etree._Element) -> bool:
    """Tell whether a SubmitObjectsRequest of no told transaction means ITI-57."""
    return any(is_update_association(item) for item in decode_submission(body)[0].associations)


_KNOWN: Final = tuple({tag for row in CATALOGUE for tag in (row.request, row.response)})
