"""Each step of the security digest, section 5: the assertion that is accepted, with one thing changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod

from tests.saml.identities import (
    AUDIENCE,
    END_POINT,
    ISSUER,
    NOW,
    XUA_ATTRIBUTES,
    Verifying,
    all_of,
    altered,
    assertion,
    envelope,
    find,
    identity,
    new_identity,
    request,
    saml,
)
from xds.access import AccessContext
from xds.model import OneIdAttribute, XuaAttribute
from xds.saml import AssertionLimits, AssertionRules, IdentityProvider, refusals
from xds.saml.issue import _build, sign_assertion
from xds.wss import Refusal, Refused
from xds.xml.namespaces import DSIG, HL7

SIGNATURE = f"{{{DSIG}}}Signature"
REFERENCE = f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference"


@pytest.fixture
def verify() -> Verifying:
    return Verifying()


def refused(verify: Verifying, octets: bytes, rule: Refusal) -> Refused:
    """The refusal, which is for breaking that rule."""
    with pytest.raises(Refused) as caught:
        verify(octets)
    assert caught.value.refusal is rule, caught.value
    return caught.value


def resigned(change: str, value: str = "", **changes: object) -> bytes:
    """An assertion whose provider left something out, or said it otherwise, before signing."""
    root = _build(request(**changes), NOW, "_1")
    element = root if change == "." else root.find("/".join(saml(name) for name in change.split("/")))
    name, _, text = value.partition("=")
    if not name:
        element.getparent().remove(element)
    elif not text:
        del element.attrib[name]
    else:
        element.set(name, text)
    return etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_an_assertion_is_believed(kind: str) -> None:
    signer = identity(f"idp-{kind}", kind)
    verify = Verifying(provider=IdentityProvider(issuer=ISSUER, certificates=(signer.certificate,)))
    assert verify(assertion(signer=signer)) == AccessContext(
        user="afabricated",
        issuer=ISSUER,
        alias="AF",
        display_name="Alex Fabricated",
        licence="12345^^2.999.6.1",
        organization="urn:oid:2.999.4.7",
        organization_name="North Hospital",
        roles=frozenset({"66862007^^2.16.840.1.113883.6.96"}),
        purpose="TREAT^^2.999.5.1",
        assurance_level="urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        home_community_id="urn:oid:2.999.3",
    )


def test_the_audit_names_the_user(verify: Verifying) -> None:
    assert verify(assertion()).user_name == f"AF<afabricated@{ISSUER}>"
    assert verify(assertion(alias=None)).user_name == f"<afabricated@{ISSUER}>"


# Step 1: exactly one, a child of the one Security header, not encrypted.


def test_a_message_may_have_none() -> None:
    assert find(envelope("")) is None


def test_two_assertions() -> None:
    one = assertion().decode()
    with pytest.raises(Refused, match=refusals.TWICE.id):
        find(envelope(one + one))


@pytest.mark.parametrize("name", ["EncryptedAssertion", "EncryptedID", "EncryptedAttribute"])
def test_encrypted(name: str) -> None:
    with pytest.raises(Refused) as caught:
        find(envelope(f'<a:{name} xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"/>'))
    assert caught.value.refusal is refusals.ENCRYPTED


def test_an_assertion_elsewhere() -> None:
    one = assertion().decode()
    for message in (envelope("", one), envelope(f"<x>{one}</x>")):
        with pytest.raises(Refused, match=refusals.PLACE.id):
            find(message)
    message = envelope(one)
    message[0].append(etree.fromstring(etree.tostring(message[0][0])))
    message[0][1].clear()
    with pytest.raises(Refused, match=refusals.SECURITY_TWICE.id):
        find(message)


def test_an_envelope_within_the_body() -> None:
    inner = etree.tostring(envelope(assertion().decode())).decode()
    with pytest.raises(Refused):
        find(envelope("", inner))


@pytest.mark.parametrize("change", ["Version=1.1", "Version"])
def test_another_version(verify: Verifying, change: str) -> None:
    refused(verify, resigned(".", change), refusals.VERSION)


def test_size(verify: Verifying) -> None:
    limits = AssertionLimits(octets=len(assertion()) + 200)
    verify.rules = replace(verify.rules, limits=limits)
    verify(assertion())
    refused(
        verify,
        assertion(attributes=((XuaAttribute.SUBJECT_ID, "x" * 5_000),)),
        refusals.SIZE,
    )


def test_attributes(verify: Verifying) -> None:
    verify(assertion(attributes=XUA_ATTRIBUTES + (("urn:x", "y"),) * 193))
    too_many = assertion(attributes=XUA_ATTRIBUTES + (("urn:x", "y"),) * 194)
    refused(verify, too_many, refusals.ATTRIBUTES)


# Step 2: its own signature, over itself, by a key that is enrolled.


def test_unsigned(verify: Verifying) -> None:
    octets = altered(assertion(), lambda root: root.remove(root.find(SIGNATURE)))
    refused(verify, octets, refusals.UNSIGNED)


def test_a_signature_elsewhere(verify: Verifying) -> None:
    octets = altered(assertion(), lambda root: root.find(saml("Conditions")).append(root.find(SIGNATURE)))
    refused(verify, octets, refusals.SIGNATURE_PLACE)


def test_one_octet_changed(verify: Verifying) -> None:
    for original in (b"Alex Fabricated", b"TREAT", b"66862007", b"afabricated"):
        octets = assertion()
        assert original in octets
        changed = octets.replace(original, original[:-1] + b"X")
        refused(verify, changed, refusals.SIGNATURE)


def test_a_foreign_key_that_it_brings_along(verify: Verifying) -> None:
    refused(verify, assertion(signer=identity("stranger")), refusals.SIGNATURE)


def test_two_certificates_while_keys_change() -> None:
    old, new = identity("idp"), identity("idp-next")
    provider = IdentityProvider(issuer=ISSUER, certificates=(old.certificate, new.certificate))
    verify = Verifying(provider=provider)
    assert verify(assertion(signer=old)).user == verify(assertion(signer=new)).user


def test_an_expired_key() -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    old = new_identity(key, begin=NOW - timedelta(days=9), end=NOW - timedelta(days=1))
    verify = Verifying(provider=IdentityProvider(issuer=ISSUER, certificates=(old.certificate,)))
    refused(verify, assertion(signer=old), refusals.SIGNATURE)


def test_a_reference_to_something_else(verify: Verifying) -> None:
    for uri in ("", "#other", "http://example.org/", "#xpointer(/)"):
        octets = altered(
            assertion(), lambda root, uri=uri: root.find(f"{SIGNATURE}/{REFERENCE}").set("URI", uri)
        )
        refused(verify, octets, refusals.REFERENCE)


def test_two_references(verify: Verifying) -> None:
    def twice(root: etree._Element) -> None:
        reference = root.find(f"{SIGNATURE}/{REFERENCE}")
        reference.getparent().append(etree.fromstring(etree.tostring(reference)))

    refused(verify, altered(assertion(), twice), refusals.REFERENCE)


@pytest.mark.parametrize(
    "algorithm",
    [
        "http://www.w3.org/TR/1999/REC-xslt-19991116",
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    ],
)
def test_transforms(verify: Verifying, algorithm: str) -> None:
    for place in (0, 1):

        def change(root: etree._Element, place: int = place) -> None:
            root.findall(f".//{{{DSIG}}}Transform")[place].set("Algorithm", algorithm)

        refused(verify, altered(assertion(), change), refusals.ALGORITHM)


@pytest.mark.parametrize(
    ("element", "algorithm"),
    [
        ("SignatureMethod", SignatureMethod.RSA_SHA1.value),
        ("SignatureMethod", SignatureMethod.HMAC_SHA256.value),
        ("SignatureMethod", SignatureMethod.DSA_SHA256.value),
        ("DigestMethod", DigestAlgorithm.SHA1.value),
        ("CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    ],
)
def test_weak_algorithms(verify: Verifying, element: str, algorithm: str) -> None:
    octets = altered(
        assertion(), lambda root: root.find(f".//{{{DSIG}}}{element}").set("Algorithm", algorithm)
    )
    refused(verify, octets, refusals.ALGORITHM)


def test_an_object_in_the_signature(verify: Verifying) -> None:
    octets = altered(assertion(), lambda root: etree.SubElement(root.find(SIGNATURE), f"{{{DSIG}}}Object"))
    refused(verify, octets, refusals.SIGNATURE_SHAPE)


def test_the_id_twice(verify: Verifying) -> None:
    for name in ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id"):

        def change(root: etree._Element, name: str = name) -> None:
            root.find(saml("Subject")).set(name, root.get("ID"))

        refused(verify, altered(assertion(), change), refusals.ID)
    refused(verify, altered(assertion(), lambda root: root.attrib.pop("ID")), refusals.ID)


def test_comments(verify: Verifying) -> None:
    """CVE-2017-11427 and its kind: C14N leaves a comment out, and a reader's `.text` ends before it."""
    for inserted in (b"<!---->", b"<!--x-->", b"<?x?>"):
        octets = assertion(user="afabricated.evil").replace(
            b"afabricated.evil", b"afabricated" + inserted + b".evil"
        )
        refused(verify, octets, refusals.COMMENT)


