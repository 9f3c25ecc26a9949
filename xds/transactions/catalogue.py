"""The catalogue of transactions: number, actions, encoding and body types of each, one row each.

Everything that dispatches, serves a WSDL, checks a message or calls a peer reads this table
(ITI TF-2 3.18, 3.41 to 3.44, 3.51, Appendix V; XDS Metadata Update 3.57, RMU 3.92).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lxml import etree

from xds.ebxml import (
    ADHOC_QUERY_REQUEST,
    ADHOC_QUERY_RESPONSE,
    PROVIDE_REQUEST,
    REGISTRY_RESPONSE,
    REMOVE_DOCUMENTS_REQUEST,
    REMOVE_OBJECTS_REQUEST,
    RETRIEVE_IMAGING_REQUEST,
    RETRIEVE_REQUEST,
    RETRIEVE_RESPONSE,
    SUBMIT_OBJECTS_REQUEST,
    adhoc_query_id,
)
from xds.hl7v3 import ACKNOWLEDGEMENT, PATIENT_ADDED, PATIENT_DUPLICATES_RESOLVED, PATIENT_REVISED
from xds.rules import transaction_of


class Role(StrEnum):
    """What a process can play; an end point serves the transactions of one role."""

    REGISTRY = "registry"
    REPOSITORY = "repository"
    GATEWAY = "gateway"
    IMAGING = "imaging"


def _any_body(_body: etree._Element) -> bool:
    return True


def _no_body(_body: etree._Element) -> bool:
    """Without any action SubmitObjectsRequest is ITI-42, and a query or retrieval is one of this community."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One IHE transaction on the wire."""

    number: str  # "ITI-42"
    name: str  # as in the title of its section
    operation: str  # wsdl:operation of Appendix W
    role: Role  # the actor that receives it
    action: str  # wsa:Action of the request
    response_action: str  # … of the response (IHE-WSP208)
    request: str  # QName of the body's element
    response: str
    mtom: bool  # MTOM/XOP in both directions; else Simple SOAP (V.8.1)
    writes: bool  # a repeat with the same MessageID gets the stored answer
    # Of a request without wsa:Action whose element others take too: whether it can be this transaction.
    claims: Callable[[etree._Element], bool] = _any_body


def _patient_feed(interaction: str, request: str) -> Transaction:
    """The three messages of ITI-44 differ in nothing else (3.44.4.1.4.1, 3.44.4.2.4.1)."""
    return Transaction(
        number="ITI-44",
        name="Patient Identity Feed HL7 V3",
        operation=f"DocumentRegistry_{interaction}",
        role=Role.REGISTRY,
        action=f"urn:hl7-org:v3:{interaction}",
        response_action="urn:hl7-org:v3:MCCI_IN000002UV01",
        request=request,
        response=ACKNOWLEDGEMENT,
        mtom=False,
        writes=True,
    )


ITI_44_ADDED: Final = _patient_feed("PRPA_IN201301UV02", PATIENT_ADDED)
ITI_44_REVISED: Final = _patient_feed("PRPA_IN201302UV02", PATIENT_REVISED)
ITI_44_DUPLICATES_RESOLVED: Final = _patient_feed("PRPA_IN201304UV02", PATIENT_DUPLICATES_RESOLVED)
ITI_44: Final = (ITI_44_ADDED, ITI_44_REVISED, ITI_44_DUPLICATES_RESOLVED)

ITI_41: Final = Transaction(
    number="ITI-41",
    name="Provide and Register Document Set-b",
    operation="DocumentRepository_ProvideAndRegisterDocumentSet-b",
    role=Role.REPOSITORY,
    action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
    response_action="urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
    request=PROVIDE_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=True,
    writes=True,
)
ITI_42: Final = Transaction(
    number="ITI-42",
    name="Register Document Set-b",
    operation="DocumentRegistry_RegisterDocumentSet-b",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2007:RegisterDocumentSet-b",
    response_action="urn:ihe:iti:2007:RegisterDocumentSet-bResponse",
    request=SUBMIT_OBJECTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
)
ITI_57: Final = Transaction(
    number="ITI-57",
    name="Update Document Set",
    operation="DocumentRegistry_UpdateDocumentSet",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2010:UpdateDocumentSet",
    response_action="urn:ihe:iti:2010:UpdateDocumentSetResponse",
    request=SUBMIT_OBJECTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
    claims=_no_body,
)
ITI_92: Final = Transaction(
    number="ITI-92",
    name="Restricted Update Document Set",
    operation="UpdateResponder_RestrictedUpdateDocumentSet",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2018:RestrictedUpdateDocumentSet",
    response_action="urn:ihe:iti:2018:RestrictedUpdateDocumentSetResponse",
    request=SUBMIT_OBJECTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
    claims=_no_body,
)
ITI_18: Final = Transaction(
    number="ITI-18",
    name="Registry Stored Query",
    operation="DocumentRegistry_RegistryStoredQuery",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2007:RegistryStoredQuery",
    response_action="urn:ihe:iti:2007:RegistryStoredQueryResponse",
    request=ADHOC_QUERY_REQUEST,
    response=ADHOC_QUERY_RESPONSE,
    mtom=False,
    writes=False,
    claims=lambda body: transaction_of(adhoc_query_id(body)) == "ITI-18",
)
ITI_51: Final = Transaction(
    number="ITI-51",
    name="Multi-Patient Stored Query",
    operation="DocumentRegistry_MultiPatientStoredQuery",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2009:MultiPatientStoredQuery",
    response_action="urn:ihe:iti:2009:MultiPatientStoredQueryResponse",
    request=ADHOC_QUERY_REQUEST,
    response=ADHOC_QUERY_RESPONSE,
    mtom=False,
    writes=False,
    claims=lambda body: transaction_of(adhoc_query_id(body)) == "ITI-51",
)
ITI_43: Final = Transaction(
    number="ITI-43",
    name="Retrieve Document Set",
    operation="DocumentRepository_RetrieveDocumentSet",
    role=Role.REPOSITORY,
    action="urn:ihe:iti:2007:RetrieveDocumentSet",
    response_action="urn:ihe:iti:2007:RetrieveDocumentSetResponse",
    request=RETRIEVE_REQUEST,
    response=RETRIEVE_RESPONSE,
    mtom=True,
    writes=False,
)

