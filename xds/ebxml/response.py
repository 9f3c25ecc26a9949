"""RegistryResponse ⇄ rs:RegistryResponse, with its RegistryErrorList (ITI TF-3 4.2.4)."""

from collections.abc import Iterable
from typing import Final

from lxml import etree

from xds.ebxml.text import escape
from xds.model import (
    ForeignError,
    RegistryResponse,
    ResponseStatus,
    Severity,
    XdsError,
    error_class,
    has_error,
)
from xds.xml.namespaces import RS

REGISTRY_RESPONSE: Final = f"{{{RS}}}RegistryResponse"
REGISTRY_ERROR_LIST: Final = f"{{{RS}}}RegistryErrorList"
_REGISTRY_ERROR = f"{{{RS}}}RegistryError"


def encode_registry_response(response: RegistryResponse) -> bytes:
    """Encode a rs:RegistryResponse, its namespace declared."""
    return (
        f'<rs:RegistryResponse xmlns:rs="{RS}" status="{response.status.value}">'
        f"{encode_error_list(response.findings)}</rs:RegistryResponse>"
    ).encode()


def encode_error_list(findings: Iterable[XdsError]) -> str:
    """Encode a rs:RegistryErrorList; nothing when there is no finding."""
    kept = list(findings)
    if not kept:
        return ""
    worst = Severity.ERROR if has_error(kept) else Severity.WARNING
    inner = "".join(
        [
            f'<rs:RegistryError codeContext="{escape(clean(item.context))}" errorCode="{escape(item.code)}"'
            f' location="{escape(clean(item.location))}" severity="{item.severity.value}"/>'
            for item in kept
        ]
    )
    return f'<rs:RegistryErrorList highestSeverity="{worst.value}">{inner}</rs:RegistryErrorList>'


def clean(context: str) -> str:
    """Replace what XML cannot carry: a context may quote what a peer sent us in another form."""
    return "".join(
        [c if c >= " " and c not in "\x7f\ufffe\uffff" else "\N{REPLACEMENT CHARACTER}" for c in context]
    )


def decode_registry_response(element: etree._Element) -> RegistryResponse:
    """Decode a rs:RegistryResponse, leniently: an absent or unknown status is a Failure."""
    try:
        status = ResponseStatus(element.get("status", ""))
    except ValueError:
        status = ResponseStatus.FAILURE
    return RegistryResponse(status=status, findings=decode_error_list(element))


def decode_error_list(parent: etree._Element) -> tuple[XdsError, ...]:
    """Decode the RegistryErrors below `parent`, wherever its list stands."""
    return tuple(
        [_decode_error(item) for item in parent.iterfind(f"{REGISTRY_ERROR_LIST}/{_REGISTRY_ERROR}")]
    )


def _decode_error(element: etree._Element) -> XdsError:
    code = element.get("errorCode", "").rpartition(":")[2]  # some peers prefix it
    context, location = element.get("codeContext", ""), element.get("location", "")
    warning = element.get("severity", "").endswith("Warning")
    severity = Severity.WARNING if warning else Severity.ERROR
    known = error_class(code)
    if known is None:
        return ForeignError(context, location=location, severity=severity, foreign_code=code)
    return known(context, location=location, severity=severity)