def test_void_canonicalization(verify: Verifying) -> None:
    """A relative namespace cannot be canonicalized: that is a refusal, never a digest of nothing."""
    octets = assertion().replace(b"<saml:Subject>", b'<saml:Subject xmlns:v="relative">')
    refused(verify, octets, refusals.SIGNATURE)


def test_prefixes_of_the_message_around_it(verify: Verifying) -> None:
    """xsi:type="xs:string" with xs declared by the envelope, whoever signs with InclusiveNamespaces."""
    octets = assertion().decode()
    message = etree.fromstring(
        etree.tostring(envelope(octets)).replace(b"<s:Envelope", b'<s:Envelope xmlns:xs="urn:xs"')
    )
    assert verify.message(message).user == "afabricated"


# Step 3: the issuer.


def test_an_issuer_that_is_not_enrolled(verify: Verifying) -> None:
    refused(verify, assertion(issuer="urn:oid:2.999.8.2"), refusals.ISSUER)


def test_the_issuer_is_the_one_whose_key_it_is() -> None:
    """An enrolled provider cannot speak for another one."""
    verify = Verifying(
        provider=IdentityProvider(issuer=ISSUER, certificates=(identity("other").certificate,))
    )
    refused(verify, assertion(), refusals.SIGNATURE)


def test_two_issuers(verify: Verifying) -> None:
    def change(root: etree._Element) -> None:
        root.insert(0, etree.fromstring(etree.tostring(root.find(saml("Issuer")), with_tail=False)))

    refused(verify, altered(assertion(), change), refusals.ISSUER_PLACE)


