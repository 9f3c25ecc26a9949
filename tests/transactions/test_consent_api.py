"""The API for consent over real TLS: who is let in, what it does, and what it says of what it does not do."""

import http.client
import json
import re
import shutil
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from lxml import etree

from tests.attacks.clinic import fresh, identity_settings, with_header
from tests.pki.made import client, write_pair
from tests.saml.identities import RADIOLOGIST, XUA_ATTRIBUTES, altered, identity
from tests.server.test_tls import until
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, launched, running
from tests.transactions.wire import PATH, SOAP, Answer, envelope, get, parse_answer, related
from xds.audit import AuditEvent, decode_event
from xds.model import PatientRecord, XuaAttribute
from xds.pki import Authority, pem_of
from xds.server.consent_api import BODY_BYTES
from xds.store import ConsentStore, ConsentView, PatientStore, Pool, open_pool

API = "/dics/consent"
JSON = {"Content-Type": "application/json"}
REASON = "ZZPHI the form of 3 May"
SOURCE = samples.submission(samples.entry("P")).submission_sets[0].source_id
PAGE = Path(__file__).parents[2] / "docs" / "consent.md"


@dataclass(frozen=True)
class Desk:
    """A service with the API, and its partners."""

    service: Service
    pool: Pool
    folder: Path

    def ask(
        self,
        document: object,
        *,
        who: str = "consent-desk",
        path: str = API,
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, dict[str, Any]]:
        """Send JSON, or octets as they are; status and JSON of the answer."""
        octets = document if isinstance(document, bytes) else json.dumps(document).encode()
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.service.port, context=client(self.folder, who), timeout=30
        )
        with closing(connection):
            shown = JSON | {key.replace("_", "-"): value for key, value in headers.items()}
            connection.request(method, path, octets, shown)
            return told(connection.getresponse())

    def patient(self) -> str:
        """A patient that the registry knows."""
        patient = f"ZZPHI{samples.fresh_patient()}"
        PatientStore(self.pool).admit(PatientRecord(identifiers=(patient,)))
        return patient

    def kept(self, patient: str) -> ConsentView:
        """What is in the database."""
        return ConsentStore(self.pool).show(patient)

    def soap(self, number: str, octets: bytes, content_type: str = SOAP, *, who: str = "a") -> Answer:
        """A SOAP message of a partner."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.service.port, context=client(self.folder, who), timeout=30
        )
        with closing(connection):
            connection.request("POST", PATH[number], octets, {"Content-Type": content_type})
            return parse_answer(connection.getresponse())

    def finds(self, patient: str) -> int:
        """How many documents an ITI-18 of nobody shows."""
        answer = self.soap("ITI-18", envelope("ITI-18", samples.find_body(patient)))
        return len(answer.elements("ExtrinsicObject"))

    def events(self) -> list[AuditEvent]:
        """Everything in the audit log."""
        with psycopg.connect(self.pool.conninfo) as connection:
            found = connection.execute("SELECT body FROM audit_event ORDER BY number").fetchall()
        return [decode_event(row[0]) for row in found]


def told(response: http.client.HTTPResponse) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer."""
    octets = response.read()
    assert response.headers["Content-Type"] == "application/json", octets[:500]
    assert response.headers["Cache-Control"] == "no-store"
    return response.status, json.loads(octets)


def files(folder: Path) -> None:
    authority = Authority.made()
    (folder / "ca.pem").write_bytes(pem_of(authority.certificate))
    write_pair(folder, "server", *authority.issue("server", hosts=("localhost", "127.0.0.1")))
    for name in ("consent-desk", "a"):
        write_pair(folder, name, *authority.issue(name))


def settings(dsn: str, folder: Path, **server: Any) -> dict[str, Any]:
    base = base_settings(dsn, folder)
    users = identity_settings(folder)
    users["assertions"]["senders"] = "proven"
    partners = [
        {"name": name, "certificates": [f"{name}.pem"], "source_ids": sources}
        for name, sources in (("consent-desk", []), ("a", [SOURCE]))
    ]
    return (
        base
        | users
        | {
            "server": {**base["server"], **server},
            "partners": partners,
            "policies": [{"transactions": ["ITI-18", "ITI-42"], "assertion": "ignored"}],
            "consent": {"api_partners": ["consent-desk"], "api_roles": [str(RADIOLOGIST)], "custodian": "us"},
        }
    )


