"""The WSDLs: whole, in step with the official ones, and enough for plain zeep to read and write every message."""

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import pytest
import requests
import zeep
from lxml import etree
from zeep.helpers import serialize_object

from xds.transactions import CATALOGUE

from .validators import MESSAGES, SCHEMAS, WSDLS, XDS, XS, parse

NS = {
    "wsdl": "http://schemas.xmlsoap.org/wsdl/",
    "soap12": "http://schemas.xmlsoap.org/wsdl/soap12/",
    "wsaw": "http://www.w3.org/2006/05/addressing/wsdl",
    "wsp": "http://www.w3.org/ns/ws-policy",
    "wsoma": "http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization",
}
WSAW = "{http://www.w3.org/2006/05/addressing/wsdl}Action"
WSAM = "{http://www.w3.org/2007/05/addressing/metadata}Action"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
REGISTRY = WSDLS / "DocumentRegistry.wsdl"
REPOSITORY = WSDLS / "DocumentRepository.wsdl"
GATEWAY = WSDLS / "Gateway.wsdl"
IMAGING = WSDLS / "ImagingDocumentSource.wsdl"
ALL = (REGISTRY, REPOSITORY, GATEWAY, IMAGING)
EACH = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)

REGISTER = "DocumentRegistry_RegisterDocumentSet-b"
STORED_QUERY = "DocumentRegistry_RegistryStoredQuery"
MULTI_PATIENT = "DocumentRegistry_MultiPatientStoredQuery"
PROVIDE = "DocumentRepository_ProvideAndRegisterDocumentSet-b"
IMAGES = "ImagingDocumentSource_RetrieveImagingDocumentSet"
REMOVE_METADATA = "DocumentRegistry_DeleteDocumentSet"
REMOVE_DOCUMENTS = "DocumentRepository_RemoveDocuments"
RETRIEVE = "DocumentRepository_RetrieveDocumentSet"
UPDATE = "DocumentRegistry_UpdateDocumentSet"
CROSS_QUERY = "RespondingGateway_CrossGatewayQuery"
CROSS_RETRIEVE = "RespondingGateway_CrossGatewayRetrieve"
RESTRICTED_UPDATE = "UpdateResponder_RestrictedUpdateDocumentSet"
ADDED = "DocumentRegistry_PRPA_IN201301UV02"
REVISED = "DocumentRegistry_PRPA_IN201302UV02"
DUPLICATES_RESOLVED = "DocumentRegistry_PRPA_IN201304UV02"
REQUESTS = [
    (REGISTRY, REGISTER, "iti42-report"),
    (REGISTRY, REGISTER, "iti42-folder"),
    (REGISTRY, REGISTER, "iti42-replace"),
    (REGISTRY, UPDATE, "iti57-entry"),
    (REGISTRY, UPDATE, "iti57-status"),
    (REGISTRY, RESTRICTED_UPDATE, "iti57-entry"),
    (REGISTRY, STORED_QUERY, "iti18-find-documents"),
    (REGISTRY, REMOVE_METADATA, "iti62-request"),
    (REGISTRY, ADDED, "iti44-added"),
    (REGISTRY, REVISED, "iti44-revised"),
    (REGISTRY, DUPLICATES_RESOLVED, "iti44-duplicates-resolved"),
    (REGISTRY, MULTI_PATIENT, "iti51-find-documents-for-multiple-patients"),
    (REPOSITORY, PROVIDE, "iti41-report"),
    (REPOSITORY, RETRIEVE, "iti43-request"),
    (GATEWAY, CROSS_QUERY, "iti18-find-documents"),
    (GATEWAY, CROSS_RETRIEVE, "iti43-request"),
    (REPOSITORY, REMOVE_DOCUMENTS, "iti86-request"),
    (IMAGING, IMAGES, "rad69-request"),
    (REPOSITORY, IMAGES, "rad69-request"),
]
RESPONSES = [
    (REGISTRY, REGISTER, "registry-response-success"),
    (REGISTRY, REGISTER, "registry-response-failure"),
    (REGISTRY, STORED_QUERY, "iti18-response-leaf-class"),
    (REGISTRY, STORED_QUERY, "iti18-response-object-ref"),
    (REGISTRY, ADDED, "iti44-acknowledgement"),
    (REGISTRY, DUPLICATES_RESOLVED, "iti44-acknowledgement-error"),
    (REGISTRY, MULTI_PATIENT, "iti18-response-leaf-class"),
    (REPOSITORY, PROVIDE, "registry-response-failure"),
    (REPOSITORY, RETRIEVE, "iti43-response"),
]
# What the schemas say of an attribute that is not there; zeep writes these down.
DEFAULTS = {
    LANG: "en-US",
    "charset": "UTF-8",
    "isOpaque": "false",
    "startIndex": "0",
    "maxResults": "-1",
    "federated": "false",
    "createReplica": "false",
    "deletionScope": "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteAll",
}


class Operation(NamedTuple):
    """What a WSDL says of one operation; elements are {namespace}name."""

    port_type: str
    request_action: str
    request: str
    response_action: str
    response: str


