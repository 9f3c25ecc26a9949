"""Cross-Community Access (ITI-38, ITI-39): two running communities with databases of their own, and peers that fail."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.client.peer import Answer as PeerAnswer
from tests.client.peer import Peer, Received, closed_port, running_peer
from tests.client.peer import envelope as peer_envelope
from tests.conftest import free_port
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import ACTION, Answer, envelope, get, post, related, send_mtom
from xds.access import DirectiveKind
from xds.model import DocumentEntry, ReturnType, StoredQuery
from xds.store import ConsentStore, open_pool
from xds.xml.namespaces import WSA

EAST, WEST, NORTH, DEAD = (f"urn:oid:2.999.3.{number}" for number in range(1, 5))
EAST_REPOSITORY, WEST_REPOSITORY = "2.999.2.1", "2.999.2.2"
PATH = "/dics/gateway"
PATIENCE = 2  # seconds that the gateway waits for a community


class Communities:
    """East and West know each other; East also knows North, a peer of the test, and a community that is away."""

    def __init__(
        self, new_database: Callable[[], str], make_folder: pytest.TempPathFactory, north: Peer
    ) -> None:
        self.north = north
        self._running = ExitStack()
        east, west = free_port(), free_port()
        self.dsn = {EAST: new_database(), WEST: new_database()}
        self.east = self._start(self.dsn[EAST], make_folder, east, EAST, EAST_REPOSITORY, {
            WEST: f"http://127.0.0.1:{west}{PATH}",
            NORTH: north.url,
            DEAD: f"http://127.0.0.1:{closed_port()}{PATH}",
        })  # fmt: skip
        self.west = self._start(self.dsn[WEST], make_folder, west, WEST, WEST_REPOSITORY, {
            EAST: f"http://127.0.0.1:{east}{PATH}",
        })  # fmt: skip

    def _start(
        self,
        dsn: str,
        make_folder: pytest.TempPathFactory,
        port: int,
        home: str,
        repository: str,
        others: dict[str, str],
    ) -> Service:
        folder = make_folder.mktemp("community")
        settings = merged(
            base_settings(dsn, folder),
            {
                "server": {"port": port, "workers": 1, "roles": ["registry", "repository", "gateway"]},
                "registry": {"home_community_id": home},
                "repository": {"unique_id": repository},
            },
        )
        settings["gateway.communities"] = [
            {
                "name": f"community {other[-1]}",
                "home_community_id": other,
                "query_url": url,
                "seconds": PATIENCE,
            }
            for other, url in others.items()
        ]
        return self._running.enter_context(running(folder, settings))

    def close(self) -> None:
        self._running.close()

    def publish(self, service: Service, repository: str, patient: str, content: bytes) -> DocumentEntry:
        made = samples.submission(samples.entry(patient, repository_unique_id=repository))
        made = samples.provided(made)
        (entry,) = made.document_entries
        body, parts = samples.provide_body(made, {entry.entry_uuid: content})
        assert send_mtom(service.port, "ITI-41", body, *parts).result == "Success"
        return entry


@pytest.fixture(scope="module")
def communities(
    postgres: str, new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Communities]:
    with running_peer() as north:
        made = Communities(new_database, tmp_path_factory, north)
        yield made
        made.close()


@pytest.fixture(autouse=True)
def quiet_north(communities: Communities) -> None:
    """North knows nothing, unless a test says otherwise."""
    communities.north.respond = lambda request: PeerAnswer(found_nothing(request))


def found_nothing(request: Received, objects: str = "", errors: str = "", status: str = "Success") -> bytes:
    """A query answer of a foreign gateway."""
    return peer_envelope(
        '<q:AdhocQueryResponse xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"'
        ' xmlns:rs="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"'
        ' xmlns:rim="urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"'
        f' status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:{status}">{errors}'
        f"<rim:RegistryObjectList>{objects}</rim:RegistryObjectList></q:AdhocQueryResponse>",
        f"<a:RelatesTo>{request.message_id}</a:RelatesTo>",
    )


def ask(
    service: Service,
    body: bytes,
    *,
    number: str = "ITI-18",
    home: str | None = None,
    block: bytes = b"",
    plain: bool = True,
) -> Answer:
    """Ask a gateway; `home` goes into AdhocQuery, `block` into the header."""
    if home is not None:
        body = body.replace(b"<rim:AdhocQuery ", f'<rim:AdhocQuery home="{home}" '.encode())
    message = envelope(number, body).replace(b"</env:Header>", block + b"</env:Header>")
    if plain:
        return post(service.port, PATH, message)
    content_type, octets = related(message)
    return post(service.port, PATH, octets, content_type=content_type)


def homes(answer: Answer, name: str = "ExtrinsicObject") -> dict[str, str]:
    """uniqueId → home of the entries of an answer."""
    found = {}
    for item in answer.elements(name):
        (unique_id,) = item.xpath(
            "*[local-name()='ExternalIdentifier'][*[local-name()='Name']/*/@value='XDSDocumentEntry.uniqueId']/@value"
        )
        found[str(unique_id)] = item.get("home", "")
    return found


def test_a_query_by_patient_reaches_every_community(communities: Communities) -> None:
    patient = samples.fresh_patient()
    east = communities.publish(communities.east, EAST_REPOSITORY, patient, b"east")
    west = communities.publish(communities.west, WEST_REPOSITORY, patient, b"west")
    answer = ask(communities.east, samples.find_body(patient))
    assert homes(answer) == {east.unique_id: EAST, west.unique_id: WEST}
    # One community of three others is away: the answer says which, and is not lost.
    assert (answer.result, answer.codes) == ("PartialSuccess", ["XDSUnavailableCommunity"])
    assert DEAD in answer.contexts[0] and "repeat" in answer.contexts[0]
    references = ask(communities.east, samples.find_body(patient, return_type=ReturnType.OBJECT_REF))
    assert {item.get("home") for item in references.elements("ObjectRef")} == {EAST, WEST}
    # West knows East alone: everybody answers.
    from_west = ask(communities.west, samples.find_body(patient))
    assert (from_west.result, from_west.codes) == ("Success", [])
    assert homes(from_west) == homes(answer)


def test_every_parameter_is_passed_on_unknown_ones_too(communities: Communities) -> None:
    """3.38.4.1.1."""
    body = samples.find_body(samples.fresh_patient())
    unknown = (
        b'<rim:Slot name="$SomethingNew"><rim:ValueList><rim:Value>7</rim:Value></rim:ValueList></rim:Slot>'
    )
    ask(communities.east, body.replace(b"</rim:AdhocQuery>", unknown + b"</rim:AdhocQuery>"))
    sent = communities.north.last
    assert b"$SomethingNew" in sent.body and b"$XDSDocumentEntryPatientId" in sent.body
    assert ACTION["ITI-38"].encode() in sent.body
    assert EAST.encode() in sent.body.partition(b"Path")[2]


def test_a_query_by_ids_goes_to_its_community(communities: Communities) -> None:
    patient = samples.fresh_patient()
    east = communities.publish(communities.east, EAST_REPOSITORY, patient, b"east")
    west = communities.publish(communities.west, WEST_REPOSITORY, patient, b"west")
    for home, entry in ((EAST, east), (WEST, west)):
        body = samples.query_body(
            StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", entry.unique_id or "")
        )
        answer = ask(communities.east, body, home=home)
        assert (answer.result, homes(answer)) == ("Success", {entry.unique_id: home})
    no_home = ask(communities.east, body)
    assert (no_home.result, no_home.codes) == ("Failure", ["XDSMissingHomeCommunityId"])
    stranger = ask(communities.east, body, home="urn:oid:2.999.3.99")
    assert (stranger.result, stranger.codes) == ("Failure", ["XDSUnknownCommunity"])
    assert WEST in stranger.contexts[0]
    away = ask(communities.east, body, home=DEAD)
    assert (away.result, away.codes) == ("Failure", ["XDSUnavailableCommunity"])


def test_documents_come_from_their_communities(communities: Communities) -> None:
    patient = samples.fresh_patient()
    contents = {EAST: b"of the east " * 9000, WEST: b"of the west " * 90_000}
    east = communities.publish(communities.east, EAST_REPOSITORY, patient, contents[EAST])
    west = communities.publish(communities.west, WEST_REPOSITORY, patient, contents[WEST])
    requests = "".join(
        f"<xds:DocumentRequest>{home}<xds:RepositoryUniqueId>{repository}</xds:RepositoryUniqueId>"
        f"<xds:DocumentUniqueId>{unique_id}</xds:DocumentUniqueId></xds:DocumentRequest>"
        for home, repository, unique_id in (
            (f"<xds:HomeCommunityId>{EAST}</xds:HomeCommunityId>", EAST_REPOSITORY, east.unique_id),
            (f"<xds:HomeCommunityId>{WEST}</xds:HomeCommunityId>", WEST_REPOSITORY, west.unique_id),
            (f"<xds:HomeCommunityId>{WEST}</xds:HomeCommunityId>", WEST_REPOSITORY, "2.999.404"),
            (f"<xds:HomeCommunityId>{DEAD}</xds:HomeCommunityId>", "2.999.2.4", "2.999.405"),
            ("<xds:HomeCommunityId>urn:oid:2.999.3.99</xds:HomeCommunityId>", "2.999.2.9", "2.999.406"),
            ("", EAST_REPOSITORY, "2.999.407"),
        )
    )
    body = (
        f'<xds:RetrieveDocumentSetRequest xmlns:xds="urn:ihe:iti:xds-b:2007">{requests}'
        "</xds:RetrieveDocumentSetRequest>"
    ).encode()
    answer = ask(communities.east, body, number="ITI-43", plain=False)
    assert answer.result == "PartialSuccess"
    assert all(content in answer.body for content in contents.values())
    assert [item.text for item in answer.elements("HomeCommunityId")] == [EAST, WEST]
    refused = {
        item.get("location", "").partition(" ")[0]: item.get("errorCode")
        for item in answer.elements("RegistryError")
    }
    assert refused == {
        "2.999.404": "XDSDocumentUniqueIdError",
        "2.999.405": "XDSUnavailableCommunity",
        "2.999.406": "XDSUnknownCommunity",
        "2.999.407": "XDSMissingHomeCommunityId",
    }
    assert not list((communities.east.folder / "data" / "documents" / "tmp").iterdir())


def test_a_responding_gateway_answers_for_its_own_community_alone(communities: Communities) -> None:
    """3.38.4.1.3: each RegistryError's location is its homeCommunityId."""
    patient = samples.fresh_patient()
    communities.publish(communities.west, WEST_REPOSITORY, patient, b"west")
    communities.publish(communities.east, EAST_REPOSITORY, patient, b"east")
    answer = ask(communities.west, samples.find_body(patient), number="ITI-38")
    assert (answer.result, set(homes(answer).values())) == ("Success", {WEST})
    by_ids = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", "2.999.1")
    )
    for home, code in ((None, "XDSMissingHomeCommunityId"), (EAST, "XDSUnknownCommunity")):
        refused = ask(communities.west, by_ids, number="ITI-38", home=home)
        assert (refused.result, refused.codes) == ("Failure", [code])
        assert [item.get("location") for item in refused.elements("RegistryError")] == [WEST]
    incomplete = ask(
        communities.west, samples.query_body(StoredQuery.FIND_DOCUMENTS), number="ITI-38", home=WEST
    )
    assert incomplete.result == "Failure"
    assert {item.get("location") for item in incomplete.elements("RegistryError")} == {WEST}
    for home, code in ((None, "XDSMissingHomeCommunityId"), (EAST, "XDSUnknownCommunity")):
        body = samples.retrieve_body("2.999.7", repository=WEST_REPOSITORY, home=home)
        refused = ask(communities.west, body, number="ITI-39", plain=False)
        assert (refused.result, refused.codes) == ("Failure", [code])
        assert refused.elements("RegistryError")[0].get("location") == f"2.999.7 {WEST}"


