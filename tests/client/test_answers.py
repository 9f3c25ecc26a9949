"""Answers that are none: faults wherever they stand, pages of proxies, cut and foreign messages."""

import time

import pytest

from tests.samples import builders
from xds.client import ClientError, RegistryClient, ServiceUnavailable, SoapFault, UnreadableAnswer
from xds.xml.namespaces import SOAP11

from .peer import SUCCESS, WSA, Answer, Peer, closed_port, envelope, multipart

FAULT = (
    "<s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>x:Outer</s:Value><s:Subcode>"
    "<s:Value>x:Inner</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason>"
    '<s:Text xml:lang="fr">Trop occupé</s:Text><s:Text xml:lang="en-CA">Too busy</s:Text></s:Reason>'
    "<s:Detail><x>id-7</x></s:Detail></s:Fault>"
)
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>\n<h1>nginx</h1></body></html>"


def register(client: RegistryClient) -> object:
    """Make the peer answer."""
    return client.register(builders.submission())


@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_fault_with_any_status(status: int, registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(FAULT), status=status)
    with pytest.raises(SoapFault) as caught:
        register(registry)
    fault = caught.value
    assert (fault.code, fault.subcodes, fault.reason) == ("Receiver", ("Outer", "Inner"), "Too busy")
    assert (fault.detail, fault.status) == ("id-7", status)


def test_fault_of_soap_11(registry: RegistryClient, peer: Peer) -> None:
    fault = (
        f'<e:Envelope xmlns:e="{SOAP11}"><e:Body><e:Fault><faultcode>e:Client.Authentication</faultcode>'
        "<faultstring>Who are you?</faultstring><detail><d>id-8</d></detail></e:Fault></e:Body></e:Envelope>"
    )
    peer.answers(fault.encode(), "text/xml", status=500)
    with pytest.raises(SoapFault) as caught:
        register(registry)
    error = caught.value
    assert (error.code, error.subcodes) == ("Client", ("Authentication",))
    assert (error.reason, error.detail) == ("Who are you?", "id-8")


def test_fault_in_a_multipart_answer(registry: RegistryClient, peer: Peer) -> None:
    body, content_type = multipart([("root", "application/xop+xml", envelope(FAULT))])
    peer.answers(body, content_type, status=500)
    with pytest.raises(SoapFault, match="Too busy"):
        register(registry)


def test_fault_in_another_part_than_the_root(registry: RegistryClient, peer: Peer) -> None:
    body, content_type = multipart(
        [("a", "text/plain", b"see below"), ("b", "application/soap+xml", envelope(FAULT))]
    )
    peer.answers(body, content_type)
    with pytest.raises(SoapFault, match="Too busy"):
        register(registry)


def test_start_names_a_part_that_is_not_there(registry: RegistryClient, peer: Peer) -> None:
    body, content_type = multipart([("root", "application/xop+xml", envelope(SUCCESS))], start="other")
    peer.answers(body, content_type)
    assert registry.register(builders.submission()).is_success


def test_page_of_a_proxy(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(PAGE, "text/html", status=502)
    with pytest.raises(UnreadableAnswer) as caught:
        register(registry)
    assert caught.value.status == 502
    assert caught.value.excerpt.startswith("<html><head><title>502 Bad Gateway")
    assert "HTTP 502 with text/html, not a SOAP message" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(b""), "message is empty"),
        (Answer(envelope(SUCCESS)[:-20]), "not well-formed XML"),
        (Answer(b"<other/>"), "its root is other"),
        (Answer(envelope("")), "without content in its Body"),
        (Answer(envelope("<x/>")), "RegistryResponse was expected"),
        (Answer(b"<!DOCTYPE a []>" + envelope(SUCCESS)), "DOCTYPE"),
        (Answer(b"", status=302, headers={"Location": "https://login.example/"}), "refers to https://login"),
        (Answer(b"--b\r\n\r\nx", "multipart/related; boundary=b"), "multipart message that cannot be read"),
        (Answer(b"x", "multipart/related"), "no boundary"),
    ],
    ids=["empty", "cut", "foreign", "no-body", "other-body", "doctype", "redirect", "parts", "boundary"],
)
def test_unreadable(answer: Answer, said: str, registry: RegistryClient, peer: Peer) -> None:
    peer.respond = lambda _request: answer
    with pytest.raises(UnreadableAnswer, match=said):
        register(registry)


def test_answer_to_another_request(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(SUCCESS, "<a:RelatesTo>urn:uuid:other</a:RelatesTo>"))
    with pytest.raises(UnreadableAnswer, match="an answer to urn:uuid:other"):
        register(registry)


def test_answer_to_this_request(registry: RegistryClient, peer: Peer) -> None:
    peer.respond = lambda request: Answer(
        envelope(SUCCESS, f'<w:RelatesTo xmlns:w="{WSA}"> {request.message_id}\n</w:RelatesTo>')
    )
    assert registry.register(builders.submission()).is_success


def test_chunked_answer(registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(SUCCESS + "<!--" + "x" * 5000 + "-->"), chunked=True)
    assert registry.register(builders.submission()).is_success


@pytest.mark.parametrize("chunked", [False, True])
def test_connection_broken_within_the_answer(chunked: bool, registry: RegistryClient, peer: Peer) -> None:
    peer.answers(envelope(SUCCESS), cut=10, chunked=chunked)
    with pytest.raises(ServiceUnavailable, match=r"broke the connection after \d+ octets"):
        register(registry)


def test_nobody_listens() -> None:
    with (
        RegistryClient(f"http://127.0.0.1:{closed_port()}/x") as client,
        pytest.raises(ServiceUnavailable, match="connection refused; is the service running"),
    ):
        register(client)


def test_no_answer_in_time(peer: Peer) -> None:
    def slow(_request: object) -> Answer:
        time.sleep(0.5)
        return Answer(envelope(SUCCESS))

    peer.respond = slow
    with (
        RegistryClient(peer.url, timeout=0.1) as client,
        pytest.raises(ServiceUnavailable, match=r"did not answer within 0\.1 s"),
    ):
        register(client)


@pytest.mark.parametrize("url", ["ftp://a/b", "localhost:8080", "http://", "not an address"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        RegistryClient(url)


def test_every_error_is_a_client_error() -> None:
    assert {ServiceUnavailable, UnreadableAnswer, SoapFault} <= set(ClientError.__subclasses__())
