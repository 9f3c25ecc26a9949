"""What a client leaves in an audit log: the sending side of each transaction (ITI TF-2 3.18.5.1.1, 3.41.5.1.1, …)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from xds.audit import (
    AuditLog,
    Outcome,
    Side,
    Trail,
    document_facts,
    query_facts,
    submission_facts,
)
from xds.client.errors import ClientError
from xds.client.lenient import registry_response
from xds.ebxml import (
    RETRIEVE_RESPONSE,
    decode_adhoc_query,
    decode_provide_request,
    decode_remove_objects,
    decode_retrieve_request,
    decode_retrieve_response,
    decode_submission,
)
from xds.hl7v3 import ACKNOWLEDGEMENT, decode_acknowledgement, decode_patient_feed
from xds.model import Interaction, RegistryResponse, ResponseStatus
from xds.transactions import (
    ITI_18,
    ITI_38,
    ITI_39,
    ITI_41,
    ITI_43,
    ITI_44,
    ITI_51,
    ITI_62,
    ITI_86,
    Transaction,
)
from xds.xml import parse

_QUERIES = (ITI_18, ITI_51, ITI_38)
_DOCUMENTS = (ITI_43, ITI_86, ITI_39)


@contextmanager
def client_trail(audit: AuditLog, transaction: Transaction, url: str, body: bytes) -> Iterator[Trail]:
    """The trail of one call; what it raises is a failure, and what it returns has been told by `tell_answer`.

    Raises
    ------
    AuditUnavailable
        The call cannot be recorded.
    """
    trail = audit.trail(transaction.number, side=Side.CLIENT, endpoint=url, peer=urlsplit(url).hostname or "")
    if not trail.is_silent:
        _tell_request(trail, transaction, body)
    try:
        yield trail
    except ClientError as error:
        trail.failed(Outcome.SERIOUS_FAILURE)
        trail.close(type(error).__name__)
        raise
    trail.close()


def tell_answer(trail: Trail, answer: etree._Element) -> None:
    """Tell a trail how its call ended."""
    if trail.is_silent:
        return
    if answer.tag == ACKNOWLEDGEMENT:
        acknowledgement = decode_acknowledgement(answer)
        status = ResponseStatus.SUCCESS if acknowledgement.is_accepted else ResponseStatus.FAILURE
        trail.answered(RegistryResponse(status=status, findings=acknowledgement.findings))
        return
    if answer.tag == RETRIEVE_RESPONSE:
        _tell_retrieved(trail, answer)
    trail.answered(registry_response(answer))


def _tell_request(trail: Trail, transaction: Transaction, body: bytes) -> None:
    element = parse(body)
    if transaction in ITI_44:
        feed = decode_patient_feed(element)
        patients = [str(cx) for item in feed.patient_ids if (cx := item.as_patient_id()) is not None]
        prior = [str(cx) for item in feed.prior_ids if (cx := item.as_patient_id()) is not None]
        action = "C" if feed.interaction is Interaction.ADDED else "U"
        trail.about_changes(*(("D", item) for item in prior), *((action, item) for item in patients))
        message = feed.message_id
        trail.about(message_id="" if message is None else f"{message.root} {message.extension}".strip())
        return
    trail.about(**_facts(transaction, element))


def _facts(transaction: Transaction, element: etree._Element) -> dict[str, Any]:
    if transaction in _QUERIES:
        return query_facts(decode_adhoc_query(element)[0], element)
    if transaction in _DOCUMENTS:
        return document_facts(decode_retrieve_request(element)[0])
    if transaction is ITI_62:
        return {"objects": decode_remove_objects(element).object_ids}
    submission = (
        decode_provide_request(element)[0] if transaction is ITI_41 else decode_submission(element)[0]
    )
    return submission_facts(submission)


def _tell_retrieved(trail: Trail, answer: etree._Element) -> None:
    """Of a part of the documents: one event for those that came, one for the others (3.43.6.1)."""
    _, documents = decode_retrieve_response(answer)
    came = {item.document_unique_id for item, _ in documents}
    asked = trail.fact("documents", ())
    trail.about(documents=tuple(item for item in asked if item.unique_id in came) or asked)
    trail.about_failed(documents=tuple(item for item in asked if item.unique_id not in came) or asked)