def test_what_a_community_does_wrong_is_told_and_the_others_answers_stay(communities: Communities) -> None:
    patient = samples.fresh_patient()
    east = communities.publish(communities.east, EAST_REPOSITORY, patient, b"east")
    error = (
        '<rs:RegistryErrorList><rs:RegistryError errorCode="{}" codeContext="said by north" location=""'
        ' severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/></rs:RegistryErrorList>'
    )
    reference = f'<rim:ObjectRef id="urn:uuid:{uuid.uuid4()}"/>'
    home = f'<rim:ObjectRef home="{NORTH}" id="urn:uuid:{uuid.uuid4()}"/>'
    for objects, errors, status, expected in (
        (reference, "", "Success", "XDSMissingHomeCommunityId"),
        ("", error.format("XDSRegistryBusy"), "Failure", "XDSRegistryBusy"),
        ("", error.format("SomethingOfTheirOwn"), "Failure", "SomethingOfTheirOwn"),
        ("", error.format("XDSUnknownPatientId"), "Failure", None),  # dropped (3.38.4.1.3)
        (home, "", "Success", None),
    ):
        communities.north.respond = lambda request, said=(objects, errors, status): PeerAnswer(
            found_nothing(request, *said)
        )
        answer = ask(communities.east, samples.find_body(patient, return_type=ReturnType.OBJECT_REF))
        codes = [code for code in answer.codes if code != "XDSUnavailableCommunity"]
        assert codes == ([expected] if expected else [])
        assert len(answer.elements("ObjectRef")) == (2 if objects == home else 1)
        assert east.entry_uuid in {item.get("id") for item in answer.elements("ObjectRef")}
    communities.north.answers(b"<html>maintenance</html>", "text/html", status=503)
    broken = ask(communities.east, samples.find_body(patient))
    assert broken.codes.count("XDSUnavailableCommunity") == 2
    assert set(homes(broken)) == {east.unique_id}


