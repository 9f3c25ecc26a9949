"""The WSDLs and schemas as they are served: every address in them is one that the reader can reach."""

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from lxml import etree

from xds.transactions import Role
from xds.xml import parse

CONTRACT_TYPE: Final = "text/xml; charset=UTF-8"
"""Content-Type of a WSDL and of a schema."""
WSDL_NAMES: Final = {
    Role.REGISTRY: "DocumentRegistry.wsdl",
    Role.REPOSITORY: "DocumentRepository.wsdl",
    Role.GATEWAY: "Gateway.wsdl",
    Role.IMAGING: "ImagingDocumentSource.wsdl",
}
_XS: Final = "http://www.w3.org/2001/XMLSchema"
_ADDRESS: Final = "{http://schemas.xmlsoap.org/wsdl/soap12/}address"
_REFERRING: Final = (f"{{{_XS}}}import", f"{{{_XS}}}include")
# The address may come from the Host header: a peer that invents names must not fill the memory.
_CACHED: Final = 64


@lru_cache(maxsize=_CACHED)
def wsdl(role: Role, *, endpoint_url: str, schemas_url: str) -> bytes:
    """Return the WSDL of an end point (ITI TF-2 Appendix W) with its address and its schemas' addresses.

    Parameters
    ----------
    endpoint_url
        Where the end point is reached: soap12:address/@location.
    schemas_url
        The folder under which `schema` is served; with or without a slash at its end.

    Raises
    ------
    ValueError
        An address holds a character that XML cannot carry.
    """
    root = parse(files("xds.wsdl").joinpath(WSDL_NAMES[role]).read_bytes())
    for address in root.iter(_ADDRESS):
        address.set("location", endpoint_url)
    folder = schemas_url.rstrip("/")
    for reference in root.iter(*_REFERRING):
        name = reference.get("schemaLocation", "").rpartition("/")[2]
        reference.set("schemaLocation", f"{folder}/{name}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def schema(name: str) -> bytes | None:
    """Return a schema by its file name, ``rim.xsd``; None for any other text, a path among them.

    The schemas refer to each other by file name: they find each other wherever they are served together.
    """
    return _schemas().get(name)


def schema_names() -> tuple[str, ...]:
    """The file names that `schema` knows, sorted."""
    return tuple(sorted(_schemas()))


@cache
def _schemas() -> dict[str, bytes]:
    folder = files("xds.schemas")
    return {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".xsd")}
