"""The octets of a step's message: body by the codecs, changed where the plan says so, packed for the wire."""

import base64
import re
from collections.abc import Mapping
from typing import Any, Final, cast

from lxml import etree

from xds.conformance.metadata import submission_of
from xds.conformance.names import Names
from xds.conformance.plan import Edit, Hl7Spec, PlanError, QuerySpec, Step
from xds.conformance.wire import PREFIXES, Message, Wire, wires
from xds.ebxml import encode_provide_request, encode_retrieve_request, encode_submission
from xds.mime import OutPart, related
from xds.model import WSA_ANONYMOUS, DocumentRequest, StoredQuery
from xds.xml import namespaces as ns
from xds.xml import parse

SOAP_TYPE: Final = "application/soap+xml"
SEGMENT_END: Final = "\r"


def compose(step: Step, names: Names, url: str) -> Message:
    """Make the SOAP request of a step.

    Raises
    ------
    PlanError
        The plan is wrong: an edit finds nothing, a query is not known.
    UnknownName
        It needs what no answer gave.
    """
    wire = wires()[step.transaction]
    documents = _documents(step, names)
    body = _edited(_body(step, names, documents), step.edit, names)
    packing = step.envelope.packing or ("mtom" if wire.mtom else "plain")
    if packing == "inline-mtom":
        for content_id, content in documents.values():
            reference = f'<xop:Include href="cid:{content_id}"/>'.encode()
            body = re.sub(re.escape(reference), base64.b64encode(content), body)
    root = _envelope(step, names, body, wire, url)
    if packing != "plain":
        separate = documents.values() if packing == "mtom" else ()
        parts = [_part(content_id, content) for content_id, content in separate]
        message = related(root, parts, action=wire.action)
        return Message(content_type=message.content_type, octets=b"".join(message.pieces))
    kind = names.text(step.envelope.content_type) or f'{SOAP_TYPE}; charset=UTF-8; action="{wire.action}"'
    return Message(content_type=kind, octets=root)


def _part(content_id: str, content: bytes) -> OutPart:
    return OutPart(
        content_id=content_id,
        content_type="application/octet-stream",
        size=len(content),
        pieces=lambda: iter((content,)),
    )


def message_id(step: Step, names: Names) -> str:
    """wsa:MessageID of a step's request."""
    return names.text(step.envelope.message_id) or names[f"uuid.message.{step.id}"]


def _documents(step: Step, names: Names) -> dict[str, tuple[str, bytes]]:
    """By the id of the entry: Content-ID and octets."""
    if step.submission is None or wires()[step.transaction].role != "repository":
        return {}
    return {
        names[f"uuid.{table['id']}"]: (f"{table['id']}@conformance.invalid", names.document(table["id"]))
        for table in step.submission.documents
        if table.get("attach", True)
    }


def _body(step: Step, names: Names, documents: Mapping[str, tuple[str, bytes]]) -> bytes:
    if step.submission is not None:
        provided = step.transaction == "ITI-41"
        made = submission_of(step.submission, names, step=step.id, provided=provided)
        if provided:
            return encode_provide_request(made, [(key, item[0]) for key, item in documents.items()])
        return encode_submission(made)
    if step.query is not None:
        return _query(step.query, names)
    if step.retrieve:
        return encode_retrieve_request(
            DocumentRequest(
                repository_unique_id=names.text(item.repository),
                document_unique_id=names.text(item.document),
                home_community_id=names.text(item.home) or None,
            )
            for item in step.retrieve
        )
    return names.text(step.body, xml=True).encode()


def _query(spec: QuerySpec, names: Names) -> bytes:
    """Written here, not by the codec: each rim:Value stands as the plan has it, quotes and parentheses too."""
    element = etree.Element(f"{{{ns.QUERY}}}AdhocQueryRequest", nsmap={"query": ns.QUERY, "rim": ns.RIM})
    etree.SubElement(
        element,
        f"{{{ns.QUERY}}}ResponseOption",
        returnComposedObjects="true",
        returnType=spec.return_type,
    )
    query = etree.SubElement(element, f"{{{ns.RIM}}}AdhocQuery", id=_query_id(spec))
    if spec.home:
        query.set("home", names.text(spec.home))
    for name, *values in spec.parameters:
        query.append(_slot(name, tuple(names.text(value) for value in values)))
    return etree.tostring(element)


