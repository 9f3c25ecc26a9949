"""The way that a request took through gateways, so that none takes it twice."""

from typing import Final

from lxml import etree

from xds.model import RegistryError
from xds.soap import Request
from xds.xml.namespaces import GATEWAY

_PATH: Final = f"{{{GATEWAY}}}Path"
_MOST: Final = 8
"""Gateways that a request may pass: communities are flat, a longer way is a mistake of someone's settings."""


def onward(request: Request, home_community_id: str) -> tuple[etree._Element, ...]:
    """The header block with which a request goes on to another gateway.

    It needs not be understood (SOAP 1.2 Part 1, 5.2.3): a gateway of another maker passes it by, and a loop through
    it ends at the first of ours that sees the request again without it being lengthened by more than `_MOST`.

    Raises
    ------
    RegistryError
        The request was here before, or passed too many gateways.
    """
    header = request.envelope.header
    block = None if header is None else header.find(_PATH)
    passed = [] if block is None else (block.text or "").split()
    if home_community_id in passed:
        raise RegistryError(
            f"the request came back to {home_community_id}: gateways refer to each other in a circle; an operator has"
            f" to mend the settings of one of {', '.join(passed[:_MOST])}",
            location=home_community_id,
        )
    if len(passed) >= _MOST:
        raise RegistryError(
            f"the request passed {len(passed)} gateways already, at most {_MOST} are allowed",
            location=home_community_id,
        )
    added = etree.Element(_PATH, nsmap={"gateway": GATEWAY})
    added.text = " ".join([*passed, home_community_id])
    return (added,)
