"""X1 to X6: signatures that are missing, of another kind, of another key, of another time, or of another message."""

import base64
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from tests.attacks.target import Target, registration
from tests.transactions import samples
from tests.transactions.wire import ACTION, envelope
from tests.wss.messages import drop, find, resigned, signed, spoiled, unsign
from xds.pki import Authority
from xds.wss import SigningIdentity, names
from xds.wss.digest import canonical
from xds.xml.namespaces import DSIG, EXC_C14N

CHECK, INVALID = "wsse:FailedCheck", "wsse:InvalidSecurity"
ALGORITHM, AUTHENTICATION = "wsse:UnsupportedAlgorithm", "wsse:FailedAuthentication"
EXPIRED, TOKEN = "wsu:MessageExpired", "wsse:InvalidSecurityToken"
Change = Callable[[etree._Element], object]


def by_its_signer(target: Target, change: Change) -> bytes:
    """A message of partner-a that it changed before it signed it."""
    return resigned(target.message(), target.identities["partner-a"].key, change)


@pytest.mark.parametrize("transaction", ["ITI-42", "ITI-41"])
def test_x1_no_signature(target: Target, transaction: str) -> None:
    body = registration() if transaction == "ITI-42" else samples.inline_body(*provided())
    target.refuses(target.unsigned(transaction, body), INVALID, transaction=transaction)


def provided() -> tuple[samples.Submission, dict[str, bytes]]:
    made = samples.submission(samples.entry(samples.fresh_patient()))
    return samples.provided(made), {made.document_entries[0].entry_uuid: b"octets"}


def test_x1_no_signature_and_no_action(target: Target) -> None:
    """The transaction is found by the body then; it has to be signed all the same."""
    target.refuses(envelope("ITI-42", registration(), headers=b""), INVALID)


@pytest.mark.parametrize("removed", [names.SIGNATURE, names.SECURITY])
def test_x1_signature_removed(target: Target, removed: str) -> None:
    target.refuses(spoiled(target.message(), lambda root: drop(find(root, removed))), INVALID)


@pytest.mark.parametrize("tag", [names.BODY, names.TO, names.ACTION, names.MESSAGE_ID, names.TIMESTAMP])
def test_x1_a_part_not_covered(target: Target, tag: str) -> None:
    target.refuses(by_its_signer(target, lambda root: unsign(root, tag)), CHECK)


def test_x1_no_references(target: Target) -> None:
    def change(root: etree._Element) -> None:
        for reference in list(root.iter(names.REFERENCE)):
            drop(reference)

    target.refuses(by_its_signer(target, change), INVALID)


TRANSFORMS = {
    "XSLT": "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "XPath": "http://www.w3.org/TR/1999/REC-xpath-19991116",
    "XPath filter 2": "http://www.w3.org/2002/06/xmldsig-filter2",
    "base64": f"{DSIG}base64",
    "decrypt": "http://www.w3.org/2002/07/decrypt#XML",
    "C14N with comments": f"{EXC_C14N}WithComments",
    "enveloped": f"{DSIG}enveloped-signature",
    "STR": "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform",
}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_x2_transforms(target: Target, transform: str) -> None:
    def change(root: etree._Element) -> None:
        next(root.iter(names.TRANSFORM)).set("Algorithm", TRANSFORMS[transform])

    target.refuses(by_its_signer(target, change), ALGORITHM)


def test_x2_more_than_one_transform(target: Target) -> None:
    def change(root: etree._Element) -> None:
        etree.SubElement(next(root.iter(names.TRANSFORMS)), names.TRANSFORM).set("Algorithm", EXC_C14N)

    target.refuses(by_its_signer(target, change), ALGORITHM, INVALID)


@pytest.mark.parametrize("uri", ["", "file:///etc/passwd", "#xpointer(/)", "#nobody", "#"])
def test_x2_references(target: Target, uri: str) -> None:
    octets = by_its_signer(target, lambda root: next(root.iter(names.REFERENCE)).set("URI", uri))
    target.refuses(octets, INVALID)