def _query_id(spec: QuerySpec) -> str:
    if spec.id:
        return spec.id
    known = {"".join(word.capitalize() for word in item.name.split("_")): item.value for item in StoredQuery}
    if spec.name not in known:
        raise PlanError(f"no stored query is named {spec.name}; give its id")
    return known[spec.name]


def _slot(name: str, values: tuple[str, ...]) -> etree._Element:
    slot = etree.Element(f"{{{ns.RIM}}}Slot", name=name, nsmap={"rim": ns.RIM})
    listed = etree.SubElement(slot, f"{{{ns.RIM}}}ValueList")
    for value in values:
        etree.SubElement(listed, f"{{{ns.RIM}}}Value").text = value
    return slot


def _edited(body: bytes, edits: tuple[Edit, ...], names: Names) -> bytes:
    if not edits:
        return body
    root = parse(body)
    for edit in edits:
        where = names.text(edit.at)
        found = cast(list[Any], root.xpath(where, namespaces=PREFIXES))
        if not found:
            raise PlanError(f"nothing is at {where} to be changed")
        for element in found:
            _edit(element, edit, names)
    return etree.tostring(root)


def _edit(element: etree._Element, edit: Edit, names: Names) -> None:
    for name, value in edit.set.items():
        element.set(name, names.text(value))
    for name in edit.unset:
        del element.attrib[name]
    if edit.text is not None:
        element.text = names.text(edit.text)
    for name, values in edit.slots.items():
        element.insert(0, _slot(name, tuple(names.text(value) for value in values)))
    if edit.append:
        declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in PREFIXES.items())
        wrapped = parse(f"<x {declared}>{names.text(edit.append, xml=True)}</x>".encode())
        for child in list(wrapped):
            element.append(child)
    if edit.remove:
        parent = element.getparent()
        if parent is None:
            raise PlanError("the whole body cannot be removed")
        parent.remove(element)


def _envelope(step: Step, names: Names, body: bytes, wire: Wire, url: str) -> bytes:
    given = step.envelope
    soap = ns.SOAP11 if given.soap11 else ns.SOAP12
    action = wire.action if given.action is None else given.action
    lines = [f'<wsa:Action env:mustUnderstand="1">{action}</wsa:Action>'] if action else []
    lines += [
        f"<wsa:MessageID>{message_id(step, names)}</wsa:MessageID>",
        f"<wsa:ReplyTo><wsa:Address>{given.reply_to or WSA_ANONYMOUS}</wsa:Address></wsa:ReplyTo>",
        f"<wsa:To>{url}</wsa:To>",
        names.text(given.headers, xml=True),
    ]
    head = f'<env:Envelope xmlns:env="{soap}" xmlns:wsa="{ns.WSA}"><env:Header>{"".join(lines)}</env:Header>'
    return head.encode() + b"<env:Body>" + body + b"</env:Body></env:Envelope>"


def compose_hl7(step_id: str, spec: Hl7Spec, names: Names) -> bytes:
    """Make an HL7 v2 message: segments end in a carriage return, UTF-8 (MSH-18)."""
    kind = f"ADT^{spec.event}" + (f"^{spec.structure}" if spec.structure else "")
    control = names[f"oid.message.{step_id}"].rpartition(".")[2][-18:]
    head = (
        f"MSH|^~\\&|{names.text(spec.sender)}|LAKEVIEW|REGISTRY|DOMAIN|{names['now']}||{kind}|{control}|P"
        f"|{spec.version}||||||UNICODE UTF-8"
    )
    lines = [head, f"EVN|{spec.event}|{names['now']}", *(names.text(segment) for segment in spec.segments)]
    return (SEGMENT_END.join(lines) + SEGMENT_END).encode()
