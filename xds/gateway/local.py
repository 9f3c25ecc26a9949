"""This community's registry and repository where they are in another process: as handlers, over SOAP."""

from functools import partial

from lxml import etree

from xds.client import ClientError, RegistryClient, RepositoryClient
from xds.documents import PassingParts, Spool
from xds.ebxml import decode_adhoc_query, decode_retrieve_request, encode_query_response, with_home
from xds.gateway.retrieval import JoinedDocuments
from xds.model import RegistryError, RegistryResponse, RepositoryError
from xds.soap import Handler, Reply, Request


def forwarded_query(client: RegistryClient, home_community_id: str) -> Handler:
    """ITI-18 at a registry elsewhere; objects without a homeCommunityId get this community's."""
    return partial(_query, client, home_community_id)


def _query(client: RegistryClient, home: str, body: etree._Element, request: Request) -> Reply:
    query, _ = decode_adhoc_query(body)
    try:
        element = client.query_element(query)
    except ClientError as error:
        raise RegistryError(
            f"the registry of this community does not answer: {error}", location=home
        ) from error
    answer, _ = with_home(element, home)
    response = RegistryResponse(status=answer.status, findings=answer.findings)
    return Reply(
        body=encode_query_response(answer.status, answer.findings, answer.objects), outcome=response.outcome()
    )


def forwarded_retrieve(client: RepositoryClient, spool: Spool, document_bytes: int) -> Handler:
    """ITI-43 at a repository elsewhere."""
    return partial(_retrieve, client, spool, document_bytes)


def _retrieve(
    client: RepositoryClient, spool: Spool, document_bytes: int, body: etree._Element, request: Request
) -> Reply:
    asked, malformed = decode_retrieve_request(body)
    joined = JoinedDocuments(findings=list(malformed))
    parts = PassingParts(spool, document_bytes)
    try:
        response, documents = client.retrieve_into(asked, parts)
    except ClientError as error:
        what = f"the repository of this community does not answer: {error}"
        joined.findings += [RepositoryError(what, location=item.document_unique_id) for item in asked]
        return joined.reply(asked, request)
    joined.findings += response.findings
    for document, content_id in documents:
        joined.add(document, parts.documents[content_id])
    return joined.reply(asked, request)
