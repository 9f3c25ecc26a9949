"""The gate: a signer is bound to its connection, its end point and the element that is dispatched."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from tests.wss.messages import envelope, identity_of, signed
from xds.access import Caller
from xds.audit import UNAUDITED
from xds.pki import Authority, Enrolled, Trust, pem_of, read_subject_rule
from xds.saml import AssertionLedger
from xds.server.credentials import Credentials
from xds.server.entrance import Entrance
from xds.server.gate import EndPointGate, Gates, SignatureGate, end_point_addresses
from xds.settings import PartnerSettings, ServerSettings, Settings
from xds.soap import Request, SoapFault, read_envelope
from xds.wss import SigningIdentity, names
from xds.wss.digest import canonical, digest_of
from xds.xml import parse
from xds.xml.namespaces import DSIG

SERVER = ServerSettings(public_url="https://xds.example.org/")
PATH = "/dics/registry"
TO = "https://xds.example.org/dics/registry"
IDENTITY = identity_of()
TRUST = Trust([Enrolled(name="partner-a", certificates=(IDENTITY.certificate,))])
GATE = SignatureGate(lambda: TRUST, SERVER, PATH)


def request_of(octets: bytes, **more: Any) -> Request:
    return Request(envelope=read_envelope(parse(octets)), root_digest=b"", parts={}, mtom=False, **more)


def refusal(octets: bytes, gate: SignatureGate = GATE, **more: Any) -> str:
    with pytest.raises(SoapFault) as fault:
        gate.admit(request_of(octets, **more), {})
    return fault.value.kind.id


def test_a_signed_message_has_its_signer_as_caller() -> None:
    admitted = GATE.admit(
        request_of(signed(envelope(to=TO), IDENTITY), caller=Caller(address="192.0.2.1")), {}
    )
    assert (admitted.caller.partner, admitted.caller.signed) == ("partner-a", True)
    assert admitted.caller.address == "192.0.2.1"
    assert admitted.verified is not None
    assert admitted.verified.body is admitted.envelope.body.getparent()


def test_an_unsigned_message_passes_as_it_is() -> None:
    request = request_of(envelope(to=TO))
    assert GATE.admit(request, {}) is request


def test_the_signer_is_the_tls_client() -> None:
    octets = signed(envelope(to=TO), IDENTITY)
    assert GATE.admit(request_of(octets, caller=Caller(partner="partner-a", certificate=b"der")), {}).verified
    for partner in ("partner-b", None):
        caller = Caller(partner=partner, certificate=b"der")
        assert refusal(octets, caller=caller) == "signer-not-sender"


def test_another_body_than_the_dispatched_is_never_taken() -> None:
    """Whatever reads the envelope: were it to find another Body than the verified one, nothing is processed."""
    octets = signed(envelope(to=TO), IDENTITY)
    request, other = request_of(octets), read_envelope(parse(octets))
    crossed = replace(request, envelope=replace(request.envelope, body=other.body))
    with pytest.raises(SoapFault) as fault:
        GATE.admit(crossed, {})
    assert fault.value.kind.id == "signed-body-elsewhere"


def test_an_include_in_the_security_header() -> None:
    """`xds.soap.resolve_includes` has put the text there; the peer sent an attachment."""
    request = request_of(signed(envelope(to=TO), IDENTITY))
    header = request.envelope.header
    assert header is not None
    token = next(header.iter("{*}BinarySecurityToken"))
    with pytest.raises(SoapFault) as fault:
        GATE.admit(replace(request, replaced=(token,)), {})
    assert fault.value.kind.id == "security-include"
    assert GATE.admit(replace(request, replaced=(request.envelope.body,)), {}).verified


def test_the_action_of_http() -> None:
    octets = signed(envelope(to=TO, action="urn:a"), IDENTITY)
    assert GATE.admit(request_of(octets, http_action="urn:a"), {}).verified
    assert refusal(octets, http_action="urn:b") == "http-action"


@pytest.mark.parametrize(
    "to", [TO + "/", TO.replace("https", "http"), "https://xds.example.org/dics/repository"]
)
def test_to_is_held_to_the_letter(to: str) -> None:
    assert refusal(signed(envelope(to=to), IDENTITY)) == "to-other-end-point"


def test_what_an_end_point_is_called() -> None:
    environ = {"SERVER_PORT": "8443", "wsgi.url_scheme": "https"}
    assert set(end_point_addresses(SERVER, PATH, environ)) == {TO}
    assert set(end_point_addresses(ServerSettings(host="localhost"), PATH, environ)) == {
        f"https://{host}:8443{PATH}" for host in ("127.0.0.1", "localhost", "[::1]")
    }
    assert set(end_point_addresses(ServerSettings(host="192.0.2.7", port=81), PATH, {})) == {
        f"http://192.0.2.7:81{PATH}"
    }


def test_what_the_partner_table_says_becomes_a_fault() -> None:
    authority, now = Authority.made(), datetime.now(UTC)
    subject = read_subject_rule("CN=partner-c")

    def told(*revoked: bool, **options: Any) -> str:
        certificate, key = authority.issue("partner-c", **options)
        enrolled = Enrolled(
            name="partner-c",
            authorities=(authority.certificate,),
            subject=subject,
            revocation_lists=tuple(authority.revoke([certificate] if each else []) for each in revoked),
            algorithms=frozenset({"ECDSA-SHA256"}) if options.get("key") else frozenset(),
        )
        gate = SignatureGate(lambda: Trust([enrolled]), SERVER, PATH)
        return refusal(signed(envelope(to=TO), SigningIdentity(key=key, certificate=certificate)), gate)

    day = timedelta(days=1)
    assert told(True) == "certificate-revoked"
    assert told(starts=now - 2 * day, ends=now - day) == "certificate-date"
    assert told(starts=now + day, ends=now + 2 * day) == "certificate-date"
    assert told(signs=False) == "certificate-usage"
    assert told(key=IDENTITY.key) == "signature-algorithm"
    assert refusal(signed(envelope(to=TO), identity_of())) == "certificate-unknown"


def test_sha1_goes_by_the_partners_switch_only() -> None:
    def message() -> bytes:
        root = etree.fromstring(signed(envelope(to=TO), IDENTITY))
        return etree.tostring(sha1_signed(root))

    assert refusal(message()) == "signature-algorithm"
    patient = Enrolled(name="partner-a", certificates=(IDENTITY.certificate,), allows_sha1=True)
    assert SignatureGate(lambda: Trust([patient]), SERVER, PATH).admit(request_of(message()), {}).verified


def sha1_signed(root: etree._Element) -> etree._Element:
    nodes = {f"#{node.get(names.WSU_ID)}": node for node in root.iter() if node.get(names.WSU_ID)}
    for reference in root.iter(names.REFERENCE):
        reference[1].set("Algorithm", f"{DSIG}sha1")
        digest = digest_of(nodes[reference.get("URI", "")], (), hashes.SHA1, {})
        reference[2].text = base64.b64encode(digest).decode()
    next(root.iter(names.SIGNATURE_METHOD)).set("Algorithm", f"{DSIG}rsa-sha1")
    octets = canonical(next(root.iter(names.SIGNED_INFO)))
    value = IDENTITY.key.sign(octets, padding.PKCS1v15(), hashes.SHA1())  # type: ignore[call-arg]  # noqa: S303  # that is the point
    next(root.iter(names.SIGNATURE_VALUE)).text = base64.b64encode(value).decode()
    return root


def test_the_end_points_of_a_partner() -> None:
    gate = Gates(GATE, EndPointGate({"partner-a": ("repository",)}, "registry"))
    with pytest.raises(SoapFault) as fault:
        gate.admit(request_of(signed(envelope(to=TO), IDENTITY)), {})
    assert fault.value.kind.id == "signer-end-point"
    with pytest.raises(SoapFault):
        gate.admit(request_of(envelope(to=TO), caller=Caller(partner="partner-a", certificate=b"der")), {})
    assert gate.admit(request_of(envelope(to=TO)), {}).verified is None


@pytest.mark.parametrize("role", ["registry", "repository", "gateway", "imaging"])
def test_each_end_point_asks_whether_a_partner_may_call_it(role: str, tmp_path: Path) -> None:
    """The gateway leads to registry and repository: it is no way round."""
    path = tmp_path / "a.pem"
    path.write_bytes(pem_of(IDENTITY.certificate))
    partner = PartnerSettings(name="partner-a", certificates=(path,), end_points=("repository",))
    settings = Settings(partners=(partner,))
    entrance = Entrance(settings, Credentials(settings), cast(AssertionLedger, None), UNAUDITED)
    gate = entrance.gate(getattr(settings.server, f"{role}_path"))
    assert gate is not None
    request = request_of(envelope(to=TO), caller=Caller(partner="partner-a", certificate=b"der"))
    if role == "repository":
        assert gate.admit(request, {}) is request
        return
    with pytest.raises(SoapFault) as fault:
        gate.admit(request, {})
    assert fault.value.kind.id == "signer-end-point"
