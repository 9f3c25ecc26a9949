"""xds:ProvideAndRegisterDocumentSetRequest (ITI TF-2 3.41.4.1.2)."""

from collections.abc import Iterable
from typing import Final

from lxml import etree

from xds.ebxml.submission import SUBMIT_OBJECTS_REQUEST, decode_submission, encode_submission
from xds.ebxml.text import escape
from xds.model import Submission, XdsError
from xds.xml.namespaces import XDSB, XOP

PROVIDE_REQUEST: Final = f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest"
_DOCUMENT = f"{{{XDSB}}}Document"


def encode_provide_request(submission: Submission, content_ids: Iterable[tuple[str, str]]) -> bytes:
    """Encode the body of ITI-41; `content_ids` pairs each entry's id with the Content-ID of its part."""
    documents = "".join(
        [
            f'<xds:Document id="{escape(entry_id)}"><xop:Include href="cid:{escape(content_id)}"/>'
            "</xds:Document>"
            for entry_id, content_id in content_ids
        ]
    )
    return (
        f'<xds:ProvideAndRegisterDocumentSetRequest xmlns:xds="{XDSB}" xmlns:xop="{XOP}">'.encode()
        + encode_submission(submission)
        + f"{documents}</xds:ProvideAndRegisterDocumentSetRequest>".encode()
    )


def decode_provide_request(
    element: etree._Element,
) -> tuple[Submission, tuple[XdsError, ...], tuple[etree._Element, ...]]:
    """Decode the body of ITI-41: the submission, structural findings, and the xds:Document elements."""
    request = element.find(SUBMIT_OBJECTS_REQUEST)
    documents = tuple(element.findall(_DOCUMENT))
    if request is None:
        submission, findings = decode_submission(etree.Element(SUBMIT_OBJECTS_REQUEST))
    else:
        submission, findings = decode_submission(request)
    return submission, findings, documents
