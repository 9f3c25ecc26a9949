"""Dispatching leaves nothing behind: an answer of megabytes is gone as soon as it is sent."""

import gc
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from xds.documents import SpooledDocument
from xds.soap import Envelope, Reply, Request, Route, SoapEndpoint, SoapFault
from xds.xml import parse


class Octets(list[bytes]):
    """A body that can be watched."""


class Parts(dict[str, SpooledDocument]):
    """Documents that can be watched."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def request(action: str) -> Request:
    body = parse(b'<r xmlns="urn:x"/>')
    envelope = Envelope(action=action, message_id="urn:uuid:1", to=None, header=None, body=body)
    return Request(envelope=envelope, root_digest=bytes(32), parts=Parts(), mtom=False)


@pytest.fixture
def endpoint() -> SoapEndpoint:
    def answer(body: object, request: Request) -> Reply:
        return Reply(body=Octets([b"<a/>"]))

    route = Route(
        number="T-1",
        operation="Test",
        action="urn:a",
        response_action="urn:b",
        body="{urn:x}r",
        mtom=False,
        handler=answer,
    )
    return SoapEndpoint("test", [route], elsewhere={}, is_strict=lambda caller: False)


@pytest.mark.usefixtures("no_collector")
def test_an_answer_is_gone_when_it_is_let_go(endpoint: SoapEndpoint) -> None:
    _, reply = endpoint.answer(request("urn:a"))
    assert isinstance(reply.body, Octets)
    octets = weakref.ref(reply.body)
    assert octets() is not None
    del reply
    assert octets() is None


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("action", ["urn:a", "urn:unknown"])
def test_a_request_is_gone_when_it_is_let_go(endpoint: SoapEndpoint, action: str) -> None:
    asked = request(action)
    assert isinstance(asked.parts, Parts)
    parts = weakref.ref(asked.parts)
    with suppress(SoapFault):
        endpoint.answer(asked)
    assert parts() is not None
    del asked
    assert parts() is None
