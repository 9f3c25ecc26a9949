"""A Document Registry elsewhere: ITI-42, 61, 18, 51, 44, 57, 92 and 62 (ITI TF-2 3.42, 3.61, 3.18, …)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import requests
from lxml import etree

from xds.audit import UNAUDITED, AuditLog
from xds.client.lenient import registry_response
from xds.client.queries import ParameterValue, build_query
from xds.client.service import DEFAULT_SECONDS, Service
from xds.ebxml import (
    ADHOC_QUERY_RESPONSE,
    REGISTRY_RESPONSE,
    QueryResponse,
    decode_query_response,
    encode_adhoc_query,
    encode_remove_objects,
    encode_submission,
)
from xds.hl7v3 import Acknowledgement, decode_acknowledgement, encode_patient_feed
from xds.model import (
    AdhocQuery,
    AvailabilityStatus,
    InstanceIdentifier,
    PatientFeed,
    RegistryResponse,
    ReturnType,
    StoredQuery,
    Submission,
)
from xds.rules import transaction_of
from xds.transactions import ITI_18, ITI_42, ITI_44, ITI_51, ITI_57, ITI_61, ITI_62, ITI_92, Role
from xds.wss import SigningIdentity


class RegistryClient:
    """Registers and queries at one registry; threads may share it, `with` closes its connections.

    Parameters
    ----------
    url
        The registry's end point.
    timeout
        Seconds to wait for an answer.
    session
        Connections of the caller; by default an own pool.
    signing
        What each request is signed with (WS-Security, docs/security.md); by default none is.
    audit
        Where each call leaves its event (docs/audit.md); by default nowhere.
    assertion
        The user on whose behalf it asks: a SAML 2.0 assertion, sent with every request (ITI-40).

    Raises
    ------
    ValueError
        `url` is not an http or https address, or `assertion` no assertion.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = DEFAULT_SECONDS,
        session: requests.Session | None = None,
        signing: SigningIdentity | None = None,
        audit: AuditLog = UNAUDITED,
        assertion: bytes | None = None,
    ) -> None:
        self._service = Service(
            url,
            Role.REGISTRY,
            timeout=timeout,
            session=session,
            signing=signing,
            audit=audit,
            assertion=assertion,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._service.close()

    def register(self, submission: Submission, message_id: str | None = None) -> RegistryResponse:
        """Register a submission (ITI-42).

        Parameters
        ----------
        message_id
            wsa:MessageID; to repeat a request whose answer was lost, send it again with the same one.

        Raises
        ------
        ClientError
            No usable answer came; whether it was registered is unknown.
        """
        answer = self._service.call(ITI_42, encode_submission(submission), message_id=message_id)
        return registry_response(answer)

    def register_on_demand(self, submission: Submission, message_id: str | None = None) -> RegistryResponse:
        """Register a submission of On-Demand entries (ITI-61).

        Parameters
        ----------
        message_id
            wsa:MessageID; to repeat a request whose answer was lost, send it again with the same one.

        Raises
        ------
        ClientError
            No usable answer came; whether it was registered is unknown.
        """
        answer = self._service.call(ITI_61, encode_submission(submission), message_id=message_id)
        return registry_response(answer)

    def remove(self, entry_uuids: Iterable[str], message_id: str | None = None) -> RegistryResponse:
        """Remove registered objects: all that are named, or none (ITI-62).

        Parameters
        ----------
        entry_uuids
            Of entries, SubmissionSets, Folders, and of every Association that leads to one of them.
        message_id
            wsa:MessageID; to repeat a request whose answer was lost, send it again with the same one.

        Raises
        ------
        ClientError
            No usable answer came; whether they were removed is unknown.
        """
        answer = self._service.call(ITI_62, encode_remove_objects(entry_uuids), message_id=message_id)
        return registry_response(answer)

    def update(
        self, submission: Submission, message_id: str | None = None, *, restricted: bool = False
    ) -> RegistryResponse:
        """Update metadata (ITI-57): new versions, statuses, associations.

        `xds.client.new_version` makes the submission of a new version.

        Parameters
        ----------
        message_id
            As in `register`.
        restricted
            Send it to an Update Responder (ITI-92): new versions of DocumentEntries only.

        Raises
        ------
        ClientError
            No usable answer came; whether it was updated is unknown.
        """
        transaction = ITI_92 if restricted else ITI_57
        answer = self._service.call(transaction, encode_submission(submission), message_id=message_id)
        return registry_response(answer)

    def query(self, query: AdhocQuery) -> QueryResponse:
        """Ask a stored query (ITI-18, or ITI-51 if it is one for multiple patients).

        Raises
        ------
        ClientError
            No usable answer came.
        """
        return decode_answer(self.query_element(query))

    def query_element(self, query: AdhocQuery) -> etree._Element:
        """Ask a stored query, by the transaction that it belongs to, and return the answer as it came.

        Raises
        ------
        ClientError
            No usable answer came.
        """
        transaction = ITI_51 if transaction_of(query.query_id) == ITI_51.number else ITI_18
        return self._service.call(
            transaction, encode_adhoc_query(query), also_expected=frozenset({REGISTRY_RESPONSE})
        )

    def stored_query(
        self,
        name: StoredQuery | str,
        parameters: Mapping[str, ParameterValue],
        *,
        return_type: ReturnType = ReturnType.LEAF_CLASS,
        home_community_id: str | None = None,
    ) -> QueryResponse:
        """Ask a stored query by its name; see `xds.client.build_query` for the parameters.

        Raises
        ------
        ValueError
            The query or a parameter is not known.
        ClientError
            No usable answer came.
        """
        return self.query(
            build_query(name, parameters, return_type=return_type, home_community_id=home_community_id)
        )

    def find_documents(
        self,
        patient_id: str,
        *,
        status: Sequence[AvailabilityStatus] = (AvailabilityStatus.APPROVED,),
        **filters: ParameterValue,
    ) -> QueryResponse:
        """Find a patient's documents (FindDocuments, 3.18.4.1.2.3.7.1).

        Parameters
        ----------
        patient_id
            CX: ``id^^^&oid&ISO``.
        filters
            By the names of the attributes: ``class_code="REPORTS^^1.2.3"``, ``creation_time_from="2024"``.

        Raises
        ------
        ValueError
            A filter is not known.
        ClientError
            No usable answer came.
        """
        return self.stored_query(
            StoredQuery.FIND_DOCUMENTS, {"patientId": patient_id, "status": status, **filters}
        )

    def get_documents(
        self, *, entry_uuids: Sequence[str] = (), unique_ids: Sequence[str] = ()
    ) -> QueryResponse:
        """Get DocumentEntries by entryUUID or by uniqueId (GetDocuments, 3.18.4.1.2.3.7.5).

        Raises
        ------
        ValueError
            Not exactly one of the two is given.
        ClientError
            No usable answer came.
        """
        if bool(entry_uuids) == bool(unique_ids):
            raise ValueError("GetDocuments takes entry_uuids or unique_ids, one of the two")
        given = {"entryUUID": entry_uuids} if entry_uuids else {"uniqueId": unique_ids}
        return self.stored_query(StoredQuery.GET_DOCUMENTS, given)

    def feed(self, feed: PatientFeed, message_id: str | None = None) -> Acknowledgement:
        """Tell of a patient: added, revised or merged (ITI-44).

        Parameters
        ----------
        feed
            Its id and creationTime are made here where they are not given; to repeat a message whose answer was
            lost, send it again with the same id.

        Raises
        ------
        ClientError
            No usable answer came; whether it was done is unknown.
        """
        sent = replace(
            feed,
            message_id=feed.message_id or InstanceIdentifier(str(uuid.uuid4())),
            creation_time=feed.creation_time or datetime.now(UTC).strftime("%Y%m%d%H%M%S"),
        )
        (transaction,) = (row for row in ITI_44 if row.action.endswith(feed.interaction))
        answer = self._service.call(transaction, encode_patient_feed(sent), message_id=message_id)
        return decode_acknowledgement(answer)


def decode_answer(element: etree._Element) -> QueryResponse:
    """Decode the answer of ITI-18 or ITI-51; some registries refuse with a bare rs:RegistryResponse."""
    is_whole = element.tag == ADHOC_QUERY_RESPONSE
    objects = decode_query_response(element).objects if is_whole else Submission()
    response = registry_response(element)
    return QueryResponse(status=response.status, findings=response.findings, objects=objects)
