"""U1: users' assertions that are not what they seem, over real HTTP; each ends in a fault and in the audit log."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod

from tests.attacks.clinic import Clinic, fresh, with_header
from tests.saml.identities import PATIENT, XUA_ATTRIBUTES, altered, identity, saml
from tests.transactions import samples
from tests.transactions.wire import PATH, Answer, post, send, send_mtom
from tests.wss.messages import signed, spoiled
from xds.access import CodedValue
from xds.cli.doctor import doctor
from xds.model import StoredQuery, XuaAttribute
from xds.xml.namespaces import DSIG

CHECK, INVALID, HEADER = "FailedCheck", "InvalidSecurityToken", "InvalidSecurity"
AGO = timedelta(hours=2)


def now() -> datetime:
    return datetime.now(UTC)


def unsigned(octets: bytes) -> bytes:
    return altered(octets, lambda root: root.remove(root.find(f"{{{DSIG}}}Signature")))


def algorithm(name: str, uri: str) -> Callable[[bytes], bytes]:
    return lambda octets: altered(
        octets, lambda root: root.find(f".//{{{DSIG}}}{name}").set("Algorithm", uri)
    )


ATTACKS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "unsigned": (lambda: unsigned(fresh()), CHECK, "assertion-unsigned"),
    "wrong issuer": (lambda: fresh(issuer="urn:oid:2.999.8.2"), INVALID, "assertion-issuer"),
    "foreign key": (lambda: fresh(signer=identity("stranger")), CHECK, "assertion-signature"),
    "audience": (lambda: fresh(audiences=("urn:other",)), INVALID, "assertion-audience"),
    "recipient": (lambda: fresh(recipient="https://elsewhere.example.org/"), INVALID, "assertion-recipient"),
    "expired": (lambda: fresh(now=now() - AGO), INVALID, "assertion-expired"),
    "not yet valid": (lambda: fresh(now=now() + AGO), INVALID, "assertion-not-yet-valid"),
    "valid for too long": (lambda: fresh(life=timedelta(hours=2)), INVALID, "assertion-life"),
    "holder of another key": (
        lambda: fresh(holder=identity("holder-rsa").certificate),
        "FailedAuthentication",
        "assertion-holder-of-key",
    ),
    "SHA-1 signature": (
        lambda: algorithm("SignatureMethod", SignatureMethod.RSA_SHA1.value)(fresh()),
        "UnsupportedAlgorithm",
        "assertion-algorithm",
    ),
    "SHA-1 digest": (
        lambda: algorithm("DigestMethod", DigestAlgorithm.SHA1.value)(fresh()),
        "UnsupportedAlgorithm",
        "assertion-algorithm",
    ),
    "comment in NameID": (
        lambda: fresh(user="afabricated.evil").replace(b"afabricated.evil", b"afabricated<!---->.evil"),
        CHECK,
        "assertion-comment",
    ),
    "two assertions": (lambda: fresh() + fresh(), CHECK, "assertion-twice"),
    "encrypted": (
        lambda: b'<a:EncryptedAssertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>',
        "UnsupportedSecurityToken",
        "assertion-encrypted",
    ),
    "10,000 attributes": (
        lambda: fresh(attributes=XUA_ATTRIBUTES + ((XuaAttribute.ROLE.value, "r"),) * 10_000),
        HEADER,
        "assertion-size",
    ),
    "300 attributes": (
        lambda: fresh(attributes=XUA_ATTRIBUTES + (("u", "r"),) * 300),
        HEADER,
        "assertion-attributes",
    ),
    "two organizations": (
        lambda: fresh(
            attributes=(*XUA_ATTRIBUTES, (XuaAttribute.ORGANIZATION_ID.value, "urn:oid:2.999.4.8"))
        ),
        INVALID,
        "assertion-ambiguous",
    ),
}


def test_a_user_who_may_ask_is_answered(clinic: Clinic) -> None:
    answer = clinic.asked(fresh())
    assert (answer.status, answer.result) == (200, "Success"), answer.body
    event = clinic.events()[-1]
    assert event.kind == "ITI-18 server"
    assert event.user is not None and event.user.user == "afabricated"


@pytest.mark.parametrize("name", ATTACKS)
def test_u1(clinic: Clinic, name: str) -> None:
    make, code, fault_id = ATTACKS[name]
    clinic.refuses(with_header(clinic.question(), make()), code, fault_id)


def test_u1_without_an_assertion(clinic: Clinic) -> None:
    clinic.refuses(clinic.question(), HEADER, "assertion-missing", kind="use of restricted function")


def test_u1_replayed(clinic: Clinic) -> None:
    once = fresh(one_time=True)
    assert clinic.asked(once).result == "Success"
    clinic.refuses(with_header(clinic.question(), once), CHECK, "assertion-replay")


def test_u1_the_same_id_with_other_content(clinic: Clinic) -> None:
    assert clinic.asked(fresh(assertion_id="_twice")).result == "Success"
    other = fresh(assertion_id="_twice", user="somebody")
    clinic.refuses(with_header(clinic.question(), other), CHECK, "assertion-replay")


@pytest.mark.parametrize(
    ("changed", "fault_id"),
    [
        ({XuaAttribute.ROLE: CodedValue(code="159561009", scheme="2.16.840.1.113883.6.96")}, "not-allowed"),
        ({XuaAttribute.ROLE: CodedValue(code="66862007")}, "not-allowed"),
        ({XuaAttribute.PURPOSE_OF_USE: CodedValue(code="MARKETING", scheme="2.999.5.1")}, "not-allowed"),
        ({XuaAttribute.ORGANIZATION_ID: ""}, "assertion-attribute-missing"),
        ({XuaAttribute.PROVIDER_IDENTIFIER: ""}, "assertion-attribute-missing"),
    ],
)
def test_a_user_without_the_right(clinic: Clinic, changed: dict[str, object], fault_id: str) -> None:
    attributes = tuple((name, changed.get(name, value)) for name, value in XUA_ATTRIBUTES)
    octets = with_header(clinic.question(), fresh(attributes=attributes))
    clinic.refuses(octets, "FailedAuthentication", fault_id, kind="use of restricted function")


def test_u1_the_patient_of_another(clinic: Clinic) -> None:
    patient, other = samples.fresh_patient(), samples.fresh_patient()
    entry = samples.entry(other)
    assert send(clinic.port, "ITI-42", samples.register_body(samples.submission(entry))).result == "Success"
    of_patient = fresh(attributes=(*XUA_ATTRIBUTES, (XuaAttribute.RESOURCE_ID.value, patient)))
    of_other = fresh(attributes=(*XUA_ATTRIBUTES, (XuaAttribute.RESOURCE_ID.value, other)))
    assert clinic.target.post("ITI-18", with_header(clinic.question(patient), of_patient)).result == "Success"
    answer = clinic.target.refuses(
        with_header(clinic.question(other), of_patient), "wsse:FailedAuthentication", transaction="ITI-18"
    )
    assert answer.fault_id == "other-patient"
    assert other not in answer.body.decode()
    asked = samples.query_body(
        StoredQuery.GET_DOCUMENTS, samples.slot("$XDSDocumentEntryEntryUUID", entry.entry_uuid)
    )
    by_id = clinic.target.unsigned("ITI-18", asked)
    found = clinic.target.post("ITI-18", with_header(by_id, of_other))
    assert len(found.elements("ExtrinsicObject")) == 1
    hidden = clinic.target.post("ITI-18", with_header(by_id, of_patient))
    assert (hidden.result, hidden.elements("ExtrinsicObject")) == ("Success", [])


def test_u1_documents_of_another_patient(clinic: Clinic) -> None:
    """They go the way of documents that are not there; nothing of another is removed or submitted either."""
    patient, other = samples.fresh_patient(), samples.fresh_patient()
    entry = samples.entry(other)
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: b"content"}
    )
    assert send_mtom(clinic.port, "ITI-41", body, *parts).result == "Success"

    def of(resource_id: str) -> bytes:
        return fresh(attributes=(*XUA_ATTRIBUTES, (XuaAttribute.RESOURCE_ID.value, resource_id)))

    def ask(transaction: str, body: bytes, user: bytes) -> Answer:
        return clinic.target.post(transaction, with_header(clinic.target.unsigned(transaction, body), user))

    wanted = samples.retrieve_body(entry.unique_id or "")
    assert ask("ITI-43", wanted, of(other)).result == "Success"
    hidden, absent = (
        ask("ITI-43", asked, of(patient)) for asked in (wanted, samples.retrieve_body(samples.fresh_oid()))
    )
    assert (
        (hidden.result, hidden.codes)
        == (absent.result, absent.codes)
        == ("Failure", ["XDSDocumentUniqueIdError"])
    )
    removal = samples.remove_documents_body(entry.unique_id or "")
    assert ask("ITI-86", removal, of(patient)).fault_id == "other-patient"
    assert ask("ITI-62", samples.remove_body(entry.entry_uuid), of(patient)).fault_id == "other-patient"
    again = samples.register_body(samples.submission(samples.entry(other)))
    update = samples.update_body(replace(entry, comments=None))
    assert ask("ITI-57", update, of(patient)).fault_id == "other-patient"
    assert ask("ITI-61", again, of(patient)).fault_id == "other-patient"
    assert ask("ITI-43", wanted, of(other)).result == "Success"


def test_an_assertion_that_is_ignored_is_not_even_read(clinic: Clinic) -> None:
    made = samples.submission(samples.entry(samples.fresh_patient()))
    octets = with_header(clinic.target.unsigned("ITI-42", samples.register_body(made)), unsigned(fresh()))
    assert post(clinic.port, PATH["ITI-42"], octets).result == "Success"


def test_a_signed_message_covers_its_assertion(clinic: Clinic) -> None:
    key = clinic.target.identities["partner-a"]
    octets = signed(with_header(clinic.question(), fresh(holder=key.certificate)), key)
    assert clinic.target.post("ITI-18", octets).result == "Success"


def test_another_assertion_under_the_message_s_signature(clinic: Clinic) -> None:
    key = clinic.target.identities["partner-a"]
    octets = signed(with_header(clinic.question(), fresh(assertion_id="_a")), key)

    def swap(root: etree._Element) -> None:
        (old,) = root.iter(saml("Assertion"))
        old.getparent().replace(old, etree.fromstring(fresh(assertion_id="_a", user="somebody")))

    clinic.target.refuses(spoiled(octets, swap), "wsse:FailedCheck", transaction="ITI-18")


def test_an_assertion_added_to_a_signed_message(clinic: Clinic) -> None:
    key = clinic.target.identities["partner-a"]

    def add(root: etree._Element) -> None:
        security = next(root.iter("{*}Security"))
        security.insert(0, etree.fromstring(fresh()))

    octets = spoiled(signed(clinic.question(), key), add)
    clinic.target.refuses(octets, "wsse:FailedCheck", transaction="ITI-18")


def test_who_brings_it_has_to_be_known(clinic: Clinic, strict_clinic: Clinic) -> None:
    """Without TLS and without a signature nobody has said who brings the assertion."""
    strict_clinic.refuses(
        with_header(strict_clinic.question(), fresh()), "FailedAuthentication", "assertion-sender"
    )
    key = strict_clinic.target.identities["partner-a"]
    octets = signed(with_header(strict_clinic.question(PATIENT), fresh()), key)
    assert strict_clinic.target.post("ITI-18", octets).result == "Success"


def test_the_log_holds_nothing_of_an_assertion(clinic: Clinic) -> None:
    clinic.asked(fresh(user="zz-marker-user", audiences=("urn:other",)))
    clinic.asked(fresh(user="zz-marker-user"))
    log = clinic.target.service.log.read_text("utf-8")
    assert "assertion-audience" in log
    assert not any(item in log for item in ("zz-marker-user", "Alex Fabricated", "urn:other"))


def test_the_doctor_is_not_alarmed_by_a_service_that_asks_who_asks(clinic: Clinic) -> None:
    result = CliRunner().invoke(doctor, ["--to", clinic.target.service.url])
    assert result.stdout.count("answers, and asks whom it is asked for") == 2, result.output