# Step 4: time.


@pytest.mark.parametrize(
    ("delay", "rule"),
    [
        (timedelta(0), None),
        (timedelta(minutes=11, seconds=59), None),  # ten minutes of life, two of skew
        (timedelta(minutes=12), refusals.EXPIRED),
        (timedelta(days=300), refusals.EXPIRED),
        (-timedelta(minutes=2), None),
        (-timedelta(minutes=2, seconds=1), refusals.NOT_YET_VALID),
    ],
)
def test_time(verify: Verifying, delay: timedelta, rule: Refusal | None) -> None:
    then = verify.later(delay)
    if rule is None:
        assert then(assertion()).user == "afabricated"
    else:
        refused(then, assertion(), rule)


def test_life(verify: Verifying) -> None:
    verify(assertion(life=timedelta(minutes=60)))
    refused(verify, assertion(life=timedelta(minutes=61)), refusals.LIFE)


@pytest.mark.parametrize("change", ["NotBefore", "NotOnOrAfter"])
def test_conditions_have_both_times(verify: Verifying, change: str) -> None:
    refused(verify, resigned("Conditions", change), refusals.CONDITIONS)
    refused(verify, resigned("Conditions", f"{change}=2026-05-01T12:00:00"), refusals.INSTANT)
    refused(verify, resigned("Conditions", f"{change}=soon"), refusals.INSTANT)


