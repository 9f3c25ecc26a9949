"""The user on whose behalf a request is made: an assertion in its security header (ITI-40, ITI TF-2 3.40.4.1.2)."""

from typing import Any, Final

import zeep
from lxml import etree

from xds.xml import MalformedXml, parse
from xds.xml.namespaces import SAML, SOAP12, WSSE

ASSERTION: Final = f"{{{SAML}}}Assertion"
SECURITY: Final = f"{{{WSSE}}}Security"


def check_assertion(octets: bytes) -> etree._Element:
    """Return an assertion's root element; whether it will be believed is the service's to say.

    Raises
    ------
    ValueError
        It is not a SAML 2.0 assertion.
    """
    try:
        root = parse(octets)
    except MalformedXml as error:
        raise ValueError(f"the assertion cannot be read: {error}") from None
    if root.tag != ASSERTION:
        raise ValueError(f"{root.tag} is not a SAML 2.0 assertion, {ASSERTION}")
    return root


class UserAssertion(zeep.Plugin):
    """Puts an assertion into the security header of every request, its octets as its provider signed them."""

    def __init__(self, octets: bytes) -> None:
        check_assertion(octets)
        self._octets = octets

    def egress(
        self, envelope: etree._Element, http_headers: dict[str, str], operation: Any, binding_options: Any
    ) -> tuple[etree._Element, dict[str, str]]:
        """Add the header."""
        (header,) = envelope.iterfind(f"{{{SOAP12}}}Header")
        security = etree.SubElement(header, SECURITY, nsmap={"wsse": WSSE})
        security.set(f"{{{SOAP12}}}mustUnderstand", "1")
        security.append(parse(self._octets))
        return envelope, http_headers
