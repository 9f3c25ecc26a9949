"""AdhocQuery ⇄ query:AdhocQueryRequest, and query:AdhocQueryResponse (ITI TF-2 3.18.4.1.2, 3.18.4.1.3)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from xds.ebxml.fragments import SLOT, Findings, children, encode_slot, slot_values
from xds.ebxml.response import decode_error_list, encode_error_list
from xds.ebxml.submission import REGISTRY_OBJECT_LIST, decode_objects
from xds.ebxml.text import escape, home_attribute
from xds.model import (
    AdhocQuery,
    QuerySlot,
    RegistryError,
    ResponseStatus,
    ReturnType,
    Submission,
    UnknownStoredQuery,
    XdsError,
)
from xds.xml import parse
from xds.xml.namespaces import QUERY, RIM, RS

ADHOC_QUERY_REQUEST: Final = f"{{{QUERY}}}AdhocQueryRequest"
ADHOC_QUERY_RESPONSE: Final = f"{{{QUERY}}}AdhocQueryResponse"
_ADHOC_QUERY = f"{{{RIM}}}AdhocQuery"
_RESPONSE_OPTION = f"{{{QUERY}}}ResponseOption"
_WITH_HOME: Final = frozenset(
    f"{{{RIM}}}{name}" for name in ("ExtrinsicObject", "RegistryPackage", "ObjectRef")
)
_ITEM = re.compile(r"""\s*(?:'((?:[^']|'')*)'|"([^"]*)"|([^'"(),]+))\s*""")
_RETURN_TYPES: Final[dict[str, ReturnType]] = {item.value: item for item in ReturnType}
_NUMBER = re.compile(r"\d+")
VALUE_LENGTH: Final = 256
"""rim:Value holds no more; a longer list is spread over several (ITI TF-2 3.18.4.1.2.3.4)."""


def adhoc_query_id(element: etree._Element) -> str:
    """The id of the stored query that a query:AdhocQueryRequest asks; empty when there is none."""
    query = element.find(_ADHOC_QUERY)
    return "" if query is None else query.get("id", "").strip()


def decode_adhoc_query(element: etree._Element) -> tuple[AdhocQuery, tuple[XdsError, ...]]:
    """Decode a query:AdhocQueryRequest and read the notation of its values.

    Returns
    -------
    The query as far as it can be read, and an XDSRegistryError for each value whose notation cannot be.
    """
    findings: list[XdsError] = []
    option, query = element.find(_RESPONSE_OPTION), element.find(_ADHOC_QUERY)
    return_type: ReturnType | str = (
        "RegistryObject" if option is None else option.get("returnType", "RegistryObject")
    )
    return_type = _RETURN_TYPES.get(return_type, return_type)
    if query is None:
        findings.append(UnknownStoredQuery("AdhocQuery is missing", rule="18-adhoc-query"))
        return AdhocQuery(query_id="", return_type=return_type), tuple(findings)
    slots = []
    for child in children(query, SLOT):
        name = child.get("name", "")
        texts = slot_values(child)
        try:
            slots.append(read_values(name, texts))
        except ValueError as error:
            findings.append(RegistryError(f"{name}: {error}", location=name, rule="18-notation"))
    decoded = AdhocQuery(
        query_id=adhoc_query_id(element),
        return_type=return_type,
        slots=tuple(slots),
        home_community_id=query.get("home"),
    )
    return decoded, tuple(findings)


def read_values(name: str, texts: Iterable[str]) -> QuerySlot:
    """Read the Values of one Slot (ITI TF-2 3.18.4.1.2.3.3 to .5).

    Raises
    ------
    ValueError
        A quote or a parenthesis is not closed, or text stands beside a quoted value.
    """
    values: list[str] = []
    is_list = unquoted = False
    for raw in texts:
        text = raw.strip()
        inner = text
        if text.startswith("("):
            if not text.endswith(")"):
                raise ValueError(f"{text[:60]!r} opens a parenthesis and does not close it")
            is_list, inner = True, text[1:-1]
        position = 0
        while position < len(inner) or not values:
            match = _ITEM.match(inner, position)
            if match is None:
                raise ValueError(f"{text[:60]!r} cannot be read")
            quoted, double, bare = match.groups()
            values.append(_value(quoted, double, bare))
            unquoted |= bare is not None and _NUMBER.fullmatch(bare.strip()) is None
            position = match.end()
            if position == len(inner):
                break
            if inner[position] != ",":
                raise ValueError(f"{text[:60]!r}: a comma was expected after {values[-1][:40]!r}")
            position += 1
    return QuerySlot(name=name, values=tuple(values), is_list=is_list, unquoted=unquoted)