def test_no_conditions(verify: Verifying) -> None:
    refused(verify, resigned("Conditions"), refusals.CONDITIONS)


@pytest.mark.parametrize(
    "text", ["2026-05-01T12:00:00.1234567Z", "2026-05-01T12:00:00.1Z", "2026-05-01T08:00:00-04:00"]
)
def test_forms_of_time(verify: Verifying, text: str) -> None:
    assert verify(resigned("Conditions", f"NotBefore={text}")).user == "afabricated"


def test_a_condition_that_nobody_knows(verify: Verifying) -> None:
    root = _build(request(), NOW, "_1")
    etree.SubElement(root.find(saml("Conditions")), saml("Condition"))
    octets = etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))
    refused(verify, octets, refusals.CONDITION)


def test_authentication(verify: Verifying) -> None:
    refused(verify, resigned("AuthnStatement"), refusals.AUTHENTICATION_MISSING)
    refused(verify, resigned("AuthnStatement/AuthnContext"), refusals.AUTHENTICATION_MISSING)
    refused(verify, resigned("AuthnStatement", "AuthnInstant"), refusals.AUTHENTICATION_MISSING)
    for instant in ("2026-04-30T23:58:00Z", "2026-05-01T12:03:00Z"):
        refused(verify, resigned("AuthnStatement", f"AuthnInstant={instant}"), refusals.AUTHENTICATION_AGE)
    assert verify(resigned("AuthnStatement", "AuthnInstant=2026-05-01T00:01:00Z")).user == "afabricated"


def test_how_the_user_authenticated() -> None:
    verify = Verifying(
        provider=IdentityProvider(
            issuer=ISSUER,
            certificates=(identity("idp").certificate,),
            authentications=frozenset({"urn:oasis:names:tc:SAML:2.0:ac:classes:X509"}),
        )
    )
    refused(verify, assertion(), refusals.AUTHENTICATION)


# Step 5: audience.


def test_audience(verify: Verifying) -> None:
    verify(assertion(audiences=(END_POINT,)))
    verify(assertion(audiences=("urn:other", AUDIENCE)))
    refused(verify, assertion(audiences=("urn:other",)), refusals.AUDIENCE)
    refused(verify, resigned("Conditions/AudienceRestriction"), refusals.AUDIENCE)


def test_every_audience_restriction_counts(verify: Verifying) -> None:
    """They are ANDed, the audiences of each are ORed (SAML 2.0 errata E46)."""
    root = _build(request(), NOW, "_1")
    conditions = root.find(saml("Conditions"))
    restriction = etree.SubElement(conditions, saml("AudienceRestriction"))
    etree.SubElement(restriction, saml("Audience")).text = "urn:other"
    octets = etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))
    refused(verify, octets, refusals.AUDIENCE)


# Step 6: who may speak for the subject.


def test_recipient(verify: Verifying) -> None:
    verify(assertion(recipient=END_POINT))
    refused(verify, assertion(recipient="https://elsewhere.example.org/"), refusals.RECIPIENT)


def test_no_confirmation(verify: Verifying) -> None:
    refused(verify, resigned("Subject/SubjectConfirmation"), refusals.CONFIRMATION_MISSING)


def test_sender_vouches(verify: Verifying) -> None:
    method = "Method=urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"
    refused(verify, resigned("Subject/SubjectConfirmation", method), refusals.CONFIRMATION_METHOD)


def test_the_confirmation_has_its_own_time(verify: Verifying) -> None:
    path = "Subject/SubjectConfirmation/SubjectConfirmationData"
    refused(verify, resigned(path, "NotOnOrAfter=2026-05-01T11:00:00Z"), refusals.CONFIRMATION_TIME)
    refused(verify, resigned(path, "NotBefore=2026-05-01T13:00:00Z"), refusals.CONFIRMATION_TIME)


