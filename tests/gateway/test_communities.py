"""Whose homeCommunityId it is, which queries name a patient, and the way that a request took."""

import pytest
from lxml import etree

from tests.transactions import samples
from xds.ebxml import decode_adhoc_query, encode_query_response, split_query_response, with_home
from xds.gateway.communities import Communities, Community, names_patient
from xds.gateway.path import onward
from xds.model import (
    AdhocQuery,
    QuerySlot,
    RegistryError,
    ResponseStatus,
    StoredQuery,
    TooManyResults,
    UnknownPatientId,
)
from xds.soap import Request, read_envelope
from xds.xml.namespaces import GATEWAY, RIM, SOAP12

EAST, WEST = "urn:oid:2.999.3.1", "urn:oid:2.999.3.2"


def community(home: str) -> Community:
    return Community(name="other", home_community_id=home, url="http://other", gateway=None)  # type: ignore[arg-type]


def test_a_bare_oid_is_its_urn() -> None:
    west = community(WEST)
    communities = Communities("2.999.3.1", [west])
    assert communities.own == EAST
    assert communities.is_own(EAST) and communities.is_own(" 2.999.3.1 ") and not communities.is_own(WEST)
    assert communities.of("2.999.3.2") is communities.of(WEST) is west
    assert communities.of("urn:oid:2.999.3.9") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("$XDSDocumentEntryPatientId", True),
        ("$XDSSubmissionSetPatientId", True),
        ("$XDSFolderPatientId", True),
        ("$patientId", True),
        ("$XDSDocumentEntryUniqueId", False),
    ],
)
def test_which_queries_name_a_patient(name: str, expected: bool) -> None:
    query, _ = decode_adhoc_query(
        etree.fromstring(samples.query_body(StoredQuery.GET_ALL, samples.slot(name, "1")))
    )
    assert names_patient(query) is expected
    empty = QuerySlot(name=name, values=("",))
    assert not names_patient(AdhocQuery(query_id="", return_type="", slots=(empty,)))


def request(header: str = "") -> Request:
    envelope = etree.fromstring(
        f'<e:Envelope xmlns:e="{SOAP12}" xmlns:g="{GATEWAY}"><e:Header>{header}</e:Header><e:Body><x/></e:Body>'
        "</e:Envelope>"
    )
    return Request(envelope=read_envelope(envelope), root_digest=b"", parts={}, mtom=False)


def test_the_way_is_lengthened_by_this_gateway() -> None:
    (block,) = onward(request(), EAST)
    assert (block.tag, block.text) == (f"{{{GATEWAY}}}Path", EAST)
    (block,) = onward(request(f"<g:Path>{WEST}</g:Path>"), EAST)
    assert block.text == f"{WEST} {EAST}"


@pytest.mark.parametrize("passed", [[WEST, EAST], [f"urn:oid:2.999.3.{number}" for number in range(10, 18)]])
def test_a_way_back_or_too_far_is_refused(passed: list[str]) -> None:
    with pytest.raises(RegistryError, match=r"gateways"):
        onward(request(f"<g:Path>{' '.join(passed)}</g:Path>"), EAST)
    assert onward(request(f"<g:Path>{' '.join(passed[:1])}</g:Path>"), EAST)


@pytest.mark.parametrize("findings", [[], [UnknownPatientId("ü"), TooManyResults("a")]])
def test_what_was_joined_is_taken_apart(findings: list[RegistryError]) -> None:
    objects = [b'<rim:ObjectRef id="urn:uuid:1"/>', b"", b'<rim:ObjectRef id="urn:uuid:2"/>']
    pieces = encode_query_response(ResponseStatus.PARTIAL_SUCCESS, findings, objects)
    split = split_query_response(pieces)
    assert split.status is ResponseStatus.PARTIAL_SUCCESS
    assert split.findings == tuple(findings)
    assert b"".join(split.objects) == b"".join(objects)


def test_objects_that_nobody_could_ask_for_again() -> None:
    objects = [
        f'<rim:ObjectRef home="{WEST}" id="urn:uuid:1"/>'.encode(),
        b'<rim:ExtrinsicObject id="urn:uuid:2"/>',
        b'<rim:Association id="urn:uuid:3" associationType="" sourceObject="" targetObject=""/>',
    ]
    answer = etree.fromstring(b"".join(encode_query_response(ResponseStatus.SUCCESS, (), objects)))
    kept, homeless = with_home(answer)
    assert ([etree.fromstring(item).get("id") for item in kept.objects], homeless) == (
        ["urn:uuid:1", "urn:uuid:3"],
        1,
    )
    given, homeless = with_home(answer, EAST)
    assert homeless == 0
    assert [etree.fromstring(item).get("home") for item in given.objects] == [WEST, EAST, None]
    assert {etree.QName(etree.fromstring(item)).namespace for item in given.objects} == {RIM}
