"""Calling others: registries and repositories of any maker, documents streamed both ways."""

from xds.client.assertion import check_assertion
from xds.client.dicomweb import DicomWebClient, InstanceNotFound, study_of_url
from xds.client.documents import DocumentInput, OpenDocument, PartStore, Progress
from xds.client.errors import (
    ClientError,
    DocumentNotSent,
    ServiceUnavailable,
    SoapFault,
    UnreadableAnswer,
)
from xds.client.gateway import GatewayClient
from xds.client.imaging import ImagingClient, RetrievedInstances
from xds.client.queries import ParameterValue, build_query, parameters_of, stored_query
from xds.client.registry import RegistryClient, decode_answer
from xds.client.repository import (
    RepositoryClient,
    RetrieveBytesResult,
    RetrievedBytes,
    RetrievedFile,
    RetrieveResult,
)
from xds.client.updates import new_version, status_update

__all__ = [
    "ClientError",
    "DicomWebClient",
    "DocumentInput",
    "DocumentNotSent",
    "GatewayClient",
    "ImagingClient",
    "InstanceNotFound",
    "OpenDocument",
    "ParameterValue",
    "PartStore",
    "Progress",
    "RegistryClient",
    "RepositoryClient",
    "RetrieveBytesResult",
    "RetrieveResult",
    "RetrievedBytes",
    "RetrievedFile",
    "RetrievedInstances",
    "ServiceUnavailable",
    "SoapFault",
    "UnreadableAnswer",
    "build_query",
    "check_assertion",
    "decode_answer",
    "new_version",
    "parameters_of",
    "status_update",
    "stored_query",
    "study_of_url",
]