def operations(path: Path, action: str) -> dict[str, Operation]:
    """Return the operations of a WSDL, with the action from the attribute of that name."""
    root = parse(path)

    def element(message: str) -> str:
        part = root.find(f"wsdl:message[@name='{message.partition(':')[2]}']/wsdl:part", NS)
        assert part is not None
        prefix, _, name = part.attrib["element"].partition(":")
        return f"{{{part.nsmap[prefix]}}}{name}"

    found = {}
    for operation in root.iterfind("wsdl:portType/wsdl:operation", NS):
        request, response = operation.find("wsdl:input", NS), operation.find("wsdl:output", NS)
        parent = operation.getparent()
        assert request is not None
        assert response is not None
        assert parent is not None
        found[operation.attrib["name"]] = Operation(
            parent.attrib["name"],
            request.attrib[action],
            element(request.attrib["message"]),
            response.attrib[action],
            element(response.attrib["message"]),
        )
    return found


@EACH
def test_imports_exist(path: Path) -> None:
    imports = list(parse(path).iter(XS + "import"))
    assert imports
    for element in imports:
        file = (path.parent / element.attrib["schemaLocation"]).resolve()
        assert file.parent == SCHEMAS
        assert parse(file).get("targetNamespace") == element.get("namespace")


@EACH
def test_both_ways_to_write_an_action_agree(path: Path) -> None:
    assert operations(path, WSAW) == operations(path, WSAM)


@EACH
def test_messages_are_declared(path: Path) -> None:
    declared = {
        f"{{{schema.get('targetNamespace')}}}{element.get('name')}"
        for schema in map(parse, SCHEMAS.glob("*.xsd"))
        for element in schema.findall(XS + "element")
    }
    for operation in operations(path, WSAM).values():
        assert {operation.request, operation.response} <= declared


@EACH
def test_binding_is_soap_12_document_literal(path: Path) -> None:
    root = parse(path)
    assert root.get("targetNamespace") == XDS
    (binding,) = root.findall("wsdl:binding", NS)
    (soap,) = binding.findall("soap12:binding", NS)
    assert soap.attrib == {"style": "document", "transport": "http://schemas.xmlsoap.org/soap/http"}
    assert binding.find("wsaw:UsingAddressing", NS) is not None
    assert {body.get("use") for body in binding.iterfind(".//soap12:body", NS)} == {"literal"}
    actions = {
        operation.attrib["name"]: operation.find("soap12:operation", NS).attrib["soapAction"]  # type: ignore[union-attr]
        for operation in binding.iterfind("wsdl:operation", NS)
    }
    assert actions == {name: told.request_action for name, told in operations(path, WSAM).items()}


@EACH
def test_one_address_for_the_server_to_replace(path: Path) -> None:
    role = "imaging" if path is IMAGING else path.stem.removeprefix("Document").lower()
    (address,) = parse(path).findall("wsdl:service/wsdl:port/soap12:address", NS)
    assert address.get("location") == f"http://localhost:8080/dics/{role}"


def test_mtom_is_offered_where_documents_travel() -> None:
    root = parse(REPOSITORY)
    policy = root.find("wsp:Policy", NS)
    assert policy is not None
    assert policy.find("wsoma:OptimizedMimeSerialization", NS) is not None
    reference = root.find("wsdl:binding/wsp:PolicyReference", NS)
    assert reference is not None
    assert reference.attrib["URI"].removeprefix("#") in policy.attrib.values()
    assert parse(REGISTRY).find(".//wsp:*", NS) is None


@pytest.mark.parametrize(
    ("name", "path", "names"),
    [
        ("XDS.b_DocumentRegistry", REGISTRY, {REGISTER, STORED_QUERY}),
        ("XDS.b_DocumentRepository", REPOSITORY, {PROVIDE, RETRIEVE}),
        ("XCAInitiatingGateway", GATEWAY, {STORED_QUERY, RETRIEVE}),
        ("XCARespondingGateway", GATEWAY, {CROSS_QUERY, CROSS_RETRIEVE}),
    ],
    ids=["registry", "repository", "initiating", "responding"],
)
def test_same_operations_as_the_official_wsdl(
    name: str, path: Path, names: set[str], reference: Path
) -> None:
    ours = operations(path, WSAW)
    official = operations(reference / "wsdl" / f"{name}.wsdl", WSAW)
    assert names <= set(ours)
    for operation in names:
        # One end point plays both gateways: one port type has both.
        port_type = ours[operation].port_type if path is GATEWAY else official[operation].port_type
        assert ours[operation] == official[operation]._replace(port_type=port_type)


def test_the_operations_are_those_of_the_catalogue() -> None:
    served = {name: told for path in ALL for name, told in operations(path, WSAM).items()}
    assert set(served) == {row.operation for row in CATALOGUE}
    for row in CATALOGUE:
        told = served[row.operation]
        assert (told.request_action, told.request) == (row.action, row.request)
        assert (told.response_action, told.response) == (row.response_action, row.response)