def test_x2_nothing_is_fetched(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"http://127.0.0.1:{listener.getsockname()[1]}/body"
        octets = by_its_signer(target, lambda root: next(root.iter(names.REFERENCE)).set("URI", uri))
        target.refuses(octets, INVALID)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


METHODS = {
    "SHA-1": f"{DSIG}rsa-sha1",
    "MD5": "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
    "DSA": f"{DSIG}dsa-sha1",
    "DSA with SHA-256": "http://www.w3.org/2009/xmldsig11#dsa-sha256",
    "HMAC": "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
}


@pytest.mark.parametrize("method", METHODS)
def test_x3_signature_methods(target: Target, method: str) -> None:
    def change(root: etree._Element) -> None:
        find(root, names.SIGNATURE_METHOD).set("Algorithm", METHODS[method])

    target.refuses(by_its_signer(target, change), ALGORITHM)


@pytest.mark.parametrize("digest", [f"{DSIG}sha1", "http://www.w3.org/2001/04/xmldsig-more#md5"])
def test_x3_digest_methods(target: Target, digest: str) -> None:
    def change(root: etree._Element) -> None:
        next(root.iter(names.DIGEST_METHOD)).set("Algorithm", digest)

    target.refuses(by_its_signer(target, change), ALGORITHM)


@pytest.mark.parametrize("truncated", [False, True])
def test_x3_hmac_with_the_public_key(target: Target, truncated: bool) -> None:
    root = etree.fromstring(target.message())
    method = find(root, names.SIGNATURE_METHOD)
    method.set("Algorithm", METHODS["HMAC"])
    if truncated:
        etree.SubElement(method, f"{{{DSIG}}}HMACOutputLength").text = "8"
    public = target.identities["partner-a"].certificate.public_key()
    code = hmac.HMAC(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), hashes.SHA256())
    code.update(canonical(find(root, names.SIGNED_INFO)))
    value = code.finalize()[: 1 if truncated else None]
    find(root, names.SIGNATURE_VALUE).text = base64.b64encode(value).decode()
    target.refuses(etree.tostring(root), ALGORITHM)


def test_x3_rsa_of_1024_bits(target: Target) -> None:
    key = rsa.generate_private_key(65_537, 1024)  # noqa: S505  # that is the point
    certificate, _ = Authority.made().issue("partner-a", key)
    target.refuses(
        signed(target.registration(), SigningIdentity(key=key, certificate=certificate)), ALGORITHM
    )


@pytest.mark.parametrize("where", ["KeyValue", "X509Data"])
def test_x4_a_key_in_keyinfo(target: Target, where: str) -> None:
    stranger = target.identities["stranger"]

    def change(root: etree._Element) -> None:
        der = stranger.certificate.public_bytes(Encoding.DER)
        element = etree.SubElement(find(root, names.KEY_INFO), f"{{{DSIG}}}{where}")
        etree.SubElement(element, f"{{{DSIG}}}X509Certificate").text = base64.b64encode(der).decode()

    target.refuses(resigned(target.message(), stranger.key, change), INVALID)


def test_x4_two_tokens(target: Target) -> None:
    def change(root: etree._Element) -> None:
        token = find(root, names.TOKEN)
        second = etree.fromstring(etree.tostring(token))
        second.set(names.WSU_ID, "second")
        der = target.identities["stranger"].certificate.public_bytes(Encoding.DER)
        second.text = base64.b64encode(der).decode()
        token.addnext(second)
        find(root, names.TOKEN_REFERENCE_URI).set("URI", "#second")

    target.refuses(resigned(target.message(), target.identities["stranger"].key, change), INVALID)


def test_x4_signed_by_another_key_than_the_token(target: Target) -> None:
    octets = resigned(target.message(), target.identities["stranger"].key, lambda root: None)
    target.refuses(octets, CHECK)


CERTIFICATES = {
    "stranger": AUTHENTICATION,
    "service": AUTHENTICATION,
    "revoked": AUTHENTICATION,
    "expired": TOKEN,
    "no signer": TOKEN,
}


@pytest.mark.parametrize("name", CERTIFICATES)
def test_x4_certificates(target: Target, name: str) -> None:
    answer = target.refuses(signed(target.registration(), target.identities[name]), CERTIFICATES[name])
    assert target.identities[name].certificate.subject.rfc4514_string() not in answer.body.decode()


