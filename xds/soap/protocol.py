"""The spyne protocol class of ours: spyne dispatches, we read and write.

What stock spyne does instead, and why each method is overridden, is in docs/decisions/0002-spyne.md. There is
one dispatcher: every SOAP request passes `get_call_handles`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from spyne import Application, InterfaceDocumentsBase, MethodContext, ServiceBase, rpc
from spyne.model import AnyXml
from spyne.protocol.soap.soap12 import Soap12
from spyne.server import ServerBase

from xds.access import Caller
from xds.soap.faults import (
    ACTION_MISMATCH,
    ACTION_MISSING,
    ACTION_UNKNOWN,
    MTOM_REQUIRED,
    Phrase,
    SoapFault,
)
from xds.soap.message import Handler, Reply, Request

_ALIKE: Final = 0.9  # the actions have most of their letters in common
TARGET_NAMESPACE: Final = "urn:ihe:iti:xds-b:2007"
_MTOM: Final = 'MTOM (multipart/related; type="application/xop+xml")'
_SIMPLE: Final = "SOAP (application/soap+xml)"
IsStrict = Callable[[Caller], bool]


class Route:
    """One operation of an end point: what a request must look like to be dispatched to it."""

    __slots__ = ("action", "body", "claims", "handler", "mtom", "number", "operation", "response_action")

    def __init__(
        self,
        *,
        number: str,
        operation: str,
        action: str,
        response_action: str,
        body: str,
        mtom: bool,
        handler: Handler,
        claims: Callable[[Any], bool] = lambda body: True,
    ) -> None:
        self.number = number  # "ITI-42"
        self.operation = operation  # wsdl:operation
        self.action = action
        self.response_action = response_action
        self.body = body  # QName
        self.mtom = mtom  # sent as MTOM, in strict; else as simple SOAP (ITI TF-2 V.8.1)
        self.handler = handler
        self.claims = claims  # of a body without wsa:Action: whether it can be this operation's


class XdsSoap12(Soap12):  # type: ignore[misc]  # spyne is untyped
    """SOAP 1.2 with WS-Addressing dispatch: methods are found by (Action, body QName).

    Parameters
    ----------
    routes
        The operations of this end point.
    elsewhere
        wsa:Action → where it is served, for the fault's text.
    is_strict
        Tells of a caller whether it is held to the letter: then a request without wsa:Action is refused
        even when its body leaves one transaction possible, and so is one in the other encoding than its
        transaction's.
    """

    def __init__(self, routes: Sequence[Route], elsewhere: Mapping[str, str], *, is_strict: IsStrict) -> None:
        super().__init__()
        self._by_action = {route.action: route for route in routes}
        self._routes = tuple(routes)
        self._elsewhere = elsewhere
        self._is_strict = is_strict

    def create_in_document(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Take the request as the front door parsed it: one parse, by the hardened parser."""
        ctx.in_document = ctx.udc

    def decompose_incoming_envelope(self, ctx: MethodContext, message: Any = None) -> None:
        """Hand header and body over as they are."""
        request: Request = ctx.in_document
        ctx.in_header_doc = request.envelope.header
        ctx.in_body_doc = request.envelope.body
        ctx.method_request_string = request.envelope.body.tag

    def generate_method_contexts(self, ctx: MethodContext) -> list[MethodContext]:
        """One request is one call: its context is used as it is, where spyne copies it for each method."""
        (ctx.descriptor,) = self.get_call_handles(ctx)
        return [ctx]

    def get_call_handles(self, ctx: MethodContext) -> list[Any]:
        """Look the method up by (Action, body QName); spyne's own key would lose the body's namespace."""
        route = self._route(ctx.in_document)
        handles: list[Any] = self.app.interface.service_method_map[f"{{{TARGET_NAMESPACE}}}{route.operation}"]
        return handles

    def _route(self, request: Request) -> Route:
        action, body = request.envelope.action, str(request.envelope.body.tag)
        strict = self._is_strict(request.caller)
        if action is None and not strict:
            action = self._action_from(request.http_action, request.envelope.body)
        if action is None:
            raise SoapFault(ACTION_MISSING, known=", ".join(self._by_action))
        route = self._by_action.get(action)
        if route is None:
            raise SoapFault(ACTION_UNKNOWN, action=action, hint=self._hint(action))
        if route.body != body:
            raise SoapFault(ACTION_MISMATCH, action=action, expected=route.body, found=body)
        if strict and route.mtom != request.mtom:
            expected, found = (_MTOM, _SIMPLE) if route.mtom else (_SIMPLE, _MTOM)
            raise SoapFault(MTOM_REQUIRED, number=route.number, expected=expected, found=found)
        return route

    def _action_from(self, http_action: str | None, body: Any) -> str | None:
        """The action of a request without wsa:Action: HTTP's counts only among what its body allows (V.3.2).

        Where several operations take the same element, what is in it tells whose it is.
        """
        possible = [route for route in self._routes if route.body == body.tag]
        if not possible or http_action in [route.action for route in possible]:
            return http_action
        claiming = [route.action for route in possible if route.claims(body)]
        return claiming[0] if len(claiming) == 1 else None

    def _hint(self, action: str) -> Phrase:
        if action in self._elsewhere:
            path = self._elsewhere[action]
            return Phrase(f"It is served at {path}.", f"Elle est servie à {path}.")
        known = ", ".join(f"{route.action} ({route.number})" for route in self._routes)
        near = next(iter(get_close_matches(action, self._by_action, n=1, cutoff=_ALIKE)), None)
        meant = (
            Phrase("", "")
            if near is None
            else Phrase(f"{near} may be meant. ", f"{near} est peut-être voulue. ")
        )
        return Phrase(f"{meant.en}Served here: {known}.", f"{meant.fr}Sont servies ici : {known}.")

    def deserialize(self, ctx: MethodContext, message: Any) -> None:
        """Hand the body's element over as it is; the transaction decodes it."""
        ctx.in_object = ctx.in_body_doc

    def serialize(self, ctx: MethodContext, message: Any) -> None:
        """Take the reply as it is: its octets are ready, its documents are read while it is sent."""
        ctx.out_document = ctx.out_object[0]

    def create_out_string(self, ctx: MethodContext, charset: str | None = None) -> None:
        """Nothing to join here: `xds.soap.reply` streams."""
        ctx.out_string = ()


