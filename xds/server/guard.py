"""What a transaction may still fail with, turned into the answer of its own kind."""

from typing import Final

from lxml import etree

from xds.audit import AuditUnavailable, Outcome
from xds.ebxml import (
    ADHOC_QUERY_RESPONSE,
    RETRIEVE_RESPONSE,
    encode_query_response,
    encode_registry_response,
    encode_retrieve_response,
)
from xds.hl7v3 import ACKNOWLEDGEMENT, decode_patient_feed
from xds.model import (
    InternalSystemError,
    RegistryBusy,
    RegistryError,
    RegistryResponse,
    RepositoryBusy,
    RepositoryError,
    ResponseStatus,
    XdsError,
)
from xds.registry import acknowledged
from xds.soap import Handler, Reply, Request
from xds.store import Conflict, StoreBusy, StoreUnavailable
from xds.transactions import Role, Transaction

_BUSY: Final = {
    Role.REGISTRY: RegistryBusy,
    Role.REPOSITORY: RepositoryBusy,
    Role.GATEWAY: RegistryBusy,
    Role.IMAGING: RepositoryBusy,
}
_FAILED: Final = {
    Role.REGISTRY: RegistryError,
    Role.REPOSITORY: RepositoryError,
    Role.GATEWAY: RegistryError,
    Role.IMAGING: RepositoryError,
}


def guarded(transaction: Transaction, handler: Handler) -> Handler:
    """Wrap a handler: a database that is away or overloaded is an answer of the standard, not a fault.

    Everything else that a handler raises goes on to the front door, which logs it under an incident.
    """

    def answer(body: etree._Element, request: Request) -> Reply:
        try:
            return handler(body, request)
        except XdsError as error:
            found: XdsError = error
        except AuditUnavailable:
            request.trail.failed(Outcome.MAJOR_FAILURE)
            found = unaudited(transaction)
        except StoreUnavailable:
            request.trail.failed(Outcome.MAJOR_FAILURE)
            failed = _FAILED[transaction.role]
            found = failed("metadata store unavailable; repeat the request a little later")
        except (StoreBusy, Conflict):
            request.trail.failed(Outcome.SERIOUS_FAILURE)
            busy = _BUSY[transaction.role]
            found = busy("the metadata store took too long; repeat it, or narrow the query")
        return refused(transaction, body, found)

    return answer


def unaudited(transaction: Transaction) -> XdsError:
    """Say that the audit log cannot be written: no record, no answer (security digest 7)."""
    return _FAILED[transaction.role](
        "the audit log cannot be written, so nothing is answered; repeat the request a little later"
    )


def refused(transaction: Transaction, body: etree._Element, error: XdsError) -> Reply:
    """The failure answer of a transaction to a request, ITI-44's acknowledgement among them."""
    if transaction.response == ACKNOWLEDGEMENT:
        return acknowledged(decode_patient_feed(body), [InternalSystemError(error.context)])
    return refusal(transaction, error)


def refusal(transaction: Transaction, error: XdsError) -> Reply:
    """The failure answer of a transaction with one finding."""
    outcome = f"Failure {error.code}"
    if transaction.response == ADHOC_QUERY_RESPONSE:
        return Reply(body=encode_query_response(ResponseStatus.FAILURE, [error], ()), outcome=outcome)
    response = RegistryResponse.of([error])
    if transaction.response == RETRIEVE_RESPONSE:
        return Reply(body=(encode_retrieve_response(response, ()),), outcome=outcome)
    return Reply(body=(encode_registry_response(response),), outcome=outcome)
