"""W9: wrapping of a signed assertion (XSW 1 to 8), and messages that two readers would read differently.

The forged assertion names a user of the attacker's; the original one, whose signature holds, stands somewhere else.
"""

import copy
from collections.abc import Callable

import pytest
from lxml import etree

from tests.attacks.clinic import Clinic, fresh, header_of, with_header
from tests.saml.identities import saml
from tests.transactions.wire import PATH, post
from xds.xml.namespaces import DSIG, SAML, SOAP12, WSSE

SIGNATURE = f"{{{DSIG}}}Signature"
OBJECT = f"{{{DSIG}}}Object"


def forged(original: etree._Element, *, keeps_signature: bool = False) -> etree._Element:
    """The attacker's assertion: another user, and another ID."""
    made = copy.deepcopy(original)
    made.set("ID", "_forged")
    next(made.iter(saml("NameID"))).text = "attacker"
    if not keeps_signature:
        made.remove(made.find(SIGNATURE))
    return made


def xsw1(security: etree._Element, original: etree._Element) -> None:
    """The forged header holds the original one in its assertion's signature."""
    made = forged(original, keeps_signature=True)
    header = security.getparent()
    outer = etree.Element(security.tag)
    header.replace(security, outer)
    outer.append(made)
    etree.SubElement(made.find(SIGNATURE), OBJECT).append(security)


def xsw2(security: etree._Element, original: etree._Element) -> None:
    """As XSW 1, but the signature stands detached beside."""
    made = forged(original)
    header = security.getparent()
    outer = etree.Element(security.tag)
    header.replace(security, outer)
    outer.append(made)
    detached = etree.SubElement(outer, OBJECT)
    detached.append(original.find(SIGNATURE))
    detached.append(security)


def xsw3(security: etree._Element, original: etree._Element) -> None:
    """The forged assertion before the original."""
    security.insert(0, forged(original))


def xsw4(security: etree._Element, original: etree._Element) -> None:
    """The original within the forged one."""
    made = forged(original)
    security.replace(original, made)
    made.append(original)


def xsw5(security: etree._Element, original: etree._Element) -> None:
    """The forged one bears the original's signature; the original without it stands behind."""
    made = forged(original, keeps_signature=True)
    original.remove(original.find(SIGNATURE))
    security.insert(0, made)


def xsw6(security: etree._Element, original: etree._Element) -> None:
    """As XSW 5, but the original stands within the signature."""
    made = forged(original, keeps_signature=True)
    security.replace(original, made)
    original.remove(original.find(SIGNATURE))
    made.find(SIGNATURE).append(original)


def xsw7(security: etree._Element, original: etree._Element) -> None:
    """The forged one within an extension before the original."""
    etree.SubElement(security, f"{{{SAML}}}Extensions").append(forged(original))
    security.insert(0, security[-1])


def xsw8(security: etree._Element, original: etree._Element) -> None:
    """The original, without its signature, within an object of the forged one's signature."""
    made = forged(original, keeps_signature=True)
    security.replace(original, made)
    original.remove(original.find(SIGNATURE))
    etree.SubElement(made.find(SIGNATURE), OBJECT).append(original)


def in_the_body(security: etree._Element, original: etree._Element) -> None:
    """The original within the Body, the forged one in the header."""
    security.replace(original, forged(original))
    body = security.getroottree().getroot().find(f"{{{SOAP12}}}Body")
    body[0].append(original)


def in_another_header(security: etree._Element, original: etree._Element) -> None:
    """The original in a second security header."""
    security.replace(original, forged(original))
    second = etree.SubElement(security.getparent(), f"{{{WSSE}}}Security")
    second.append(original)


def in_advice(security: etree._Element, original: etree._Element) -> None:
    """The original as advice of the forged one, where SAML allows assertions."""
    made = forged(original)
    security.replace(original, made)
    etree.SubElement(made, saml("Advice")).append(original)


WRAPPINGS: list[Callable[[etree._Element, etree._Element], None]] = [
    xsw1,
    xsw2,
    xsw3,
    xsw4,
    xsw5,
    xsw6,
    xsw7,
    xsw8,
    in_the_body,
    in_another_header,
    in_advice,
]


@pytest.mark.parametrize("wrap", WRAPPINGS, ids=lambda wrap: wrap.__name__)
def test_w9_wrapping(clinic: Clinic, wrap: Callable[[etree._Element, etree._Element], None]) -> None:
    root, security = header_of(with_header(clinic.question(), fresh()))
    wrap(security, security[0])
    clinic.refuses(etree.tostring(root), "FailedCheck", "assertion-twice")