def test_what_consent_withholds_is_withheld_from_other_communities(communities: Communities) -> None:
    """Each answers for its own; neither a query nor a retrieve through a gateway shows more than one at home."""
    patient = samples.fresh_patient()
    east = communities.publish(communities.east, EAST_REPOSITORY, patient, b"of the east")
    west = communities.publish(communities.west, WEST_REPOSITORY, patient, b"of the west")
    with closing(
        open_pool(communities.dsn[WEST], size=1, statement_timeout=10, idle_in_transaction_timeout=10)
    ) as pool:
        ConsentStore(pool).restrict(patient, DirectiveKind.DOMAIN, reason="they said so", author="a test")
    assert set(homes(ask(communities.east, samples.find_body(patient)))) == {east.unique_id}
    alone = ask(communities.west, samples.find_body(patient), number="ITI-38", home=WEST)
    assert (alone.result, homes(alone)) == ("Success", {})
    by_id = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryUniqueId", west.unique_id or "")
    )
    assert homes(ask(communities.east, by_id, home=WEST)) == {}
    for where, number in ((communities.east, "ITI-43"), (communities.west, "ITI-39")):
        answers = []
        for unique_id in (west.unique_id or "", samples.fresh_oid()):
            body = samples.retrieve_body(unique_id, repository=WEST_REPOSITORY, home=WEST)
            answer = ask(where, body, number=number, plain=False)
            said = [
                dict(item.attrib) | {"location": (item.get("location") or "").replace(unique_id, "ID")}
                for item in answer.elements("RegistryError")
            ]
            answers.append((answer.result, said))
            assert b"of the west" not in answer.body
        assert answers[0] == answers[1]
        assert answers[0][1][0]["errorCode"] == "XDSDocumentUniqueIdError"


