"""WSDLs and schemas as served: plain zeep loads them over HTTP, and nothing else is handed out."""

from importlib.resources import files

import pytest
import zeep
from lxml import etree

from xds.server.contracts import CONTRACT_TYPE, schema, schema_names, wsdl
from xds.transactions import Role, of_role

from .listening import Answer, Listener, Received

ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap12/}address"
IMPORT = "{http://www.w3.org/2001/XMLSchema}import"
ROLES = pytest.mark.parametrize("role", list(Role))


def serve_contracts(listener: Listener) -> None:
    """Answer as the service does: a WSDL per role, and the schemas in one folder."""

    def respond(request: Received) -> Answer:
        path, _, query = request.target.partition("?")
        name = path.rpartition("/")[2]
        if query == "wsdl":
            body: bytes | None = wsdl(
                Role(name), endpoint_url=f"{listener.url}/at/{name}", schemas_url=f"{listener.url}/xsd/"
            )
        else:
            body = schema(name) if path == f"/xsd/{name}" else None
        return (404, "text/plain", b"") if body is None else (200, CONTRACT_TYPE, body)

    listener.respond = respond


def locations(document: bytes) -> list[str]:
    """The schemaLocation of each import."""
    return [item.get("schemaLocation", "") for item in etree.fromstring(document).iter(IMPORT)]


@ROLES
def test_zeep_loads_it_over_http(role: Role, listener: Listener) -> None:
    serve_contracts(listener)
    client = zeep.Client(f"{listener.url}/dics/{role}?wsdl")
    (service,) = client.wsdl.services.values()
    (port,) = service.ports.values()
    assert port.binding_options["address"] == f"{listener.url}/at/{role}"
    assert set(port.binding.all()) == {row.operation for row in of_role(role)}
    asked = {item.target for item in listener.received}
    named = {
        item.removeprefix(listener.url)
        for item in locations(wsdl(role, endpoint_url="http://a", schemas_url=f"{listener.url}/xsd"))
    }
    assert named < asked
    assert all(listener.respond(item)[0] == 200 for item in listener.received)


@ROLES
def test_every_import_leads_to_a_schema(role: Role) -> None:
    waiting = locations(wsdl(role, endpoint_url="http://a/b", schemas_url="http://a/s"))
    assert waiting
    assert all(item.startswith("http://a/s/") for item in waiting)
    seen = set()
    while waiting:
        name = waiting.pop().removeprefix("http://a/s/")
        if name not in seen:
            seen.add(name)
            document = schema(name)
            assert document is not None, name
            waiting += locations(document)
    assert {"rim.xsd", "xml.xsd"} <= seen


@ROLES
def test_addresses_are_escaped(role: Role) -> None:
    url = """https://a.example/x?a=1&b="<'>"""
    document = wsdl(role, endpoint_url=url, schemas_url=url)
    root = etree.fromstring(document)
    assert [item.get("location") for item in root.iter(ADDRESS)] == [url]
    assert all(item.startswith(f"{url}/") for item in locations(document))
    assert b"localhost" not in document


def test_a_slash_at_the_end_makes_no_difference() -> None:
    with_slash = wsdl(Role.REGISTRY, endpoint_url="http://a", schemas_url="http://a/s/")
    assert with_slash == wsdl(Role.REGISTRY, endpoint_url="http://a", schemas_url="http://a/s")


def test_each_address_has_its_own_wsdl() -> None:
    made = {
        wsdl(role, endpoint_url=endpoint, schemas_url=schemas)
        for role in Role
        for endpoint in ("http://a", "http://b")
        for schemas in ("http://a/s", "http://b/s")
    }
    assert len(made) == 4 * len(Role)
    assert wsdl(Role.REGISTRY, endpoint_url="http://a", schemas_url="http://c") is wsdl(
        Role.REGISTRY, endpoint_url="http://a", schemas_url="http://c"
    )


def test_invented_addresses_do_not_fill_the_memory() -> None:
    for number in range(200):
        wsdl(Role.REGISTRY, endpoint_url=f"http://host{number}", schemas_url="http://a")
    assert wsdl.cache_info().currsize <= 64


def test_what_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="XML"):
        wsdl(Role.REGISTRY, endpoint_url="http://a/\x00", schemas_url="http://a")


def test_schemas_are_those_of_the_package() -> None:
    folder = files("xds.schemas")
    assert set(schema_names()) == {item.name for item in folder.iterdir() if item.name.endswith(".xsd")}
    for name in schema_names():
        assert schema(name) == folder.joinpath(name).read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "__init__.py", "../wsdl/DocumentRegistry.wsdl", "../schemas/rim.xsd", "/rim.xsd", "./rim.xsd",
        "rim.xsd/", "rim.xsd\x00", "%2e%2e/rim.xsd", "..\\rim.xsd", "RIM.XSD", "rim",
    ],
)  # fmt: skip
def test_nothing_else_is_a_schema(name: str) -> None:
    assert schema(name) is None