def test_w9_a_detached_signature_makes_a_signed_message(clinic: Clinic) -> None:
    """As XSW 2, with the assertion's signature where the message's stands: then that is what is looked at first."""
    root, security = header_of(with_header(clinic.question(), fresh()))
    original = security[0]
    security.insert(0, forged(original))
    security.append(original.find(SIGNATURE))
    clinic.target.refuses(etree.tostring(root), "wsse:InvalidSecurity", transaction="ITI-18")


def changed(clinic: Clinic, change: Callable[[etree._Element], object]) -> bytes:
    root, security = header_of(with_header(clinic.question(), fresh()))
    change(security[0])
    return etree.tostring(root)


def test_w9_the_forged_one_takes_the_signature_along(clinic: Clinic) -> None:
    """Alone in the message, with the original's ID: the digest is another."""
    octets = changed(clinic, lambda root: next(root.iter(saml("NameID"))).__setattr__("text", "attacker"))
    clinic.refuses(octets, "FailedCheck", "assertion-signature")


@pytest.mark.parametrize("name", ["ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id", "{urn:x}ID"])
def test_w9_attribute_pollution(clinic: Clinic, name: str) -> None:
    """A second element answers to the ID, by whatever attribute a reader takes for one."""

    def change(root: etree._Element) -> None:
        root.find(saml("Subject")).set(name, root.get("ID"))

    clinic.refuses(changed(clinic, change), "FailedCheck", "assertion-id")


def test_w9_attribute_pollution_of_the_root(clinic: Clinic) -> None:
    octets = changed(clinic, lambda root: root.set("{urn:x}ID", root.get("ID")))
    clinic.refuses(octets, "FailedCheck", "assertion-id")


def test_w9_namespace_confusion_of_the_signature(clinic: Clinic) -> None:
    """A Signature that is not of XML Signature is no signature."""

    def change(root: etree._Element) -> None:
        root.find(SIGNATURE).tag = "{urn:x}Signature"

    clinic.refuses(changed(clinic, change), "FailedCheck", "assertion-unsigned")


def test_w9_namespace_confusion_of_the_assertion(clinic: Clinic) -> None:
    """One that is not of SAML 2.0 is no assertion: the request comes without a user."""

    def change(root: etree._Element) -> None:
        root.tag = "{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"

    octets = changed(clinic, change)
    clinic.refuses(octets, "InvalidSecurity", "assertion-missing", kind="use of restricted function")


def test_w9_prefix_declared_anew(clinic: Clinic) -> None:
    """What a prefix means is signed with the element: hl7:Role of another namespace is another element."""
    octets = with_header(clinic.question(), fresh())
    assert b'xmlns:hl7="urn:hl7-org:v3"' in octets
    clinic.refuses(
        octets.replace(b'xmlns:hl7="urn:hl7-org:v3"', b'xmlns:hl7="urn:evil"', 1),
        "FailedCheck",
        "assertion-signature",
    )


@pytest.mark.parametrize("place", ["Assertion", "Subject", "NameID"])
def test_w9_void_canonicalization(clinic: Clinic, place: str) -> None:
    """A relative namespace cannot be canonicalized; that is no digest of nothing."""
    octets = with_header(clinic.question(), fresh())
    octets = octets.replace(f"<saml:{place}".encode(), f'<saml:{place} xmlns:v="relative"'.encode(), 1)
    clinic.refuses(octets, "FailedCheck", "assertion-signature")


def test_w9_empty_digest(clinic: Clinic) -> None:
    """The digest of no octets, should anybody ever canonicalize to them."""

    def change(root: etree._Element) -> None:
        next(root.iter(f"{{{DSIG}}}DigestValue")).text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

    clinic.refuses(changed(clinic, change), "FailedCheck", "assertion-signature")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda octets: octets.replace(b"afabricated", b"afabri&attacker;cated"),
        lambda octets: b'<!DOCTYPE x [<!ENTITY attacker "x">]>' + octets,
        lambda octets: octets.replace(b"<saml:NameID", b"<saml:NameID\0"),
    ],
    ids=["entity", "DOCTYPE", "NUL"],
)
def test_w9_parser_differential(clinic: Clinic, spoil: Callable[[bytes], bytes]) -> None:
    """There is one parser, and it does not take what another would read otherwise."""
    octets = spoil(with_header(clinic.question(), fresh()))
    with clinic.target.unharmed():
        answer = post(clinic.port, PATH["ITI-18"], octets)
    assert (answer.status, answer.fault_id) == (400, "malformed-xml")


def test_w9_text_in_pieces_is_one_text(clinic: Clinic) -> None:
    """CDATA and character references are no markup: the name is what the digest says it is."""
    whole = fresh(user="af.evil").replace(b"af.evil", b"af<![CDATA[.ev]]>&#105;l")
    assert clinic.asked(whole).result == "Success"
    user = clinic.events()[-1].user
    assert user is not None and user.user == "af.evil"