class _Context(MethodContext):  # type: ignore[misc]
    """A context of spyne's without its checks of each of fifty assignments and its events to nobody.

    Dispatching takes 12 µs of the processor with it, 43 with spyne's own (docs/performance.md).
    """

    TransportContext = None  # HTTP is ours
    __setattr__ = object.__setattr__  # nothing here freezes it

    def fire_event(self, event: str, *arguments: Any, **named: Any) -> None:
        """Tell no one: no service or application here has a listener."""


class _StaticDocuments(InterfaceDocumentsBase):  # type: ignore[misc]
    """The WSDL is our own file, served by `xds.server`; spyne generates none."""

    def __init__(self, interface: Any) -> None:
        super().__init__(interface, wsdl11=None)


class SoapEndpoint:
    """The operations of one end point behind one spyne Application."""

    def __init__(
        self, name: str, routes: Iterable[Route], *, elsewhere: Mapping[str, str], is_strict: IsStrict
    ) -> None:
        self.routes = tuple(routes)
        application = Application(
            [_service(name, self.routes)],
            tns=TARGET_NAMESPACE,
            name=name,
            # spyne binds a protocol object to one direction.
            in_protocol=XdsSoap12(self.routes, elsewhere, is_strict=is_strict),
            out_protocol=XdsSoap12(self.routes, elsewhere, is_strict=is_strict),
            documents_container=_StaticDocuments,
        )
        self._by_operation = {route.operation: route for route in self.routes}
        self._server = _Dispatcher(application)

    def answer(self, request: Request) -> tuple[Route, Reply]:
        """Dispatch a request through spyne and return the reply of its transaction.

        Raises
        ------
        SoapFault
            It cannot be dispatched, or the transaction refuses the message as such.
        """
        initial = _Context(self._server, MethodContext.SERVER)
        initial.udc = request
        try:
            (context,) = self._server.generate_contexts(initial)
            self._server.get_in_object(context)
            self._server.get_out_object(context)
            self._server.get_out_string(context)
            outcome, operation = context.out_document, context.descriptor.operation_name
        finally:
            # It refers to itself: request and answer, megabytes of it, would lie there until the collector comes.
            initial.__dict__.clear()
        if isinstance(outcome, Exception):
            raise outcome
        return self._by_operation[operation], outcome


class _Dispatcher(ServerBase):  # type: ignore[misc]
    """spyne's server side without a transport of its own: HTTP is ours."""

    transport = "urn:xds:http"


def _service(name: str, routes: Iterable[Route]) -> type:
    methods = {route.operation.replace("-", "_"): _method(route) for route in routes}
    service: type = type(ServiceBase)(name, (ServiceBase,), methods)
    return service


def _method(route: Route) -> Any:
    handler = route.handler

    def operation(ctx: MethodContext, body: Any) -> Reply | Exception:
        # An exception travels as a value: spyne would log it with its traceback and answer a fault of its own.
        try:
            return handler(body, ctx.udc)
        except Exception as error:
            return error

    operation.__name__ = route.operation.replace("-", "_")
    return rpc(AnyXml, _returns=AnyXml, _body_style="bare", _operation_name=route.operation)(operation)
