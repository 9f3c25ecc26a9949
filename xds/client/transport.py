"""HTTP under zeep: sends what zeep built together with the documents of one call, hands back an unread answer."""

import copy
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import zeep
from lxml import etree
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from xds.client.documents import Progress
from xds.client.errors import DocumentNotSent, ServiceUnavailable
from xds.mime import OutPart, PartLengthMismatch, related
from xds.wss import Attachments, SigningIdentity, sign

CONNECT_SECONDS: Final = 10.0
_CONNECTIONS: Final = 64  # kept open to one peer: as many threads as a process has
_HTTPS: Final = "https://"
_LOOPBACK: Final = ("127.", "::1", "localhost")


def new_session(url: str, tls: ssl.SSLContext | None = None) -> requests.Session:
    """Return a session with its own pool of connections; its user closes it.

    Parameters
    ----------
    tls
        Whom to trust and what to show of oneself (`xds.pki.client_context`); by default the authorities of requests,
        and no client certificate.
    """
    session = requests.Session()
    for scheme in ("http://", _HTTPS):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS))
    if tls is not None:
        use_tls(session, tls)
    # The proxy that the environment names knows another loopback interface than ours.
    session.trust_env = not (urlsplit(url).hostname or "").startswith(_LOOPBACK)
    return session


def use_tls(session: requests.Session, tls: ssl.SSLContext) -> None:
    """Make new connections of a session by this context; one in use ends when its answer is there."""
    former = session.adapters.get(_HTTPS)
    # Not `mount`, which takes the other adapters out for a moment: requests of other threads would find none.
    session.adapters[_HTTPS] = _TlsAdapter(tls)
    if former is not None:
        former.close()


class _TlsAdapter(HTTPAdapter):
    """Connections by one TLS context, which says all there is to say."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_maxsize=_CONNECTIONS)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Make the pool with the context."""
        super().init_poolmanager(*arguments, **named, ssl_context=self._context)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Nothing: requests would add the authorities of the public web to those of the context."""
        conn.cert_reqs = "CERT_REQUIRED"


class StreamingTransport(zeep.Transport):
    """zeep's transport, except that documents are streamed and no answer is read here.

    zeep would hold each part in memory and strip the line end that a document ends with.
    """

    def __init__(
        self, session: requests.Session, seconds: float, signing: SigningIdentity | None = None
    ) -> None:
        super().__init__(session=session)  # type: ignore[no-untyped-call]  # zeep's is not typed
        self._seconds = seconds
        self._signing = signing
        self._action = ""
        self._documents: Sequence[OutPart] | None = None
        self._progress: Progress | None = None

    def for_call(
        self, action: str, documents: Sequence[OutPart] | None, progress: Progress | None
    ) -> "StreamingTransport":
        """Return a transport of one call on the same connections; with documents, even none, it sends MTOM."""
        call = copy.copy(self)
        call._action, call._documents, call._progress = action, documents, progress
        return call

    def post_xml(self, address: str, envelope: etree._Element, headers: dict[str, str]) -> requests.Response:
        """Send an envelope and return the answer, its body still to be read.

        Raises
        ------
        ServiceUnavailable
            No connection, or no answer in time.
        DocumentNotSent
            A document failed or changed on the way.
        """
        if self._signing is not None:
            sign(envelope, self._signing, attachments=_attachments(self._documents))
        octets = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        sent = {"Content-Type": headers["Content-Type"], "Accept-Encoding": "identity"}
        body: bytes | _Body = octets
        if self._documents is not None:
            message = related(octets, self._documents, action=self._action)
            sent["Content-Type"] = message.content_type
            body = _Body(message.pieces, message.content_length, self._progress)
        try:
            return self.session.post(
                address,
                data=body,
                headers=sent,
                timeout=(min(CONNECT_SECONDS, self._seconds), self._seconds),
                stream=True,
                allow_redirects=False,  # a redirected POST would become a GET
            )
        except PartLengthMismatch as error:
            raise DocumentNotSent(f"a document changed while it was sent: {error}") from error
        except requests.RequestException as error:
            raise ServiceUnavailable(f"{address} {_explain(error, self._seconds)}") from error


def _attachments(documents: Sequence[OutPart] | None) -> Attachments:
    """The documents of a call as its body refers to them; each is read once more to be signed."""
    return {f"cid:{part.content_id}": part.pieces for part in documents or ()}


class _Body:
    """An iterable with a length: requests then sends Content-Length instead of chunks."""

    def __init__(self, pieces: Iterator[bytes], length: int, progress: Progress | None) -> None:
        self._pieces = pieces
        self._length = length
        self._progress = progress

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._pieces:
            yield piece
            sent += len(piece)
            if self._progress is not None:
                self._progress(sent, self._length)


class AnswerStream:
    """The octets of an answer as `xds.mime` reads them.

    Raises
    ------
    ServiceUnavailable
        From `read`: the connection broke before the end, or nothing came for too long.
    """

    def __init__(self, response: requests.Response, progress: Progress | None) -> None:
        self._response = response
        self._progress = progress
        self._received = 0
        length = response.headers.get("Content-Length", "")
        self._total = int(length) if length.isdecimal() else None

    def read(self, size: int) -> bytes:
        """Return 1 to `size` octets, none at the end."""
        try:
            piece: bytes = self._response.raw.read(size, decode_content=True)
        except (HTTPError, OSError) as error:
            raise ServiceUnavailable(
                f"{self._response.url} broke the connection after {self._received} octets of its answer"
            ) from error
        self._received += len(piece)
        if piece and self._progress is not None:
            self._progress(self._received, self._total)
        return piece


def _explain(error: requests.RequestException, seconds: float) -> str:
    causes = list(_causes(error))
    if isinstance(error, requests.ConnectTimeout):
        return "cannot be reached: no connection in time; are host and port right, is a firewall between?"
    if isinstance(error, requests.Timeout):
        return f"did not answer within {seconds:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return f"cannot be trusted over TLS: {causes[-1]}"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "cannot be reached: connection refused; is the service running?"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be reached: the host name is not known; is the address right?"
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return f"cannot be reached: {causes[-1]}"
    return "broke the connection before it answered"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The chain below an error; requests and urllib3 also wrap causes as arguments."""
    while error is not None:
        yield error
        inner = [item for item in error.args if isinstance(item, BaseException)]
        reason = getattr(error, "reason", None)
        if isinstance(reason, BaseException):
            inner.append(reason)
        error = inner[0] if inner else error.__cause__ or error.__context__
