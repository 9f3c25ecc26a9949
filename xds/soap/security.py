"""What breaks the rules of WS-Security as a SOAP fault: the rule to the peer, the rest to our log."""

import uuid
from typing import Any, Final

from xds.soap.faults import FaultKind, SoapFault
from xds.wss import Refusal, Refused, refusals

_ENGLISH: Final = " Our log says more under the incident {incident}."
_FRENCH: Final = " Notre journal en dit plus sous l'incident {incident}."


def _kind(refusal: Refusal) -> FaultKind:
    prefix, _, subcode = refusal.code.value.partition(":")
    return FaultKind(
        id=refusal.id,
        code="Sender",
        http_status=400,
        prefix="wsu" if prefix == "wsu" else "wsse",
        subcode=subcode,
        en=refusal.en + _ENGLISH,
        fr=refusal.fr + _FRENCH,
    )


SECURITY_KINDS: Final = {
    value.id: _kind(value) for value in vars(refusals).values() if isinstance(value, Refusal)
}
"""A kind of fault for each refusal, by its id."""


def security_fault(refused: Refused) -> SoapFault:
    """Return the fault of a refused message; its reason names the incident under which our log says more."""
    kind = SECURITY_KINDS.get(refused.refusal.id) or _kind(refused.refusal)
    values: dict[str, Any] = {**refused.values, "incident": uuid.uuid4().hex[:12]}
    return SoapFault(kind, log_detail=refused.detail, **values)
