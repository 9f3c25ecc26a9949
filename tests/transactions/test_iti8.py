"""ITI-8 over MLLP against the real service: ids become known, merges are seen by ITI-18 and ITI-42."""

import datetime
import json
import os
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.attacks.target import alerts_in
from tests.conftest import free_port
from tests.feeds.messages import adt, code, errors, feed, merge, msh
from tests.log.phi import assert_no_phi
from tests.server.test_tls import until
from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import Answer, send
from xds.audit import System
from xds.ebxml import decode_query_response
from xds.store import PatientStore, open_pool

AUTHORITY = "2.999.1.1"


@pytest.fixture(scope="module")
def fed(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Service, int]]:
    """A registry that knows the ids that it is fed, and the port of its feed."""
    folder, port = tmp_path_factory.mktemp("fed"), free_port()
    changes = {
        "registry": {
            "unknown_patients": "refuse",
            "patient_authority": AUTHORITY,
            "query_unknown_patient": "error",
        },
        "feeds": {"mllp_port": port, "namespace_id": "DOMAIN"},
        "limits": {"mllp_frame_bytes": 20_000, "mllp_connections_per_peer": 4, "mllp_frame_seconds": 2},
    }
    with running(folder, merged(base_settings(new_database(), folder), changes)) as service:
        yield service, port


def register(service: Service, patient: str) -> Answer:
    return send(service.port, "ITI-42", samples.register_body(samples.submission(samples.entry(patient))))


def found(service: Service, patient: str) -> tuple[list[str], set[str | None], int]:
    """Error codes, patientIds of the answer, and number of documents."""
    answer = send(service.port, "ITI-18", samples.find_body(patient))
    entries = decode_query_response(answer.elements("AdhocQueryResponse")[0]).objects.document_entries
    return answer.codes, {entry.patient_id for entry in entries}, len(entries)


def fresh(count: int) -> list[str]:
    return [samples.fresh_patient() for _ in range(count)]


@pytest.mark.parametrize("event", ["A01", "A04", "A05"])
def test_an_admission_makes_an_id_known(fed: tuple[Service, int], event: str) -> None:
    service, port = fed
    (patient,) = fresh(1)
    assert register(service, patient).codes == ["XDSUnknownPatientId"]
    with feed(port) as source:
        acknowledgement = source.send(adt(event, pid3=patient, header=msh(event, control_id="C-4711")))
    assert acknowledgement[0][2:6] == ["XDS", "DOMAIN", "PIS", "LAKEVIEW"]
    assert acknowledgement[0][8] == f"ACK^{event}"
    assert acknowledgement[1] == ["MSA", "AA", "C-4711"]
    assert register(service, patient).result == "Success"


def test_the_namespace_id_stands_for_the_authority(fed: tuple[Service, int]) -> None:
    service, port = fed
    (patient,) = fresh(1)
    number = patient.partition("^")[0]
    with feed(port) as source:
        assert code(source.send(adt(pid3=f"M1^^^LAKE&2.999.18.1&ISO~{number}^^^DOMAIN"))) == "AA"
    assert register(service, patient).result == "Success"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (adt(pid3=""), ("101", "PID^1^3")),
        (adt(pid3="P1^^^&2.999.77&ISO"), ("204", "PID^1^3")),
        (adt(pid3="P1^^^ELSE"), ("204", "PID^1^3")),
        (adt(pid3="P1"), ("204", "PID^1^3")),
        (adt(pid7="4 March"), ("102", "PID^1^7")),
        (adt().replace("\rPID|", "\rZID|"), ("100", "PID")),
        (adt() + "PID|||P2^^^&2.999.1.1&ISO\r", ("100", "PID^2")),
        (adt("A40"), ("100", "MRG")),
        (merge("", "P1^^^&2.999.1.1&ISO"), ("101", "MRG^1^1")),
        (merge("P1^^^&2.999.77&ISO", "P1^^^&2.999.1.1&ISO"), ("204", "MRG^1^1")),
        (merge("P1^^^&2.999.1.1&ISO", "P1^^^&2.999.77&ISO"), ("204", "PID^1^3")),
        (merge("P1^^^&2.999.1.1&ISO", "P1^^^DOMAIN"), ("204", "MRG^1^1")),
        (adt(header=msh("A04", control_id="")), ("101", "MSH^1^10")),
    ],
)
def test_a_message_with_a_mistake(fed: tuple[Service, int], message: str, expected: tuple[str, str]) -> None:
    with feed(fed[1]) as source:
        acknowledgement = source.send(message)
    assert (code(acknowledgement), errors(acknowledgement)) == ("AE", [expected])


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (msh("R01", kind="ORU"), ("200", "MSH^1^9^1^1")),
        (msh("A03"), ("201", "MSH^1^9^1^2")),
        (msh("A04", processing="X"), ("202", "MSH^1^11")),
        (msh("A04", version="3.0"), ("203", "MSH^1^12")),
        (msh("A04", charset="BIG-5"), ("103", "MSH^1^18")),
    ],
)
def test_a_header_that_is_refused(fed: tuple[Service, int], header: str, expected: tuple[str, str]) -> None:
    with feed(fed[1]) as source:
        acknowledgement = source.send(adt(header=header))
        assert (code(acknowledgement), errors(acknowledgement)) == ("AR", [expected])
        (patient,) = fresh(1)
        assert code(source.send(adt(pid3=patient))) == "AA"  # the connection goes on


