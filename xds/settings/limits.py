"""How much a peer may send or ask for: beside each limit what it is of, and after the colon the answer beyond it."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``[limits]``: how much one peer may send or ask for."""

    request_bytes: int = 512 * MIB  # whole HTTP body: 413, connection closed
    envelope_bytes: int = 16 * MIB  # SOAP envelope without document content: 413
    document_bytes: int = 256 * MIB  # one document: XDSRepositoryMetadataError
    documents: int = 200  # documents of one ITI-41: XDSRepositoryMetadataError
    mime_parts: int = 256  # parts of one multipart message, the envelope counted: 400
    mime_header_bytes: int = 8 * KIB  # head of one part: 400
    mime_boundary_chars: int = 70  # characters of its boundary: 400
    http_header_bytes: int = 16 * KIB  # head of a request: 431
    http_header_fields: int = 100  # header fields of a request: 431
    http_request_line: int = 8 * KIB  # first line of a request: 414
    xml_depth: int = 64  # elements within each other: env:Sender
    xml_nodes: int = 500_000  # elements of an envelope: env:Sender
    xml_attributes: int = 64  # attributes of one element: env:Sender
    xml_name_length: int = 256  # characters of an element's or attribute's name: env:Sender
    xml_namespaces: int = 256  # different namespace declarations of an envelope: env:Sender
    assertion_bytes: int = 64 * KIB  # a user's assertion: wsse:InvalidSecurity
    assertion_attributes: int = 200  # attributes of an assertion, and their values: wsse:InvalidSecurity
    metadata_objects: int = 2_000  # objects of one submission: XDSRegistryMetadataError
    slot_values: int = 1_000  # values of one Slot: XDSRegistryMetadataError
    value_length: int = 4 * KIB  # characters of one rim:Value: XDSRegistryMetadataError
    query_ids: int = 1_000  # values of one list: XDSTooManyResults
    query_parameters: int = 64  # parameters of one query: XDSStoredQueryParamNumber
    query_wildcards: int = 8  # % and _ in one pattern: XDSRegistryError
    leaf_class_results: int = 2_500  # objects of a LeafClass answer: XDSTooManyResults
    object_ref_results: int = 25_000  # objects of an ObjectRef answer: XDSTooManyResults
    response_bytes: int = 64 * MIB  # octets of a query's answer: XDSTooManyResults
    retrieve_documents: int = 200  # documents of one ITI-43: XDSTooManyResults
    retrieve_instances: int = 5_000  # instances of one RAD-69: XDSTooManyResults
    query_seconds: int = 10  # one SQL statement: XDSRegistryBusy
    transaction_idle_seconds: int = 15  # a database transaction that waits for us: XDSRegistryBusy
    header_seconds: int = 10  # reading the head of a request: 408
    body_minimum_rate: int = 8 * KIB  # octets per second of a body, after 10 s: 408
    body_seconds: int = 600  # reading a whole request: 408
    keep_alive_seconds: int = 60  # a connection without a request: closed
    in_flight_per_peer: int = 16  # requests of one peer under way (0 is off): 503 with Retry-After
    downloads: int = 16  # ITI-43 answers under way in one process: 503 with Retry-After
    requests_per_second: int = 500  # of one peer (0 is off): 429 with Retry-After
    failed_authentications: int = 20  # of one source in a minute (0 is off): 429 with Retry-After
    failed_authentication_seconds: int = 300  # how long a source is not listened to after that: 429
    mllp_frame_bytes: int = MIB  # one HL7 v2 message: AR, connection closed
    mllp_frame_seconds: int = 30  # from its first octet to its last: AR, connection closed
    mllp_idle_seconds: int = 120  # an MLLP connection without a message: closed
    mllp_connections: int = 64  # MLLP connections: closed
    mllp_connections_per_peer: int = 8  # MLLP connections of one peer: closed
    free_space_bytes: int = 2 * GIB  # less free space on the volume: XDSRepositoryOutOfResources