def _value(quoted: str | None, double: str | None, bare: str | None) -> str:
    if quoted is not None:
        return quoted.replace("''", "'").strip()
    return (double if double is not None else bare or "").strip()


def encode_adhoc_query(query: AdhocQuery) -> bytes:
    """Encode a query:AdhocQueryRequest, namespaces declared; long lists are spread over Values."""
    slots = "".join([encode_slot(slot.name, _texts(slot)) for slot in query.slots])
    return (
        f'<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}">'
        f'<query:ResponseOption returnComposedObjects="true" returnType="{escape(str(query.return_type))}"/>'
        f'<rim:AdhocQuery{home_attribute(query.home_community_id)} id="{escape(query.query_id)}">{slots}'
        "</rim:AdhocQuery></query:AdhocQueryRequest>"
    ).encode()


def _texts(slot: QuerySlot) -> list[str]:
    values = [value if slot.unquoted else "'" + value.replace("'", "''") + "'" for value in slot.values]
    if not slot.is_list:
        return values
    texts: list[str] = []
    batch: list[str] = []
    for value in values:
        if batch and sum(len(item) + 1 for item in batch) + len(value) + 1 > VALUE_LENGTH:
            texts.append(f"({','.join(batch)})")
            batch = []
        batch.append(value)
    return [*texts, f"({','.join(batch)})"] if batch else texts


def encode_query_response(
    status: ResponseStatus, findings: Iterable[XdsError], objects: Iterable[bytes]
) -> list[bytes]:
    """Encode a query:AdhocQueryResponse as pieces: the list is there even when it is empty.

    Parameters
    ----------
    objects
        Fragments ready to send, with the prefix ``rim:``.
    """
    head = (
        f'<query:AdhocQueryResponse xmlns:query="{QUERY}" xmlns:rim="{RIM}" xmlns:rs="{RS}"'
        f' status="{status.value}">{encode_error_list(findings)}<rim:RegistryObjectList>'
    ).encode()
    return [head, *objects, b"</rim:RegistryObjectList></query:AdhocQueryResponse>"]


def encode_object_ref(entry_uuid: str, home_community_id: str | None) -> bytes:
    """Encode a rim:ObjectRef (ITI TF-2 3.18.4.1.2.3.1)."""
    return f'<rim:ObjectRef{home_attribute(home_community_id)} id="{escape(entry_uuid)}"/>'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResponse:
    """A decoded query:AdhocQueryResponse."""

    status: ResponseStatus
    findings: tuple[XdsError, ...]
    objects: Submission


def decode_query_response(element: etree._Element) -> QueryResponse:
    """Decode a query:AdhocQueryResponse, leniently: an absent status is a Failure."""
    listed = element.find(REGISTRY_OBJECT_LIST)
    objects = Submission() if listed is None else decode_objects(listed, Findings())
    return QueryResponse(status=_status(element), findings=decode_error_list(element), objects=objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawQueryResponse:
    """A query:AdhocQueryResponse whose objects are passed on as they came."""

    status: ResponseStatus
    findings: tuple[XdsError, ...]
    objects: tuple[bytes, ...]  # fragments ready to send, each one or more elements


def split_query_response(pieces: Sequence[bytes]) -> RawQueryResponse:
    """Take apart what `encode_query_response` made; the objects are not parsed."""
    head = parse(pieces[0] + pieces[-1])
    objects = tuple(piece for piece in pieces[1:-1] if piece)
    return RawQueryResponse(status=_status(head), findings=decode_error_list(head), objects=objects)


def with_home(element: etree._Element, home: str | None = None) -> tuple[RawQueryResponse, int]:
    """Read a peer's query:AdhocQueryResponse, leaving out objects that nobody could ask for again.

    Parameters
    ----------
    home
        homeCommunityId for objects without one: those of a registry of this community.

    Returns
    -------
    The answer, and how many ExtrinsicObjects, RegistryPackages and ObjectRefs were left out because they have no
    homeCommunityId (ITI TF-2 3.38.4.1.3).
    """
    listed = element.find(REGISTRY_OBJECT_LIST)
    kept, homeless = [], 0
    for child in [] if listed is None else listed.iterchildren(tag=etree.Element):
        if child.tag in _WITH_HOME and not (child.get("home") or "").strip():
            if home is None:
                homeless += 1
                continue
            child.set("home", home)
        kept.append(etree.tostring(child, with_tail=False, encoding="UTF-8"))
    answer = RawQueryResponse(
        status=_status(element), findings=decode_error_list(element), objects=tuple(kept)
    )
    return answer, homeless


def _status(element: etree._Element) -> ResponseStatus:
    """An absent status is a Failure: nothing was promised."""
    try:
        return ResponseStatus(element.get("status", ""))
    except ValueError:
        return ResponseStatus.FAILURE