ITI_61: Final = Transaction(
    number="ITI-61",
    name="Register On-Demand Document Entry",
    operation="DocumentRegistry_RegisterOnDemandDocumentEntry",
    role=Role.REGISTRY,
    action="urn:ihe:iti:2010:RegisterOnDemandDocumentEntry",
    response_action="urn:ihe:iti:2010:RegisterOnDemandDocumentResponse",  # without Entry: 3.61.4.2.2
    request=SUBMIT_OBJECTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
    claims=_no_body,
)
ITI_62: Final = Transaction(
    number="ITI-62",
    name="Remove Metadata",
    operation="DocumentRegistry_DeleteDocumentSet",  # as it was called before it was renamed
    role=Role.REGISTRY,
    action="urn:ihe:iti:2010:DeleteDocumentSet",
    response_action="urn:ihe:iti:2010:DeleteDocumentSetResponse",
    request=REMOVE_OBJECTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
)
ITI_86: Final = Transaction(
    number="ITI-86",
    name="Remove Documents",
    operation="DocumentRepository_RemoveDocuments",
    role=Role.REPOSITORY,
    action="urn:ihe:iti:2017:RemoveDocuments",
    response_action="urn:ihe:iti:2017:RemoveDocumentsResponse",
    request=REMOVE_DOCUMENTS_REQUEST,
    response=REGISTRY_RESPONSE,
    mtom=False,
    writes=True,
)

ITI_38: Final = Transaction(
    number="ITI-38",
    name="Cross Gateway Query",
    operation="RespondingGateway_CrossGatewayQuery",
    role=Role.GATEWAY,
    action="urn:ihe:iti:2007:CrossGatewayQuery",
    response_action="urn:ihe:iti:2007:CrossGatewayQueryResponse",
    request=ADHOC_QUERY_REQUEST,
    response=ADHOC_QUERY_RESPONSE,
    mtom=False,
    writes=False,
    claims=_no_body,
)
ITI_39: Final = Transaction(
    number="ITI-39",
    name="Cross Gateway Retrieve",
    operation="RespondingGateway_CrossGatewayRetrieve",
    role=Role.GATEWAY,
    action="urn:ihe:iti:2007:CrossGatewayRetrieve",
    response_action="urn:ihe:iti:2007:CrossGatewayRetrieveResponse",
    request=RETRIEVE_REQUEST,
    response=RETRIEVE_RESPONSE,
    mtom=True,
    writes=False,
    claims=_no_body,
)

RAD_69: Final = Transaction(
    number="RAD-69",
    name="Retrieve Imaging Document Set",
    operation="ImagingDocumentSource_RetrieveImagingDocumentSet",
    role=Role.IMAGING,
    action="urn:ihe:rad:2009:RetrieveImagingDocumentSet",
    response_action="urn:ihe:iti:2007:RetrieveDocumentSetResponse",  # ITI-43's
    request=RETRIEVE_IMAGING_REQUEST,
    response=RETRIEVE_RESPONSE,
    mtom=True,
    writes=False,
)

CATALOGUE: Final = (
    ITI_41,
    ITI_42,
    ITI_18,
    ITI_51,
    ITI_43,
    *ITI_44,
    ITI_57,
    ITI_61,
    ITI_62,
    ITI_86,
    ITI_92,
    ITI_38,
    ITI_39,
    RAD_69,
)
_TOO: Final = {Role.GATEWAY: (ITI_18, ITI_43), Role.REPOSITORY: (RAD_69,)}
"""What an end point serves beside its own: an Initiating Gateway takes queries and retrievals from its own community's
consumers, and a consumer finds the images where it found their manifest."""


def of_role(role: Role) -> tuple[Transaction, ...]:
    """The transactions that an actor receives."""
    return (*_TOO.get(role, ()), *(row for row in CATALOGUE if row.role is role))


def by_action(action: str) -> Transaction | None:
    """The transaction whose request or response has that wsa:Action; None for a foreign one."""
    return _BY_ACTION.get(action)


def by_body(qname: str) -> tuple[Transaction, ...]:
    """The transactions whose request body has that QName."""
    return tuple(row for row in CATALOGUE if row.request == qname)


def of_request(body: etree._Element, action: str | None) -> Transaction | None:
    """The transaction that a request is: what its action says, if the body goes with it; else what the body says."""
    told = None if action is None else by_action(action)
    if told is not None and told.action == action and told.request == body.tag:
        return told
    return next((row for row in CATALOGUE if row.request == body.tag and row.claims(body)), None)


# RAD-69 is answered as ITI-43 is: the first row of an action counts.
_BY_ACTION = {row.response_action: row for row in reversed(CATALOGUE)} | {
    row.action: row for row in CATALOGUE
}
