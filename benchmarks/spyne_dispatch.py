"""What spyne's dispatch costs a request: ours on spyne, against stock spyne (decision 0002).

`python -m benchmarks.spyne_dispatch`
"""

import statistics
import timeit
from typing import Any

from xds.soap import Reply, Request, Route, SoapEndpoint, read_envelope  # first: makes spyne importable
from xds.xml import parse

# isort: split
from spyne import Application, MethodContext, ServiceBase, rpc
from spyne.model import AnyXml
from spyne.protocol.soap.soap12 import Soap12
from spyne.server import ServerBase

BODY = '<query:AdhocQueryRequest xmlns:query="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"/>'
ENVELOPE = (
    '<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"'
    ' xmlns:wsa="http://www.w3.org/2005/08/addressing"><env:Header>'
    '<wsa:Action env:mustUnderstand="1">urn:ihe:iti:2007:RegistryStoredQuery</wsa:Action></env:Header>'
    f"<env:Body>{BODY}</env:Body></env:Envelope>"
).encode()
ROUNDS = 2_000


def ours() -> float:
    """Microseconds of one dispatch by `xds.soap.protocol`, the envelope parsed each time."""
    route = Route(
        number="ITI-18",
        operation="DocumentRegistry_RegistryStoredQuery",
        action="urn:ihe:iti:2007:RegistryStoredQuery",
        response_action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
        body="{urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0}AdhocQueryRequest",
        mtom=False,
        handler=lambda body, request: Reply(body=(b"<x/>",)),
    )
    endpoint = SoapEndpoint("registry", [route], elsewhere={}, is_strict=lambda _peer: False)

    def once() -> None:
        request = Request(envelope=read_envelope(parse(ENVELOPE)), root_digest=b"", parts={}, mtom=False)
        endpoint.answer(request)

    return _median(once)


def stock() -> float:
    """Microseconds of one dispatch by spyne as it comes, parsing and serializing by its own means."""

    class Service(ServiceBase):  # type: ignore[misc]
        @rpc(AnyXml, _returns=AnyXml, _body_style="bare", _operation_name="AdhocQueryRequest")
        def query(ctx: Any, body: Any) -> Any:  # noqa: N805  # spyne has no self
            return body

    tns = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
    application = Application([Service], tns=tns, in_protocol=Soap12(), out_protocol=Soap12())

    class Server(ServerBase):  # type: ignore[misc]
        transport = "urn:bench"

    server = Server(application)

    def once() -> None:
        initial = MethodContext(server, MethodContext.SERVER)
        initial.in_string = [ENVELOPE]
        (context,) = server.generate_contexts(initial, in_string_charset="utf-8")
        server.get_in_object(context)
        server.get_out_object(context)
        server.get_out_string(context)
        b"".join(context.out_string)

    return _median(once)


def _median(once: Any) -> float:
    once()
    return statistics.median(timeit.repeat(once, number=ROUNDS, repeat=5)) / ROUNDS * 1e6


if __name__ == "__main__":
    print(f"ours on spyne {ours():6.0f} µs a call")
    print(f"stock spyne   {stock():6.0f} µs a call")