def test_after_a_merge_the_survivor_answers_for_all(fed: tuple[Service, int]) -> None:
    service, port = fed
    a, b, c = fresh(3)
    with feed(port) as source:
        for patient in (a, b, c):
            assert code(source.send(adt(pid3=patient))) == "AA"
            assert register(service, patient).result == "Success"
        assert code(source.send(merge(a, b))) == "AA"
        assert found(service, b) == ([], {b}, 2)
        assert found(service, a)[0] == ["XDSUnknownPatientId"]
        refused = register(service, a)
        assert set(refused.codes) == {"XDSUnknownPatientId"}
        assert refused.contexts[0].startswith(a)
        assert code(source.send(merge(b, c))) == "AA"
        assert found(service, c) == ([], {c}, 3)
        assert code(source.send(merge(a, b))) == "AA"  # a repeat, whose answer was lost
        assert errors(source.send(merge(a, c))) == [("204", "MRG^1^1")]
        assert errors(source.send(merge(c, a))) == [("204", "PID^1^3")]
        assert errors(source.send(merge(c, c))) == [("204", "MRG^1^1")]
        assert errors(source.send(merge("NEW^^^&2.999.1.1&ISO", c))) == [("204", "MRG^1^1")]
        assert errors(source.send(merge(c, "NEW^^^&2.999.1.1&ISO"))) == [("204", "PID^1^3")]
        assert errors(source.send(adt(pid3=a))) == [("204", "PID^1^3")]
        assert code(source.send(adt("A08", pid3=a))) == "AA"  # ignored, as 3.8.4.1.4 has it
        assert found(service, c) == ([], {c}, 3)
    assert register(service, c).result == "Success"


