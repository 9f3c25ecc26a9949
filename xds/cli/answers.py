"""Answers of others judged: status, error list, objects and documents (ITI TF-3 4.2.4)."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from xds.cli.judged import Judged, judged, line_of
from xds.ebxml import (
    ADHOC_QUERY_RESPONSE,
    REGISTRY_RESPONSE,
    RETRIEVE_RESPONSE,
    Findings,
    decode_registry_response,
)
from xds.ebxml.submission import REGISTRY_OBJECT_LIST, decode_objects
from xds.model import ResponseStatus, Severity, error_class
from xds.rules import RulePolicy, check_structure
from xds.xml.namespaces import RS, XDSB

_ERROR_LIST: Final = f"{{{RS}}}RegistryErrorList"
_ERROR: Final = f"{{{RS}}}RegistryError"
_DOCUMENT_RESPONSE: Final = f"{{{XDSB}}}DocumentResponse"
_STATUS_SECTION: Final = "ITI TF-3 4.2.4.2"
_ERRORS_SECTION: Final = "ITI TF-3 4.2.4.1"
_OTHER_CODES: Final = frozenset(
    f"XDS{name}"
    for name in (
        "ReplaceFailed",
        "UnavailableCommunity",
        "MetadataUpdateError",
        "PatientIDReconciliationError",
        "MetadataUpdateOperationError",
        "MetadataVersionError",
        "ObjectTypeError",
        "MetadataIdentifierError",
        "InvalidRequestException",
        "MetadataAnnotationError",
    )
)
"""Codes of the table and of supplements that this project never sends."""
_STATUSES: Final = ", ".join(status.rpartition(":")[2] for status in ResponseStatus)


def answer_findings(body: etree._Element, first_line: int, policy: RulePolicy) -> Iterator[Judged]:
    """Judge a RegistryResponse, AdhocQueryResponse or RetrieveDocumentSetResponse."""
    holder = body.find(REGISTRY_RESPONSE) if body.tag == RETRIEVE_RESPONSE else body
    if holder is None:
        yield _wrong(
            "the RegistryResponse is missing",
            "Send it as the first element",
            _STATUS_SECTION,
            body,
            first_line,
        )
        return
    yield from _status(body, holder, first_line)
    for element in holder.iterfind(f"{_ERROR_LIST}/{_ERROR}"):
        yield from _error(element, body, first_line)
    listed = body.find(REGISTRY_OBJECT_LIST)
    if body.tag == ADHOC_QUERY_RESPONSE:
        if listed is None:
            yield _wrong(
                "the RegistryObjectList is missing", "Send it, empty when nothing was found",
                "ITI TF-3 4.2.4", body, first_line,
            )  # fmt: skip
        else:
            findings = Findings()
            decode_objects(listed, findings)
            counting = check_structure(findings.errors, policy)
            yield from (judged(item, body, first_line) for item in counting)


def _status(body: etree._Element, holder: etree._Element, first_line: int) -> Iterator[Judged]:
    given = holder.get("status")
    if given not in list(ResponseStatus):
        what = "the status is missing" if given is None else f"the status {given} is none of the standard"
        yield _wrong(what, f"Send {_STATUSES} by its URN", _STATUS_SECTION, holder, first_line)
        return
    response = decode_registry_response(holder)
    has_errors = any(finding.is_error for finding in response.findings)
    documents, objects = body.findall(_DOCUMENT_RESPONSE), body.findall(f"{REGISTRY_OBJECT_LIST}/*")
    status, what = response.status, ""
    if status is ResponseStatus.SUCCESS and has_errors:
        what = "the status is Success and an Error is listed"
    elif status is not ResponseStatus.SUCCESS and not has_errors:
        what = f"the status is {status.rpartition(':')[2]} and no Error is listed"
    elif status is ResponseStatus.PARTIAL_SUCCESS and body.tag == REGISTRY_RESPONSE:
        what = "a submission has no PartialSuccess: all of it is stored or nothing"
    elif status is ResponseStatus.FAILURE and (documents or objects):
        what = "the status is Failure and there are results"
    elif status is ResponseStatus.PARTIAL_SUCCESS and body.tag == RETRIEVE_RESPONSE and not documents:
        what = "the status is PartialSuccess and no document is there"
    if what:
        yield _wrong(
            what, "Send the status that Tables 4.2.4.2-1 to -4 give", _STATUS_SECTION, holder, first_line
        )
    listed = holder.find(_ERROR_LIST)
    worst = Severity.ERROR if has_errors else Severity.WARNING
    if listed is not None and listed.get("highestSeverity", worst.value) != worst.value:
        yield _wrong(
            f"highestSeverity is not that of the worst entry, {worst.rpartition(':')[2]}",
            "Send that, or leave it out", _ERRORS_SECTION, listed, first_line,
        )  # fmt: skip


def _error(element: etree._Element, body: etree._Element, first_line: int) -> Iterator[Judged]:
    code, severity = element.get("errorCode", ""), element.get("severity")
    if code.startswith("XDS") and error_class(code) is None and code not in _OTHER_CODES:
        yield _wrong(
            f"errorCode {code} is no code of the standard",
            "Send one of Table 4.2.4.1-2; an extension does not begin with XDS",
            "ITI TF-3 Table 4.2.4.1-2", element, first_line,
        )  # fmt: skip
    elif ":" in code:
        yield _wrong(
            f"errorCode {code} has a prefix",
            "Send the code alone",
            "ITI TF-3 Table 4.2.4.1-2",
            element,
            first_line,
        )
    if severity not in list(Severity):
        what = "severity is missing" if severity is None else f"severity {severity} is none of the standard"
        yield _wrong(what, "Send Error or Warning by its URN", _ERRORS_SECTION, element, first_line)
    if not element.get("codeContext"):
        yield _wrong(
            "codeContext is missing or empty", "Say what was wrong", _ERRORS_SECTION, element, first_line
        )
    if body.tag == RETRIEVE_RESPONSE and not element.get("location"):
        yield _wrong(
            "location is missing", "Send the DocumentUniqueId of the document concerned",
            "ITI TF-2 3.43.5", element, first_line,
        )  # fmt: skip


def _wrong(what: str, remedy: str, section: str, element: etree._Element, first_line: int) -> Judged:
    return Judged(
        code="XDSRegistryError",
        what=what,
        remedy=remedy,
        section=section,
        location=etree.QName(element).localname,
        line=line_of(element, first_line),
        rule="answer",
    )