def test_in_response_to_is_not_looked_at(verify: Verifying) -> None:
    path = "Subject/SubjectConfirmation/SubjectConfirmationData"
    assert verify(resigned(path, "InResponseTo=_42")).user == "afabricated"


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_holder_of_key(verify: Verifying, kind: str) -> None:
    holder = identity(f"holder-{kind}", kind)
    octets = assertion(holder=holder.certificate)
    refused(verify, octets, refusals.HOLDER_OF_KEY)
    verify.arrival = replace(verify.arrival, certificates=frozenset({identity("stranger").der}))
    refused(verify, octets, refusals.HOLDER_OF_KEY)
    verify.arrival = replace(verify.arrival, certificates=frozenset({holder.der}))
    assert verify(octets).user == "afabricated"
    renewed = new_identity(
        holder.key, begin=datetime(2021, 1, 1, tzinfo=UTC), end=datetime(2041, 1, 1, tzinfo=UTC)
    )
    verify.arrival = replace(verify.arrival, certificates=frozenset({renewed.der}))
    assert verify(octets).user == "afabricated"


def test_holder_of_a_key_that_it_does_not_name(verify: Verifying) -> None:
    holder = identity("holder-rsa")
    verify.arrival = replace(verify.arrival, certificates=frozenset({holder.der}))
    path = "Subject/SubjectConfirmation/SubjectConfirmationData/"
    root = _build(request(holder=holder.certificate), NOW, "_1")
    info = root.find("/".join(saml(name) for name in path.rstrip("/").split("/")))[0]
    info.getparent().remove(info)
    octets = etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))
    refused(verify, octets, refusals.HOLDER_OF_KEY)


# Step 7: replay.


def test_again(verify: Verifying) -> None:
    octets = assertion()
    assert verify(octets) == verify(octets)


def test_once(verify: Verifying) -> None:
    octets = assertion(one_time=True)
    verify(octets)
    refused(verify, octets, refusals.REPLAY)


def test_the_same_id_with_other_content(verify: Verifying) -> None:
    verify(assertion(assertion_id="_7"))
    refused(verify, assertion(assertion_id="_7", user="someone"), refusals.REPLAY)
    verify(assertion(assertion_id="_8", user="someone"))


# Step 8: values.


def test_ambiguous(verify: Verifying) -> None:
    twice = (*XUA_ATTRIBUTES, (OneIdAttribute.UAO.value, "urn:oid:2.999.4.8"))
    error = refused(verify, assertion(attributes=twice), refusals.AMBIGUOUS)
    assert "2.999.4.8" not in str(error)


def test_namespace_confusion(verify: Verifying) -> None:
    """A Role that is not HL7's is nobody's role."""
    octets = assertion()
    assert b"hl7:Role" in octets
    root = _build(request(), NOW, "_1")
    role = next(root.iter(f"{{{HL7}}}Role"))
    role.tag = "{urn:evil}Role"
    octets = etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))
    refused(verify, octets, refusals.VALUE)


def test_an_attribute_of_another_namespace_says_nothing(verify: Verifying) -> None:
    root = _build(request(), NOW, "_1")
    for element in list(all_of(root, "Attribute")):
        element.tag = "{urn:evil}Attribute"
    octets = etree.tostring(sign_assertion(root, identity("idp").key, identity("idp").certificate))
    assert verify(octets).roles == frozenset()


def test_what_the_sender_is_told_holds_no_value(verify: Verifying) -> None:
    for octets in (assertion(audiences=("urn:other",)), assertion(signer=identity("stranger"))):
        with pytest.raises(Refused) as caught:
            verify(octets)
        said = str(caught.value) + caught.value.refusal.fr + caught.value.detail
        assert not any(item in said for item in ("afabricated", "Alex", ISSUER, "urn:other"))


def test_rules_have_the_limits_of_the_digest() -> None:
    rules = AssertionRules()
    assert (rules.skew, rules.life) == (timedelta(minutes=2), timedelta(minutes=60))
    assert (rules.limits.octets, rules.limits.attributes) == (65_536, 200)