def test_names_come_in_their_character_set(fed: tuple[Service, int]) -> None:
    service, port = fed
    settings = json.loads(
        next(line for line in (service.folder / "xds.toml").read_text().splitlines() if line.startswith("dsn"))
        .partition("=")[2]
    )  # fmt: skip
    (patient,) = fresh(1)
    header = msh("A04", charset="8859/1")
    with feed(port) as source:
        message = adt(pid3=patient, pid5="Bélanger^Noël^^^^^L", header=header)
        assert code(source.send(message.encode("latin-1"))) == "AA"
        update = adt("A08", pid3=patient, pid5='""', pid8="")
        assert code(source.send(update)) == "AA"
        assert code(source.send(adt("A08", pid3=patient, pid5="Roy^Ève", pid7=""))) == "AA"
    pool = open_pool(settings, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    try:
        record = PatientStore(pool).show(patient).record
    finally:
        pool.close()
    assert record is not None
    assert (record.name.family, record.name.given, record.birth_date, record.sex) == (
        "Roy",
        ("Ève",),
        "19710304",
        "F",
    )


def test_frames_that_are_wrong(fed: tuple[Service, int]) -> None:
    (patient,) = fresh(1)
    good = adt(pid3=patient).encode()
    with feed(fed[1]) as source:
        source.raw(b"\x0b" + good[:40] + b"\x0b" + good + b"\x1c\r")
        assert errors(source.receive()) == [("207", "")]
        assert code(source.receive()) == "AA"
        source.raw(good + b"\x1c\r")
        assert code(source.receive()) == "AR"
        source.raw(b"".join(b"\x0b" + good + b"\x1c\r" for _ in range(5)))  # pipelined
        assert [code(source.receive()) for _ in range(5)] == ["AA"] * 5
        for octet in b"\x0b" + good + b"\x1c\r":
            source.raw(bytes([octet]))
        assert code(source.receive()) == "AA"


def test_too_large_and_too_slow(fed: tuple[Service, int]) -> None:
    for octets, text in ((b"\x0b" + b"M" * 20_001, "20000 octets"), (b"\x0bMSH|^~\\&|A|B|C|D", "2 s")):
        with feed(fed[1]) as source:
            source.raw(octets)
            acknowledgement = source.receive()
            assert code(acknowledgement) == "AR"
            assert text in acknowledgement[2][8]
            assert source.is_ended()
    with feed(fed[1]) as source:
        assert code(source.send(adt(pid3=samples.fresh_patient()))) == "AA"


def test_a_peer_has_so_many_connections(fed: tuple[Service, int]) -> None:
    sources = [feed(fed[1]) for _ in range(5)]
    opened = [source.__enter__() for source in sources]
    try:
        for source in opened[:4]:
            assert code(source.send(adt(pid3=samples.fresh_patient()))) == "AA"
        assert opened[4].is_ended()
    finally:
        for source in sources:
            source.__exit__(None, None, None)
    deadline = time.monotonic() + 10
    while True:  # places come back
        with feed(fed[1]) as source:
            try:
                assert code(source.send(adt(pid3=samples.fresh_patient()))) == "AA"
                return
            except (EOFError, ConnectionError):
                assert time.monotonic() < deadline


def test_many_sources_at_once(fed: tuple[Service, int]) -> None:
    service, port = fed
    survivor = samples.fresh_patient()
    ids = fresh(12)
    with feed(port) as source:
        for patient in (survivor, *ids):
            assert code(source.send(adt(pid3=patient))) == "AA"

    def work(mine: list[str]) -> None:
        with feed(port) as own:
            codes.extend(code(own.send(merge(patient, survivor))) for patient in mine)

    codes: list[str] = []
    threads = [threading.Thread(target=work, args=(ids[number::3],)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["AA"] * 12
    assert found(service, survivor)[0] == []


def test_nothing_of_a_patient_is_in_the_log(fed: tuple[Service, int]) -> None:
    service, port = fed
    with feed(port) as source:
        source.send(adt(pid3="ZZPHI1^^^&2.999.1.1&ISO", pid5="ZZPHIName^ZZPHIGiven"))
        source.send(adt(pid3="ZZPHI1", pid5="ZZPHIName", pid7="ZZPHI"))
        source.send(merge("ZZPHI1^^^&2.999.1.1&ISO", "ZZPHI2^^^&2.999.1.1&ISO"))
        source.send("ZZPHI")
        source.raw(b"ZZPHI\x1c\r")
        source.receive()
    text = service.log.read_text("utf-8")
    assert_no_phi(text, ["ZZPHI"])
    events = [json.loads(line) for line in text.splitlines() if '"patient feed"' in line]
    assert {"transaction", "peer", "outcome"} <= set(events[-1])


def test_another_worker_takes_over(start: Callable[..., Service]) -> None:
    port = free_port()
    service = start(feeds={"mllp_port": port})
    with feed(port) as source:
        assert code(source.send(adt())) == "AA"
    for worker in service.workers():
        os.kill(worker, signal.SIGKILL)
        with feed(port) as source:
            assert code(source.send(adt())) == "AA"


def test_without_an_authority_the_feed_names_them(start: Callable[..., Service]) -> None:
    """Nobody has said which of the ids is the domain's: each that says whose it is is taken for one."""
    port = free_port()
    service = start(feeds={"mllp_port": port}, registry={"unknown_patients": "refuse"})
    patient = "IHE1^^^&2.999.55.1000&ISO"
    with feed(port) as source:
        assert code(source.send(adt(pid3=f"{patient}~M1^^^&2.999.18.1&ISO"))) == "AA"
        assert errors(source.send(adt(pid3="M1^^^LAKE"))) == [("204", "PID^1^3")]
        assert register(service, patient).result == "Success"
        assert register(service, "M1^^^&2.999.18.1&ISO").result == "Success"
        assert set(register(service, "M2^^^&2.999.18.1&ISO").codes) == {"XDSUnknownPatientId"}
        # A merge is one of ids of one authority, wherever in the lists they stand.
        assert code(source.send(adt(pid3="M2^^^&2.999.18.1&ISO"))) == "AA"
        merged = merge("M1^^^&2.999.18.1&ISO", f"{patient}~M2^^^&2.999.18.1&ISO")
        assert code(source.send(merged)) == "AA"
    assert register(service, patient).result == "Success"
    assert set(register(service, "M1^^^&2.999.18.1&ISO").codes) == {"XDSUnknownPatientId"}
    assert register(service, "M2^^^&2.999.18.1&ISO").result == "Success"


def test_strict(start: Callable[..., Service]) -> None:
    port = free_port()
    start(feeds={"mllp_port": port}, rules={"strictness": "strict"})
    with feed(port) as source:
        assert code(source.send(adt(header=msh("A04", structure="ADT_A01")))) == "AA"
        assert errors(source.send(adt(header=msh("A04", structure="ADT_A04")))) == [("200", "MSH^1^9^1^3")]
        assert errors(source.send(adt().replace("EVN|", "ZVN|"))) == [("100", "EVN")]
        assert errors(source.send(adt().replace("PV1|", "ZV1|"))) == [("100", "PV1")]


def certified(folder: Path, name: str, issuer: tuple[Any, Any] | None = None) -> tuple[Any, Any]:
    """A certificate with its key in ``name.pem``: of an issuer, or its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer_key, issuer_name = (key, subject) if issuer is None else (issuer[0], issuer[1].subject)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .sign(issuer_key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    (folder / f"{name}.pem").chmod(0o600)
    return key, certificate


def test_tls_with_certificates_of_both_sides(
    start: Callable[..., Service], new_database: Callable[[], str], tmp_path: Path
) -> None:
    authority = certified(tmp_path, "authority")
    certified(tmp_path, "service", authority)
    certified(tmp_path, "source", authority)
    certified(tmp_path, "stranger")
    port = free_port()
    feeds = {
        "mllp_port": port,
        "certificate": str(tmp_path / "service.pem"),
        "client_ca": str(tmp_path / "authority.pem"),
    }
    dsn = new_database()
    service = start(dsn=dsn, feeds=feeds)
    root = (tmp_path / "authority.pem").read_text("ascii")

    def context(name: str | None) -> ssl.SSLContext:
        made = ssl.create_default_context(cadata=root.partition("-----BEGIN PRIVATE KEY")[0])
        made.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if name is not None:
            made.load_cert_chain(tmp_path / f"{name}.pem")
        return made

    with feed(port, context=context("source")) as source:
        assert code(source.send(adt())) == "AA"
    for name in (None, "stranger"):
        with (
            pytest.raises((ssl.SSLError, ConnectionError, EOFError)),
            feed(port, context=context(name)) as source,
        ):
            source.send(adt())
    with feed(port) as source, pytest.raises((EOFError, ConnectionError)):
        source.send(adt())
    with feed(port, context=context("source")) as source:
        assert code(source.send(adt())) == "AA"
    assert "MLLP: no TLS" in service.log.read_text("utf-8")
    told = [(event.kind, event.peer) for event in alerts_in(dsn)]
    assert told == [(System.NODE_AUTHENTICATION, "127.0.0.1")] * 3

    def lets_in(name: str) -> int | None:
        """Serial number of the certificate that the service shows; None when it refuses."""
        try:
            with feed(port, context=context(name)) as source:
                assert code(source.send(adt())) == "AA"
                return int(source.connection.getpeercert()["serialNumber"], 16)
        except (ssl.SSLError, ConnectionError, EOFError):
            return None

    # Files that change are taken without a restart; a connection that is open stays.
    with feed(port, context=context("source")) as source:
        assert code(source.send(adt())) == "AA"
        _, renewed = certified(tmp_path, "service", authority)
        (tmp_path / "authority.pem").write_bytes((tmp_path / "stranger.pem").read_bytes())
        until(lambda: lets_in("stranger") == renewed.serial_number)
        assert lets_in("source") is None
        assert code(source.send(adt())) == "AA"