def test_x4_self_signed(target: Target) -> None:
    own = target.identities["partner-a"].certificate
    key = rsa.generate_private_key(65_537, 2048)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(own.subject, own.subject, key.public_key(), own.serial_number)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    octets = signed(target.registration(), SigningIdentity(key=key, certificate=certificate))
    target.refuses(octets, AUTHENTICATION)


def test_x4_a_partner_that_may_not_call_this_end_point(target: Target) -> None:
    answer = target.refuses(
        signed(target.registration(), target.identities["repository only"]), AUTHENTICATION
    )
    assert answer.fault_id == "signer-end-point"


def test_x5_replay_gets_the_stored_answer_and_runs_nothing(target: Target) -> None:
    octets = target.message()
    first = target.post("ITI-42", octets)
    assert (first.status, first.result) == (200, "Success"), first.body
    with target.unharmed():
        again = target.post("ITI-42", octets)
    assert (again.status, again.body) == (200, first.body)


def test_x5_a_refused_message_stays_refused(target: Target) -> None:
    """What was wrong with it may be right later: who has taken the message off the wire must not try it again then."""
    made = samples.submission(samples.entry(samples.fresh_patient(), class_code=None))
    octets = target.message(body=samples.register_body(made))
    first = target.post("ITI-42", octets)
    assert first.result == "Failure"
    with target.unharmed():
        again = target.post("ITI-42", octets)
    assert again.body == first.body


def test_x5_same_message_id_other_content(target: Target) -> None:
    message_id = re.search(rb"urn:uuid:[0-9a-f-]+(?=</wsa:MessageID>)", target.message())
    assert message_id is not None
    identity = target.identities["partner-a"]

    def named(octets: bytes) -> bytes:
        return re.sub(rb"urn:uuid:[0-9a-f-]+(?=</wsa:MessageID>)", message_id[0], octets)

    assert target.post("ITI-42", signed(named(target.registration()), identity)).result == "Success"
    target.refuses(signed(named(target.registration()), identity), CHECK)
    # Of another partner it is another message.
    other = signed(named(target.registration("partner-b")), target.identities["partner-b"])
    assert target.post("ITI-42", other).result == "Success"


def test_x5_a_signed_query_twice(target: Target) -> None:
    octets = target.message(transaction="ITI-18", body=samples.find_body(samples.fresh_patient()))
    assert target.post("ITI-18", octets).result == "Success"
    target.refuses(octets, CHECK, transaction="ITI-18")


@pytest.mark.parametrize(
    "to",
    ["http://127.0.0.1:1/dics/registry", "http://registry.example.org/dics/registry", "urn:anything"],
)
def test_x5_replay_to_another_end_point(target: Target, to: str) -> None:
    octets = signed(target.unsigned("ITI-42", registration(), to=to), target.identities["partner-a"])
    answer = target.refuses(octets, CHECK)
    assert target.to("ITI-42") in answer.reason


def test_x5_of_one_end_point_to_the_other(target: Target) -> None:
    octets = signed(
        target.unsigned("ITI-42", registration(), to=target.to("ITI-41")), target.identities["partner-a"]
    )
    target.refuses(octets, CHECK)


@pytest.mark.parametrize("minutes", [-20, 20], ids=["expired", "future"])
def test_x5_out_of_its_time(target: Target, minutes: int) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    target.refuses(signed(target.registration(), target.identities["partner-a"], now=now), EXPIRED)


def test_x5_validity_of_a_year(target: Target) -> None:
    def change(root: etree._Element) -> None:
        find(root, names.EXPIRES).text = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%dT%H:%M:%SZ}"

    target.refuses(by_its_signer(target, change), CHECK, EXPIRED)


def test_x6_action_of_another_operation(target: Target) -> None:
    octets = target.unsigned("ITI-18", registration())
    answer = target.refuses(signed(octets, target.identities["partner-a"]), "ActionMismatch", CHECK)
    assert answer.fault_id == "action-body-mismatch"


def test_x6_http_action_of_another_operation(target: Target) -> None:
    content_type = f'application/soap+xml; charset=UTF-8; action="{ACTION["ITI-18"]}"'
    answer = target.refuses(target.message(), "ActionMismatch", CHECK, content_type=content_type)
    assert answer.fault_id == "http-action"
