"""The codec: ebRIM and ebRS elements ⇄ the model, one module per object, both directions side by side."""

from xds.ebxml.association import decode_association, encode_association
from xds.ebxml.document_entry import decode_document_entry, encode_document_entry
from xds.ebxml.folder import decode_folder, encode_folder
from xds.ebxml.fragments import Findings, encode_slot
from xds.ebxml.imaging import RETRIEVE_IMAGING_REQUEST, decode_imaging_request, encode_imaging_request
from xds.ebxml.provide import PROVIDE_REQUEST, decode_provide_request, encode_provide_request
from xds.ebxml.query import (
    ADHOC_QUERY_REQUEST,
    ADHOC_QUERY_RESPONSE,
    QueryResponse,
    RawQueryResponse,
    adhoc_query_id,
    decode_adhoc_query,
    decode_query_response,
    encode_adhoc_query,
    encode_object_ref,
    encode_query_response,
    split_query_response,
    with_home,
)
from xds.ebxml.removal import (
    REMOVE_DOCUMENTS_REQUEST,
    REMOVE_OBJECTS_REQUEST,
    decode_remove_objects,
    encode_remove_documents,
    encode_remove_objects,
)
from xds.ebxml.response import REGISTRY_RESPONSE, decode_registry_response, encode_registry_response
from xds.ebxml.retrieve import (
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    RetrievedDocument,
    decode_retrieve_request,
    decode_retrieve_response,
    encode_retrieve_request,
    encode_retrieve_response,
)
from xds.ebxml.stored import filler
from xds.ebxml.submission import (
    SUBMIT_OBJECTS_REQUEST,
    decode_submission,
    encode_submission,
)
from xds.ebxml.submission_set import decode_submission_set, encode_submission_set

__all__ = [
    "ADHOC_QUERY_REQUEST",
    "ADHOC_QUERY_RESPONSE",
    "PROVIDE_REQUEST",
    "REGISTRY_RESPONSE",
    "REMOVE_DOCUMENTS_REQUEST",
    "REMOVE_OBJECTS_REQUEST",
    "RETRIEVE_IMAGING_REQUEST",
    "RETRIEVE_REQUEST",
    "RETRIEVE_RESPONSE",
    "SUBMIT_OBJECTS_REQUEST",
    "Findings",
    "QueryResponse",
    "RawQueryResponse",
    "RetrievedDocument",
    "adhoc_query_id",
    "decode_adhoc_query",
    "decode_association",
    "decode_document_entry",
    "decode_folder",
    "decode_imaging_request",
    "decode_provide_request",
    "decode_query_response",
    "decode_registry_response",
    "decode_remove_objects",
    "decode_retrieve_request",
    "decode_retrieve_response",
    "decode_submission",
    "decode_submission_set",
    "encode_adhoc_query",
    "encode_association",
    "encode_document_entry",
    "encode_folder",
    "encode_imaging_request",
    "encode_object_ref",
    "encode_provide_request",
    "encode_query_response",
    "encode_registry_response",
    "encode_remove_documents",
    "encode_remove_objects",
    "encode_retrieve_request",
    "encode_retrieve_response",
    "encode_slot",
    "encode_submission",
    "encode_submission_set",
    "filler",
    "split_query_response",
    "with_home",
]