@pytest.mark.parametrize("number", ["18", "41", "42", "43", "44-xds", "51", "57", "61", "62", "86", "92"])
def test_same_operation_as_another_maker(number: str, reference: Path) -> None:
    theirs = operations(reference / "wsdl" / "ipf" / f"iti{number}.wsdl", WSAM)
    # One end point plays the Update Responder and the Document Registry: one port type has both.
    theirs = {
        name: told._replace(port_type=told.port_type.replace("UpdateResponder", "DocumentRegistry"))
        for name, told in theirs.items()
    }
    ours = operations(REGISTRY, WSAM) | operations(REPOSITORY, WSAM)
    assert theirs
    assert theirs.items() <= ours.items()


@pytest.fixture(scope="session")
def clients() -> dict[Path, zeep.Client]:
    """Return plain zeep on each WSDL."""
    return {path: zeep.Client(str(path)) for path in ALL}


def plain(element: etree._Element) -> str:
    """Return a message in a form that depends on neither prefixes nor written-down defaults."""
    root = etree.fromstring(etree.tostring(element))
    for node in root.iter("*"):
        for name, value in DEFAULTS.items():
            if node.get(name) == value:
                del node.attrib[name]
    etree.cleanup_namespaces(root)
    text: str = etree.canonicalize(root, rewrite_prefixes=True, strip_text=True)
    return text


def as_arguments(client: zeep.Client, message: etree._Element) -> dict[str, Any]:
    """Return a message as the keyword arguments with which a user of zeep would build it."""
    value = client.get_element(message.tag).parse(message, client.wsdl.types)
    arguments: dict[str, Any] = serialize_object(value, dict)
    return arguments


@pytest.mark.parametrize(
    ("path", "operation", "sample"), REQUESTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_zeep_builds_the_request(
    path: Path, operation: str, sample: str, clients: dict[Path, zeep.Client], ours: etree.XMLSchema
) -> None:
    client, message = clients[path], parse(MESSAGES / f"{sample}.xml")
    envelope = client.create_message(client.service, operation, **as_arguments(client, message))
    ours.assertValid(envelope)
    (body,) = envelope.iterfind("{http://www.w3.org/2003/05/soap-envelope}Body")
    assert len(body) == 1
    ours.assertValid(etree.ElementTree(body[0]))
    assert plain(body[0]) == plain(message)


@pytest.mark.parametrize(
    ("path", "operation", "sample"), REQUESTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_zeep_builds_what_the_official_schema_takes(
    path: Path, operation: str, sample: str, clients: dict[Path, zeep.Client], official: etree.XMLSchema
) -> None:
    client, message = clients[path], parse(MESSAGES / f"{sample}.xml")
    official.assertValid(client.create_message(client.service, operation, **as_arguments(client, message)))


def test_zeep_builds_a_query_from_scratch(clients: dict[Path, zeep.Client], ours: etree.XMLSchema) -> None:
    """What the page of the service would tell a newcomer to type."""
    client = clients[REGISTRY]
    parameters = {
        "$XDSDocumentEntryPatientId": "'P1001^^^&2.999.1.1&ISO'",
        "$XDSDocumentEntryStatus": "('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')",
    }
    envelope = client.create_message(
        client.service,
        STORED_QUERY,
        ResponseOption={"returnType": "LeafClass", "returnComposedObjects": True},
        AdhocQuery={
            "id": "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d",
            "Slot": [{"name": name, "ValueList": {"Value": [value]}} for name, value in parameters.items()],
        },
    )
    ours.assertValid(envelope)
    values = envelope.findall(".//{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}Value")
    assert [value.text for value in values] == list(parameters.values())
    assert "urn:ihe:iti:2007:RegistryStoredQuery" in [header.text for header in envelope[0]]


@pytest.mark.parametrize(
    ("path", "operation", "sample"), RESPONSES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_zeep_reads_the_whole_response(
    path: Path, operation: str, sample: str, clients: dict[Path, zeep.Client]
) -> None:
    client, message = clients[path], parse(MESSAGES / f"{sample}.xml")
    assert operations(path, WSAM)[operation].response == message.tag
    element = client.get_element(message.tag)
    parent = etree.Element("parent")
    element.render(parent, element.parse(message, client.wsdl.types))
    assert plain(parent[0]) == plain(message)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and writes nothing on the screen."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """Serve the two folders over HTTP, side by side as they are in the tree, and return the address."""
    (tmp_path / "wsdl").symlink_to(WSDLS)
    (tmp_path / "schemas").symlink_to(SCHEMAS)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", ["DocumentRegistry", "DocumentRepository"])
def test_zeep_loads_it_over_http(name: str, served: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        client = zeep.Client(f"{served}/wsdl/{name}.wsdl", transport=zeep.Transport(session=session))
        (service,) = client.wsdl.services.values()
        (port,) = service.ports.values()
        assert set(port.binding.all()) == set(operations(WSDLS / f"{name}.wsdl", WSAM))
