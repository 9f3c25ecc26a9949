"""RetrieveImagingDocumentSetRequest of RAD-69 and RAD-75 (RAD TF-2 4.69.4.1.2); the response is that of ITI-43.

Two namespaces: what names studies, series and transfer syntaxes is RAD's, what names documents is ITI's.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from lxml import etree

from xds.ebxml.retrieve import encode_document_requests
from xds.ebxml.text import escape
from xds.model import InstanceRequest, InstancesRequest
from xds.xml.namespaces import XDSB, XDSI

RETRIEVE_IMAGING_REQUEST: Final = f"{{{XDSI}}}RetrieveImagingDocumentSetRequest"
_STUDY = f"{{{XDSI}}}StudyRequest"
_SERIES = f"{{{XDSI}}}SeriesRequest"
_SYNTAXES = f"{{{XDSI}}}TransferSyntaxUIDList/{{{XDSI}}}TransferSyntaxUID"
# The schema that one toolkit ships has it in RAD's namespace; messages have it in ITI's.
_DOCUMENTS = (f"{{{XDSB}}}DocumentRequest", f"{{{XDSI}}}DocumentRequest")


def encode_imaging_request(request: InstancesRequest) -> bytes:
    """Encode a RetrieveImagingDocumentSetRequest; neighbours of one study and series share their elements."""
    studies = []
    for study, of_study in groupby(request.instances, lambda item: item.study_instance_uid):
        series = [
            f'<rad:SeriesRequest seriesInstanceUID="{escape(uid)}">'
            f"{encode_document_requests(found)}</rad:SeriesRequest>"
            for uid, found in groupby(of_study, lambda item: item.series_instance_uid)
        ]
        studies.append(
            f'<rad:StudyRequest studyInstanceUID="{escape(study)}">{"".join(series)}</rad:StudyRequest>'
        )
    syntaxes = "".join(
        f"<rad:TransferSyntaxUID>{escape(uid)}</rad:TransferSyntaxUID>"
        for uid in request.transfer_syntax_uids
    )
    return (
        f'<rad:RetrieveImagingDocumentSetRequest xmlns:rad="{XDSI}" xmlns:xds="{XDSB}">{"".join(studies)}'
        f"<rad:TransferSyntaxUIDList>{syntaxes}</rad:TransferSyntaxUIDList></rad:RetrieveImagingDocumentSetRequest>"
    ).encode()


def decode_imaging_request(element: etree._Element) -> InstancesRequest:
    """Decode a RetrieveImagingDocumentSetRequest; what is missing is empty, and `xds.rules` says so."""
    return InstancesRequest(
        instances=tuple(_instances(element)),
        transfer_syntax_uids=tuple((item.text or "").strip() for item in element.iterfind(_SYNTAXES)),
    )


def _instances(element: etree._Element) -> Iterator[InstanceRequest]:
    for study in element.iterfind(_STUDY):
        for series in study.iterfind(_SERIES):
            for item in series.iterchildren(*_DOCUMENTS):
                yield InstanceRequest(
                    study_instance_uid=(study.get("studyInstanceUID") or "").strip(),
                    series_instance_uid=(series.get("seriesInstanceUID") or "").strip(),
                    repository_unique_id=_text(item, "RepositoryUniqueId") or "",
                    document_unique_id=_text(item, "DocumentUniqueId") or "",
                    home_community_id=_text(item, "HomeCommunityId"),
                )


def _text(parent: etree._Element, name: str) -> str | None:
    for child in parent.iterchildren(f"{{{XDSB}}}{name}", f"{{{XDSI}}}{name}"):
        return (child.text or "").strip()
    return None
