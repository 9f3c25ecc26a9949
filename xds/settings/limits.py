"""How much a peer may send or ask for. Beyond a limit there is the answer that each line names."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one process; every figure can be set under ``[limits]``."""

    request_bytes: int = 512 * MIB  # whole HTTP body: 413, connection closed
    envelope_bytes: int = 16 * MIB  # SOAP envelope without document content: 413
    document_bytes: int = 256 * MIB  # one document: XDSRepositoryMetadataError
    documents: int = 200  # documents of one ITI-41: XDSRepositoryMetadataError
    mime_parts: int = 256  # 400
    mime_header_bytes: int = 8 * KIB  # head of one part: 400
    mime_boundary_chars: int = 70  # 400
    http_header_bytes: int = 16 * KIB  # 431
    http_header_fields: int = 100  # 431
    http_request_line: int = 8 * KIB  # 414
    xml_depth: int = 64  # env:Sender
    xml_nodes: int = 500_000  # env:Sender
    xml_attributes: int = 64  # per element: env:Sender
    metadata_objects: int = 2_000  # per submission: XDSRegistryMetadataError
    slot_values: int = 1_000  # per Slot: XDSRegistryMetadataError
    value_length: int = 4 * KIB  # per rim:Value: XDSRegistryMetadataError
    query_ids: int = 1_000  # values of one list: XDSTooManyResults
    query_parameters: int = 64  # XDSStoredQueryParamNumber
    query_wildcards: int = 8  # % and _ in one pattern: XDSRegistryError
    leaf_class_results: int = 2_500  # XDSTooManyResults
    object_ref_results: int = 25_000  # XDSTooManyResults
    response_bytes: int = 64 * MIB  # of a query's answer: XDSTooManyResults
    retrieve_documents: int = 200  # documents of one ITI-43: XDSTooManyResults
    query_seconds: int = 10  # statement_timeout: XDSRegistryBusy
    transaction_idle_seconds: int = 15  # XDSRegistryBusy
    header_seconds: int = 10  # reading the head of a request: 408
    body_minimum_rate: int = 8 * KIB  # octets/s after 10 s: 408
    body_seconds: int = 600  # reading a whole request: 408
    keep_alive_seconds: int = 60  # idle connection: closed
    in_flight_per_peer: int = 16  # 503 with Retry-After; 0 is off
    downloads: int = 16  # ITI-43 answers under way per worker, so that they never take a query's thread: 503
    requests_per_second: int = 500  # per peer: 429 with Retry-After; 0 is off
    free_space_bytes: int = 2 * GIB  # less free space: XDSRepositoryOutOfResources before the body is read
