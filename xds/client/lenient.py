"""Statuses and errors of answers as partners send them: in the wrong place, or not at all."""

from lxml import etree

from xds.ebxml import decode_registry_response
from xds.model import RegistryResponse, XdsError
from xds.xml.namespaces import RS

_ERROR_LIST = f"{{{RS}}}RegistryErrorList"


def registry_response(element: etree._Element) -> RegistryResponse:
    """Read status and errors of an answer, from wherever in it they stand.

    Without a status it is a Failure: nothing was promised. One that says Success beside an Error is taken at
    its word about the status; both are there for the caller to see.
    """
    holder = next((item for item in element.iter(etree.Element) if item.get("status")), element)
    return RegistryResponse(status=decode_registry_response(holder).status, findings=tuple(_errors(element)))


def _errors(element: etree._Element) -> list[XdsError]:
    parents = {listed.getparent(): None for listed in element.iter(_ERROR_LIST)}
    return [
        finding
        for parent in parents
        if parent is not None
        for finding in decode_registry_response(parent).findings
    ]
