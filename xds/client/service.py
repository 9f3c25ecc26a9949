"""One end point of a peer, called through zeep: envelope and WS-Addressing are zeep's, from our own WSDL."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import requests
import zeep
import zeep.wsdl
from lxml import etree

from xds.audit import UNAUDITED, AuditLog
from xds.client.answer import read_answer
from xds.client.assertion import UserAssertion
from xds.client.audited import client_trail, tell_answer
from xds.client.documents import MemoryParts, PartStore, Progress
from xds.client.transport import StreamingTransport, new_session
from xds.mime import OutPart
from xds.model import WSA_ANONYMOUS, new_uuid_urn
from xds.transactions import Role, Transaction
from xds.wss import SigningIdentity
from xds.xml.namespaces import SOAP12, WSA

_ZEEP: Final[Any] = zeep  # zeep is typed here and there only
DEFAULT_SECONDS: Final = 60.0
_WSDL: Final = {
    Role.REGISTRY: "DocumentRegistry.wsdl",
    Role.REPOSITORY: "DocumentRepository.wsdl",
    Role.GATEWAY: "Gateway.wsdl",
    Role.IMAGING: "ImagingDocumentSource.wsdl",
}
_STRAY_PARTS: Final = 1024 * 1024
"""Octets of parts that an answer without documents may bring: a fault may be in one of them."""


class Service:
    """The transactions of one role at one address; threads may share it.

    Parameters
    ----------
    url
        The end point, ``http://host:port/path``.
    timeout
        Seconds to wait for the next octets of an answer.
    session
        Connections of the caller (client certificate, proxies); by default an own pool.
    signing
        What each request is signed with (WS-Security); by default none is.
    assertion
        The user on whose behalf it asks: a SAML 2.0 assertion, sent with every request (ITI-40).

    Raises
    ------
    ValueError
        `url` is not an http or https address, or `assertion` no assertion.
    """

    def __init__(
        self,
        url: str,
        role: Role,
        *,
        timeout: float = DEFAULT_SECONDS,
        session: requests.Session | None = None,
        signing: SigningIdentity | None = None,
        audit: AuditLog = UNAUDITED,
        assertion: bytes | None = None,
    ) -> None:
        try:
            prepared = requests.Request("POST", url).prepare().url or ""
        except requests.RequestException as error:
            raise ValueError(f"{url!r} is not an address: {error}") from None
        if not prepared.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not an address; http:// or https:// was expected")
        self.url = url
        self._role = role
        self._user = () if assertion is None else (UserAssertion(assertion),)
        self._is_own = session is None
        self._session = session or new_session(url)
        self._transport = StreamingTransport(self._session, timeout, signing)
        self._audit = audit

    def close(self) -> None:
        """Close the connections, unless the session came from the caller."""
        if self._is_own:
            self._session.close()

    def call(
        self,
        transaction: Transaction,
        body: bytes,
        *,
        also_expected: frozenset[str] = frozenset(),
        message_id: str | None = None,
        documents: Sequence[OutPart] = (),
        parts: PartStore | None = None,
        progress: Progress | None = None,
        blocks: Sequence[etree._Element] = (),
    ) -> etree._Element:
        """Send a request and return the element of the answer's Body.

        Parameters
        ----------
        body
            The Body's element, encoded by `xds.ebxml`.
        also_expected
            Elements that may stand in the answer besides the transaction's own.
        message_id
            wsa:MessageID; the same again makes a repeat safe. By default a fresh one.
        progress
            Called with the octets sent of a request that has documents, else with those received.
        blocks
            Header blocks beside those of WS-Addressing.

        Raises
        ------
        ClientError
            See `xds.client.errors`.
        AuditUnavailable
            The call was made, and cannot be recorded.
        """
        identity = message_id or new_uuid_urn()
        transport = self._transport.for_call(
            transaction.action, documents if transaction.mtom else None, progress if documents else None
        )
        addressing = _Addressing(identity, blocks)
        with client_trail(self._audit, transaction, self.url, body) as trail:
            response = self._send(transport, transaction.operation, body, addressing)
            answer = read_answer(
                response,
                parts or MemoryParts(_STRAY_PARTS),
                message_id=identity,
                expected=also_expected | {transaction.response},
                progress=None if documents else progress,
            )
            tell_answer(trail, answer)
        return answer

    def _send(
        self, transport: StreamingTransport, operation: str, body: bytes, addressing: "_Addressing"
    ) -> requests.Response:
        """Let zeep build the envelope and send it; what belongs to this call is in this call's objects."""
        client = _ZEEP.Client(
            _definition(self._role),
            transport=transport,
            plugins=[addressing, *self._user],
            settings=_ZEEP.Settings(raw_response=True),
        )
        (port,) = next(iter(client.wsdl.services.values())).ports.values()
        service = client.create_service(port.binding.name, self.url)
        response: requests.Response = service[operation](etree.fromstring(body))
        return response


class _Addressing(zeep.Plugin):
    """What IHE asks of a request beyond zeep's WS-Addressing (ITI TF-2 V.3.2, V.9.2.1)."""

    def __init__(self, message_id: str, blocks: Sequence[etree._Element]) -> None:
        self._message_id = message_id
        self._blocks = blocks

    def egress(
        self, envelope: etree._Element, http_headers: dict[str, str], operation: Any, binding_options: Any
    ) -> tuple[etree._Element, dict[str, str]]:
        """Mark the Action mustUnderstand, say where to answer, and put the caller's MessageID in."""
        (header,) = envelope.iterfind(f"{{{SOAP12}}}Header")
        (action,) = header.iterfind(f"{{{WSA}}}Action")
        action.set(f"{{{SOAP12}}}mustUnderstand", "1")
        (identity,) = header.iterfind(f"{{{WSA}}}MessageID")
        identity.text = self._message_id
        reply_to = etree.SubElement(header, f"{{{WSA}}}ReplyTo")
        etree.SubElement(reply_to, f"{{{WSA}}}Address").text = WSA_ANONYMOUS
        header.extend(self._blocks)
        return envelope, http_headers


class _ReadyBody:
    """Stands where zeep would build the Body from values: the element is there already, made by `xds.ebxml`.

    zeep's own values keep neither an attribute that a schema does not name nor the order of Slots.
    """

    def __init__(self, qname: str) -> None:
        self._qname = qname

    def __call__(self, element: etree._Element) -> etree._Element:
        """Take the element for a value, if it is the one that the WSDL names."""
        if element.tag != self._qname:
            raise ValueError(f"{element.tag} where the WSDL has {self._qname}")
        return element

    def render(self, parent: etree._Element, element: etree._Element) -> None:
        """Put the element into the Body."""
        parent.append(element)


@cache
def _definition(role: Role) -> Any:
    """Our WSDL as zeep understands it, loaded at the first call of the process."""
    location = str(files("xds.wsdl") / _WSDL[role])
    document = _ZEEP.wsdl.Document(location, _ZEEP.Transport())
    for binding in document.bindings.values():
        for operation in binding.all().values():
            operation.input.body = _ReadyBody(operation.input.body.qname.text)
    return document
