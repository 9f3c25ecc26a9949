"""Messages against our schemas, with the line of every violation."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from lxml import etree

from xds.cli.judged import Judged
from xds.ebxml import REMOVE_DOCUMENTS_REQUEST, RETRIEVE_IMAGING_REQUEST, RETRIEVE_REQUEST
from xds.xml.namespaces import HL7, LCM, QUERY, RIM, RMD, RS, SOAP12, WSA, XDSB, XDSI

_XS: Final = "http://www.w3.org/2001/XMLSchema"
_FILES: Final = {
    QUERY: "query.xsd",
    LCM: "lcm.xsd",
    RIM: "rim.xsd",
    RS: "rs.xsd",
    SOAP12: "soap-envelope-1.2.xsd",
    WSA: "ws-addressing.xsd",
    HL7: "hl7v3.xsd",
}
_SECTIONS: Final = {
    SOAP12: "SOAP 1.2 Part 1, 5",
    WSA: "ITI TF-2 V.3.2",
    RMD: "RMD, ITI TF-2 3.86.4.1",
    XDSI: "RAD TF-2 4.69.4.1.2",
    QUERY: "ITI TF-2 3.18.4.1.2",
    XDSB: "ITI TF-2 3.41.4.1.2, 3.43.5",
    RS: "ITI TF-3 4.2.4",
    HL7: "ITI TF-2 3.44, Appendix O",
}
_OF_REQUESTS: Final = {
    RETRIEVE_REQUEST: (XDSB, "xds.b.xsd"),
    REMOVE_DOCUMENTS_REQUEST: (RMD, "rmd.xsd"),
    RETRIEVE_IMAGING_REQUEST: (XDSI, "xdsi-b.xsd"),
}
_NAMESPACE: Final = re.compile(r"\{([^}]*)\}")
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( ?(.*?) ?\)")
_MOST: Final = 200


def schema_findings(element: etree._Element, body: etree._Element, first_line: int) -> Iterator[Judged]:
    """Validate an envelope or a bare body element.

    Parameters
    ----------
    body
        The message within: documents are judged as they travel, as xop:Include or base64.
    """
    # The wire schema holds the two messages with documents; the requests that name them are in the other ones.
    schema = _schema(*_OF_REQUESTS.get(str(body.tag), (XDSB, "xds.b-wire.xsd")))
    if schema.validate(element):
        return
    log: list[Any] = list(schema.error_log)  # type: ignore[call-overload]  # the stubs miss its iterator
    for entry in log[:_MOST]:
        namespaces = _NAMESPACE.findall(entry.message)
        yield Judged(
            code="Schema",
            what=_NAMESPACE.sub("", entry.message).rstrip("."),
            remedy=_remedy(entry.message, namespaces),
            section=next(
                (_SECTIONS[name] for name in namespaces if name in _SECTIONS), "ITI TF-3 4.2.1, ebRIM 3.0"
            ),
            location=_NAMESPACE.sub("", str(entry.path or "")),
            line=entry.line + first_line - 1 if entry.line else None,
            rule="schema",
        )
    if len(log) > _MOST:
        yield Judged(
            code="Schema",
            what=f"{len(log) - _MOST} more violations are not listed",
            remedy="Mend those above first",
            section="ebRIM 3.0",
            rule="schema",
        )


def _remedy(message: str, namespaces: list[str]) -> str:
    expected = _EXPECTED.search(message)
    if expected is not None:
        return f"Put {_NAMESPACE.sub('', expected[1]).replace(', ', ' or ')} there"
    name = next((_FILES.get(item, "xds.b.xsd") for item in namespaces), "rim.xsd")
    return f"Follow {name}"


@cache
def _schema(namespace_of: str, documents: str) -> etree.XMLSchema:
    driver = etree.Element(f"{{{_XS}}}schema")
    folder = files("xds.schemas")
    for namespace, name in {**_FILES, namespace_of: documents}.items():
        location = str(folder / name)
        etree.SubElement(driver, f"{{{_XS}}}import", namespace=namespace, schemaLocation=location)
    return etree.XMLSchema(driver)
