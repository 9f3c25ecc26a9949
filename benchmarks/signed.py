"""Signed ITI-42 against an unsigned one plus one bare verification by signxml: what proving the sender costs."""

import http.client
import random
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lxml import etree
from signxml.verifier import SignatureConfiguration, XMLVerifier

from benchmarks.loading import Loaded
from benchmarks.measure import Ratio, Sample, bracketed
from benchmarks.population import patient, submission
from benchmarks.service import REGISTRY_PATH, Service, running
from xds.ebxml import encode_submission
from xds.pki import Authority, key_pem_of, pem_of
from xds.transactions import ITI_42
from xds.wss import SigningIdentity, sign
from xds.xml import parse
from xds.xml.namespaces import SOAP12, WSA, WSSE

_DOCUMENTS: Final = 2
_PER_SECOND: Final = 150
"""Messages that are made for each second: they cannot be sent twice, and one connection registers fewer."""
_VERIFIED: Final = 40
_SOURCES: Final = [f"2.999.4.{number}" for number in range(1, 5)]
_BARE: Final = SignatureConfiguration(
    location=f"./{{{SOAP12}}}Header/{{{WSSE}}}Security/", expect_references=False
)


def register(
    service: Service, dsn: str, loaded: Loaded, folder: Path, *, seconds: float, rounds: int
) -> Ratio:
    """Registrations a second over one connection, each signed, two documents each.

    The limit is made of two times: that of the same registration unsigned, and that of verifying the signed message by
    `XMLVerifier().verify`.
    """
    rng = random.Random("signed")
    certificate, key = Authority.made().issue("bench")
    identity = SigningIdentity(key=key, certificate=certificate)
    own = folder / "signed"
    own.mkdir()
    partner = _enrol(own, identity)
    share = seconds / 2

    def made(to: Service, *, is_signed: bool) -> list[bytes]:
        return [
            _message(to, loaded, rng, identity if is_signed else None)
            for _ in range(round(share * _PER_SECOND))
        ]

    with running(own, dsn, partners=[partner], security={"signed": ["ITI-42"]}) as secured:
        verifying: list[float] = []

        def ours() -> Sample:
            return _rate(_durations(secured, made(secured, is_signed=True)))

        def theirs() -> Sample:
            octets = made(secured, is_signed=True)[:_VERIFIED]
            verifying.append(_middle(_timed(lambda item: _bare_verify(item, identity), octets)))
            unsigned = _durations(service, made(service, is_signed=False))
            return _rate([each + verifying[-1] for each in unsigned])

        ours()
        theirs()
        mine, others = bracketed(ours, theirs, rounds=rounds)
        size = len(made(secured, is_signed=True)[0])
    return Ratio(
        name="ITI-42 signed",
        limit="unsigned + bare signxml verify",
        unit="registrations/s",
        ours=mine,
        theirs=others,
        target=1 / 1.3,
        goal=1 / 1.1,
        notes=(
            f"messages of {size} octets, one connection, RSA of 2048 bits",
            f"a bare verify takes {_middle(verifying) * 1000:.1f} ms",
        ),
    )


def _enrol(folder: Path, identity: SigningIdentity) -> dict[str, object]:
    path = folder / "bench.pem"
    path.write_bytes(pem_of(identity.certificate))
    (folder / "bench.key").write_bytes(key_pem_of(identity.key))
    return {"name": "bench", "certificates": [str(path)], "source_ids": _SOURCES}


def _message(to: Service, loaded: Loaded, rng: random.Random, identity: SigningIdentity | None) -> bytes:
    number, who = rng.randint(10**8, 10**9), patient(rng.randint(1, loaded.patients))
    body = etree.tostring(etree.fromstring(encode_submission(submission(number, who, _DOCUMENTS, rng))))
    octets = (
        f'<env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
        f'<wsa:Action env:mustUnderstand="1">{ITI_42.action}</wsa:Action>'
        f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
        f"<wsa:To>http://127.0.0.1:{to.port}{REGISTRY_PATH}</wsa:To></env:Header><env:Body>"
    ).encode() + b"".join((body, b"</env:Body></env:Envelope>"))
    if identity is None:
        return octets
    root = parse(octets)
    sign(root, identity)
    return etree.tostring(root)


def _bare_verify(octets: bytes, identity: SigningIdentity) -> None:
    XMLVerifier().verify(octets, x509_cert=identity.certificate, id_attribute="Id", expect_config=_BARE)


def _durations(service: Service, messages: Sequence[bytes]) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    headers = {"Content-Type": "application/soap+xml; charset=UTF-8"}

    def send(octets: bytes) -> None:
        connection.request("POST", REGISTRY_PATH, octets, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200 or b"ResponseStatusType:Success" not in said:
            raise SystemExit(f"not registered: {answer.status} {said[:1000]!r}")

    try:
        return _timed(send, messages)
    finally:
        connection.close()


def _timed(do: Callable[[bytes], None], messages: Sequence[bytes]) -> list[float]:
    found = []
    for octets in messages:
        began = time.perf_counter()
        do(octets)
        found.append(time.perf_counter() - began)
    return found


def _rate(durations: Sequence[float]) -> Sample:
    ordered = sorted(durations)
    p50, p95 = ordered[len(ordered) // 2], ordered[len(ordered) * 95 // 100]
    return Sample(rate=1 / p50, p50_ms=p50 * 1000, p95_ms=p95 * 1000)


def _middle(durations: Sequence[float]) -> float:
    return sorted(durations)[len(durations) // 2]