def test_a_slow_community_costs_its_own_time_only(communities: Communities) -> None:
    patient = samples.fresh_patient()
    west = communities.publish(communities.west, WEST_REPOSITORY, patient, b"west")

    def dawdle(request: Received) -> PeerAnswer:
        time.sleep(PATIENCE + 1.5)
        return PeerAnswer(found_nothing(request))

    communities.north.respond = dawdle
    began = time.monotonic()
    answer = ask(communities.east, samples.find_body(patient))
    assert time.monotonic() - began < PATIENCE + 1
    assert set(homes(answer)) == {west.unique_id}
    assert any(NORTH in context and f"{PATIENCE} s" in context for context in answer.contexts)


def test_a_loop_is_refused(communities: Communities) -> None:
    body = samples.find_body(samples.fresh_patient())
    for passed in (EAST, " ".join(f"urn:oid:2.999.3.{number}" for number in range(20, 29))):
        block = f'<g:Path xmlns:g="urn:xds:gateway">{passed}</g:Path>'.encode()
        refused = ask(communities.east, body, block=block)
        assert (refused.result, refused.codes) == ("Failure", ["XDSRegistryError"])
        assert "gateways" in refused.contexts[0]


def test_without_an_action_a_request_is_one_of_this_community(communities: Communities) -> None:
    """A query without wsa:Action is ITI-18, which others' gateways do not send."""
    patient = samples.fresh_patient()
    communities.publish(communities.west, WEST_REPOSITORY, patient, b"west")
    headers = f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>".encode()
    answer = post(
        communities.east.port, PATH, envelope("ITI-18", samples.find_body(patient), headers=headers)
    )
    assert set(homes(answer).values()) == {WEST}


def test_the_page_and_the_wsdl(communities: Communities) -> None:
    page = get(communities.east.port, PATH)
    assert page.status == 200
    for number in ("ITI-18", "ITI-43", "ITI-38", "ITI-39"):
        assert number in page.body.decode()
    wsdl = get(communities.east.port, f"{PATH}?wsdl")
    assert wsdl.status == 200 and ACTION["ITI-39"].encode() in wsdl.body
    assert WSA  # the answers are SOAP with addressing