@pytest.fixture(scope="module")
def desk(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder, dsn = tmp_path_factory.mktemp("consent-api"), new_database()
    files(folder)
    made = settings(dsn, folder, certificate="server.pem", key="server.key")
    with running(folder, made, tls=client(folder, "a")) as service:
        pool = open_pool(dsn, size=1, statement_timeout=10, idle_in_transaction_timeout=10)
        yield Desk(service, pool, folder)
        pool.close()


def user(**changes: Any) -> str:
    """An assertion as the API takes it."""
    return b64encode(fresh(**changes)).decode()


def with_role(role: object) -> tuple[tuple[str, Any], ...]:
    return tuple((name, role if name == XuaAttribute.ROLE else value) for name, value in XUA_ATTRIBUTES)


def test_a_partner_does_everything(desk: Desk) -> None:
    patient = desk.patient()
    asked = {"patient": patient, "kind": "hic-agent", "target": "urn:oid:2.999.23.1", "reason": REASON}
    status, made = desk.ask({"action": "set", **asked, "custodian": "hospital"})
    assert (status, made["set"], made["directive"]["target"]) == (200, True, "2.999.23.1")
    assert made["directive"]["author"] == "partner consent-desk"
    assert desk.ask({"action": "set", **asked})[1]["set"] is False

    ticket = {"patient": patient, "organization": "2.999.23.1", "reason": REASON, "hours": 2}
    status, opened = desk.ask({"action": "override", **ticket})
    number = opened["override"]["number"]
    (kept,) = desk.kept(patient).overrides
    assert (status, kept.number, kept.ends_at - kept.started_at) == (200, number, timedelta(hours=2))
    waiting = ConsentStore(desk.pool).notifications(custodian="hospital")
    assert [item.override.number for item in waiting] == [number]
    assert desk.ask({"action": "end", "patient": patient, "number": number}) == (200, {"ended": number})
    status, again = desk.ask({"action": "end", "patient": patient, "number": number})
    assert (status, again["error"]) == (409, "not-in-force")

    assert desk.ask({"action": "lift", **asked})[1]["lifted"] is True
    assert desk.ask({"action": "lift", **asked})[0] == 409
    status, listed = desk.ask({"action": "list", "patient": patient})
    assert (status, [item["effect"] for item in listed["directives"]]) == (200, ["reinstate"])
    assert [item["number"] for item in listed["overrides"]] == [number]

    mine = [(item.kind, item.action) for item in desk.events() if item.person == "partner consent-desk"]
    assert mine == [
        ("consent directive", "C"),
        ("emergency override started", ""),
        ("emergency override stopped", ""),
        ("consent directive", "D"),
        ("consent directive", "R"),
    ]


def test_it_counts_for_the_next_request(desk: Desk) -> None:
    patient = samples.fresh_patient()
    body = samples.register_body(samples.submission(samples.entry(patient)))
    answer = desk.soap("ITI-42", envelope("ITI-42", body))
    assert answer.result == "Success", answer.body
    asked = {"patient": patient, "kind": "domain", "reason": REASON}
    for _ in range(3):
        assert desk.finds(patient) == 1
        assert desk.ask({"action": "set", **asked})[0] == 200
        assert desk.finds(patient) == 0
        assert desk.ask({"action": "lift", **asked})[0] == 200


def test_a_user_with_the_role(desk: Desk) -> None:
    """Brought by a partner that alone could not."""
    patient = desk.patient()
    asked = {"action": "set", "patient": patient, "kind": "domain", "reason": REASON, "assertion": user()}
    assert desk.ask(asked, who="a")[0] == 200
    (kept,) = desk.kept(patient).directives
    assert "afabricated" in kept.directive.author
    event = next(item for item in desk.events() if patient in item.patients)
    assert (event.peer_name, event.person) == ("a", "")
    assert event.user is not None and event.user.user == "afabricated"


def test_an_access_under_an_override_is_told_by_its_event(desk: Desk) -> None:
    """One event per access made under it (security digest 6)."""
    patient = desk.patient()
    made = samples.provided(samples.submission(samples.entry(patient, entry_uuid="d0")))
    body, parts = samples.provide_body(made, {"d0": b"No findings."})
    content_type, octets = related(envelope("ITI-41", body), *parts)
    assert desk.soap("ITI-41", octets, content_type).result == "Success"
    unique_id = made.document_entries[0].unique_id or ""

    def retrieve() -> tuple[str | None, AuditEvent]:
        message = with_header(envelope("ITI-43", samples.retrieve_body(unique_id)), fresh())
        answer = desk.soap("ITI-43", message)
        return answer.result, [item for item in desk.events() if item.kind == "ITI-43 server"][-1]

    result, event = retrieve()
    assert (result, event.details) == ("Success", ())
    assert desk.ask({"action": "set", "patient": patient, "kind": "domain", "reason": REASON})[0] == 200
    result, event = retrieve()
    assert (result, event.details) == ("Failure", ())
    ticket = {"action": "override", "patient": patient, "organization": "urn:oid:2.999.4.7", "reason": REASON}
    number = desk.ask(ticket)[1]["override"]["number"]
    for _ in range(2):
        result, event = retrieve()
        assert (result, event.outcome, event.details) == ("Success", 0, (("override", str(number)),))
    assert [item.unique_id for item in event.documents] == [unique_id]
    desk.ask({"action": "end", "patient": patient, "number": number})
    assert retrieve()[0] == "Failure"


REFUSED: dict[str, tuple[Callable[[], dict[str, Any]], str, str]] = {
    "another partner": (dict, "a", "not-allowed"),
    "another role": (
        lambda: {"assertion": user(attributes=with_role("66862007^^2.999.1"))},
        "a",
        "not-allowed",
    ),
    "expired": (
        lambda: {"assertion": user(now=datetime.now(UTC) - timedelta(hours=2))},
        "a",
        "assertion-expired",
    ),
    "expired, of a partner that alone could": (
        lambda: {"assertion": user(now=datetime.now(UTC) - timedelta(hours=2))},
        "consent-desk",
        "assertion-expired",
    ),
    "of another provider": (
        lambda: {"assertion": user(signer=identity("stranger"))},
        "a",
        "assertion-signature",
    ),
    "no assertion": (lambda: {"assertion": b64encode(b"<a/>").decode()}, "a", "assertion-unreadable"),
    "no XML": (lambda: {"assertion": b64encode(b"<a").decode()}, "a", "assertion-unreadable"),
    "no base64": (lambda: {"assertion": "<a/>"}, "a", "assertion-unreadable"),
    "within another": (
        lambda: {
            "assertion": b64encode(
                altered(fresh(), lambda root: root.append(etree.fromstring(fresh())))
            ).decode()
        },
        "a",
        "assertion-twice",
    ),
    "for another patient": (
        lambda: {
            "assertion": user(
                attributes=(*XUA_ATTRIBUTES, (XuaAttribute.RESOURCE_ID.value, "X1^^^&2.999.1.1&ISO"))
            )
        },
        "a",
        "other-patient",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_who_is_not_let_in(desk: Desk, name: str) -> None:
    make, who, error = REFUSED[name]
    patient = desk.patient()
    before = len(desk.events())
    asked = {"action": "set", "patient": patient, "kind": "domain", "reason": REASON, **make()}
    status, answer = desk.ask(asked, who=who)
    assert (status, answer["error"]) == (403, error), answer
    assert answer["reason"]
    (alert,) = desk.events()[before:]
    assert alert.kind in ("node authentication", "use of restricted function")
    assert (alert.outcome, alert.peer_name, patient in repr(alert)) == (8, who, False)
    assert desk.kept(patient).directives == ()


WRONG: dict[str, tuple[object, int, str, list[str]]] = {
    "nothing": (b"", 400, "not-json", []),
    "no JSON": (b'{"action": }', 400, "not-json", []),
    "not UTF-8": (b'{"action": "\xff"}', 400, "not-json", []),
    "a name twice": (b'{"action": "list", "action": "end"}', 400, "not-json", []),
    "deep": (b"[" * 100_000, 400, "not-json", []),
    "a list": ([], 400, "not-json", []),
    "no action": ({"patient": "P"}, 400, "invalid-request", ["action is missing"]),
    "another action": (
        {"action": "erase", "patient": "P"},
        400,
        "invalid-request",
        ["action has to be one of set, lift, override, end, list"],
    ),
    "all at once": (
        {"action": "set", "patient": 7, "kind": "all", "hours": 1, "ZZPHI": 1},
        400,
        "invalid-request",
        [
            "patient has to be a text that is not empty",
            "kind has to be one of domain, record, hic-agent, agent",
            "reason is missing",
            "hours does not go with set",
            "1 unknown: there are action, patient, kind, target, reason, custodian, organization, person, hours,"
            " number, assertion",
        ],
    ),
    "NUL": (
        {"action": "list", "patient": "P\0"},
        400,
        "invalid-request",
        ["patient has characters that cannot be printed"],
    ),
    "a surrogate": (
        b'{"action": "list", "patient": "\\ud800"}',
        400,
        "invalid-request",
        ["patient has characters that cannot be printed"],
    ),
    "too long": (
        {"action": "list", "patient": "P" * 257},
        400,
        "invalid-request",
        ["patient is longer than 256 characters"],
    ),
    "true is no number": (
        {"action": "end", "patient": "P", "number": True},
        400,
        "invalid-request",
        [f"number has to be a whole number from 1 to {2**63 - 1}"],
    ),
    "no patient id": ({"action": "list", "patient": "nonsense"}, 400, "invalid-request", []),
    "unknown patient": ({"action": "list", "patient": "P404^^^&2.999.1.1&ISO"}, 404, "unknown", []),
    "no target": (
        {"action": "set", "patient": "P", "kind": "agent", "reason": "r"},
        400,
        "invalid-request",
        [],
    ),
    "a list of which the reader has more than it may": (b" " * (BODY_BYTES + 1), 413, "too-large", []),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(desk: Desk, name: str) -> None:
    document, expected, error, findings = WRONG[name]
    status, answer = desk.ask(document)
    assert (status, answer["error"]) == (expected, error), answer
    assert answer.get("findings", []) == findings
    assert answer["reason"] and "ZZPHI" not in json.dumps(answer)


def test_a_document_that_is_not_the_patients(desk: Desk) -> None:
    patient = desk.patient()
    asked = {"action": "set", "patient": patient, "kind": "record", "target": "2.999.404", "reason": REASON}
    status, answer = desk.ask(asked)
    assert (status, answer["error"]) == (404, "unknown") and "entryUUID" in answer["reason"]


def test_what_is_no_post_of_json(desk: Desk) -> None:
    listed = {"action": "list", "patient": desk.patient()}
    assert desk.ask(listed)[0] == 200
    for method in ("GET", "PUT", "DELETE"):
        assert desk.ask(listed, method=method)[0] == 405
    assert desk.ask(listed, path=f"{API}?patient=1")[1]["error"] == "url-parameters"
    assert desk.ask(listed, Content_Type="text/plain")[1]["error"] == "content-type"
    assert desk.ask(listed, Content_Encoding="gzip")[1]["error"] == "content-type"


def test_without_its_database_nothing_is_done(desk: Desk) -> None:
    patient = desk.patient()
    asked = {"action": "set", "patient": patient, "kind": "domain", "reason": REASON}
    with psycopg.connect(desk.pool.conninfo, autocommit=True) as connection:
        connection.execute("ALTER TABLE audit_event RENAME TO audit_event_away")
        try:
            status, answer = desk.ask(asked)
        finally:
            connection.execute("ALTER TABLE audit_event_away RENAME TO audit_event")
    assert (status, answer["error"]) == (503, "unavailable")
    assert desk.kept(patient).directives == (), "no record, no change"


@pytest.mark.skipif(shutil.which("curl") is None, reason="NOT RUN: curl is missing")
def test_the_example_of_the_docs(desk: Desk) -> None:
    (example,) = re.findall(r"^```sh\n(curl .*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    patient = desk.patient()
    assert ":8443" in example and "P1014^^^&2.999.1.1&ISO" in example
    line = example.replace(":8443", f":{desk.service.port}").replace("P1014^^^&2.999.1.1&ISO", patient)
    done = subprocess.run(["sh", "-c", line], capture_output=True, cwd=desk.folder, check=True, timeout=30)
    assert json.loads(done.stdout)["set"] is True
    assert len(desk.kept(patient).directives) == 1


def test_a_trusted_proxy_hands_the_partner_on(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, dsn = tmp_path_factory.mktemp("consent-proxied"), new_database()
    files(folder)
    made = settings(dsn, folder, unix_socket="xds.sock", trusted_proxy="unix", workers=1)
    with launched(folder, made) as service:
        until(lambda: "Serving on" in service.log.read_text("utf-8"), 60)
        statuses = []
        for name in ("consent-desk", "a", None):
            certificate = (
                {}
                if name is None
                else {"X-Client-Certificate": quote((folder / f"{name}.pem").read_text("ascii"))}
            )
            connection = http.client.HTTPConnection("localhost", timeout=20)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(folder / "xds.sock"))
            with closing(connection):
                asked = json.dumps({"action": "list", "patient": "P404^^^&2.999.1.1&ISO"})
                connection.request("POST", API, asked, JSON | certificate)
                statuses.append(told(connection.getresponse())[0])
    assert statuses == [404, 403, 403]


def test_nothing_of_a_patient_is_in_the_log(desk: Desk) -> None:
    asked = {"action": "set", "patient": desk.patient(), "kind": "domain", "reason": REASON}
    assert desk.ask(asked)[0] == 200
    assert desk.ask({**asked, "kind": "x"})[0] == 400
    log = desk.service.log.read_text("utf-8")
    assert '"consent"' in log and "ZZPHI" not in log


def test_it_is_off_until_somebody_is_named(service: Service) -> None:
    assert get(service.port, API).status == 404
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=20)
    with closing(connection):
        connection.request("POST", API, b'{"action": "list"}', JSON)
        assert connection.getresponse().status == 404
