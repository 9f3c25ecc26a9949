"""W1 to W8: a signed element moved where nobody reads it, and another put in its place."""

import copy

import pytest
from lxml import etree

from tests.attacks.target import Target, registration
from tests.wss.messages import drop, find, resigned, spoiled, twin
from xds.wss import names
from xds.xml.namespaces import DSIG

CHECK, INVALID = "wsse:FailedCheck", "wsse:InvalidSecurity"


def forged(root: etree._Element) -> etree._Element:
    """A Body with a registration of the attacker's own."""
    body = twin(find(root, names.BODY))
    body[0] = etree.fromstring(registration("partner-a"))
    return body


def swapped(root: etree._Element) -> etree._Element:
    """Put the forged Body in the place of the signed one, and return the latter."""
    body = find(root, names.BODY)
    root.replace(body, forged(root))
    return body


def test_a_valid_message_is_taken(target: Target) -> None:
    answer = target.post("ITI-42", target.message())
    assert (answer.status, answer.result) == (200, "Success"), answer.body


def test_w1_simple_ancestry(target: Target) -> None:
    def change(root: etree._Element) -> None:
        body = swapped(root)
        etree.SubElement(find(root, names.HEADER), "{urn:x}Wrapper").append(body)

    target.refuses(spoiled(target.message(), change), CHECK)


@pytest.mark.parametrize("tag", [names.TO, names.ACTION, names.MESSAGE_ID, names.TIMESTAMP])
def test_w2_optional_element(target: Target, tag: str) -> None:
    def change(root: etree._Element) -> None:
        hidden = drop(find(root, tag))
        etree.SubElement(find(root, names.HEADER), "{urn:x}Wrapper").append(hidden)

    target.refuses(spoiled(target.message(), change), INVALID)


def test_w3_optional_element_in_the_security_header(target: Target) -> None:
    def change(root: etree._Element) -> None:
        hidden = drop(find(root, names.TIMESTAMP))
        etree.SubElement(find(root, names.SECURITY), "{urn:x}Wrapper").append(hidden)

    target.refuses(spoiled(target.message(), change), INVALID)


def test_w3_second_security_header(target: Target) -> None:
    def change(root: etree._Element) -> None:
        second = etree.SubElement(find(root, names.HEADER), names.SECURITY)
        second.set(names.ROLE, "urn:somebody")
        second.append(drop(find(root, names.TIMESTAMP)))

    target.refuses(spoiled(target.message(), change), INVALID)


def test_w3_actor(target: Target) -> None:
    octets = spoiled(
        target.message(), lambda root: find(root, names.SECURITY).set(names.ROLE, "urn:somebody")
    )
    target.refuses(octets, INVALID)


@pytest.mark.parametrize("tag", [names.TO, names.ACTION, names.MESSAGE_ID])
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_w4_sibling_value(target: Target, tag: str, first: bool) -> None:
    def change(root: etree._Element) -> None:
        own = find(root, tag)
        second = twin(own)
        second.text = "urn:forged"
        (own.addprevious if first else own.addnext)(second)

    target.refuses(spoiled(target.message(), change), INVALID)


def test_w4_second_assertion(target: Target) -> None:
    def change(root: etree._Element) -> None:
        security = find(root, names.SECURITY)
        for _ in range(2):
            etree.SubElement(security, names.ASSERTION).set("ID", f"a{len(security)}")

    target.refuses(spoiled(target.message(), change), INVALID)


def test_w5_sibling_order_has_no_meaning(target: Target) -> None:
    def change(root: etree._Element) -> None:
        header = find(root, names.HEADER)
        header[:] = header[::-1]

    answer = target.post("ITI-42", spoiled(target.message(), change))
    assert (answer.status, answer.result) == (200, "Success"), answer.body


@pytest.mark.parametrize(
    "attribute",
    [names.WSU_ID, "Id", "ID", "{urn:x}Id", "{http://www.w3.org/XML/1998/namespace}id", "id"],
)
def test_w6_duplicate_id(target: Target, attribute: str) -> None:
    def change(root: etree._Element) -> None:
        value = find(root, names.BODY).get(names.WSU_ID)
        body = swapped(root)
        find(root, names.BODY).set(attribute, value or "")
        etree.SubElement(find(root, names.HEADER), "{urn:x}Wrapper").append(body)

    target.refuses(spoiled(target.message(), change), INVALID, CHECK)

    def another(root: etree._Element) -> None:
        find(root, names.BODY)[0].set(attribute, find(root, names.TO).get(names.WSU_ID) or "")

    target.refuses(spoiled(target.message(), another), INVALID)


@pytest.mark.parametrize(
    "place",
    [
        "ds:Object",
        "Signature",
        "Security",
        "Body",
        "Envelope in Header",
        "Envelope in Body",
        "KeyInfo",
        "deep",
    ],
)
def test_w7_wrapper(target: Target, place: str) -> None:
    def change(root: etree._Element) -> None:
        body = swapped(root)
        signature, header = find(root, names.SIGNATURE), find(root, names.HEADER)
        new = find(root, names.BODY)
        if place == "ds:Object":
            etree.SubElement(signature, f"{{{DSIG}}}Object").append(body)
        elif place == "Signature":
            signature.append(body)
        elif place == "Security":
            find(root, names.SECURITY).append(body)
        elif place == "Body":
            new.append(body)
        elif place == "Envelope in Header":
            etree.SubElement(header, names.ENVELOPE).append(body)
        elif place == "Envelope in Body":
            etree.SubElement(new[0], names.ENVELOPE).append(body)
        elif place == "KeyInfo":
            find(root, names.KEY_INFO).append(body)
        else:
            inner = header
            for _ in range(40):
                inner = etree.SubElement(inner, "{urn:x}Wrapper")
            inner.append(body)

    # Two elements in the Body are no SOAP of IHE, signed or not.
    target.refuses(spoiled(target.message(), change), INVALID, CHECK, "")


def test_w7_an_envelope_around_the_envelope(target: Target) -> None:
    root = etree.fromstring(target.message())
    outer = copy.deepcopy(root)
    drop(find(outer, names.SECURITY))
    outer.replace(find(outer, names.BODY), forged(root))
    find(outer, names.HEADER).append(root)
    target.refuses(etree.tostring(outer), INVALID, CHECK)


def test_w8_xpath_with_injected_namespaces(target: Target) -> None:
    def change(root: etree._Element) -> None:
        transform = next(root.iter(names.TRANSFORM))
        transform.set("Algorithm", "http://www.w3.org/2002/06/xmldsig-filter2")
        etree.SubElement(transform, "{http://www.w3.org/2002/06/xmldsig-filter2}XPath").text = "/env:Envelope"

    octets = resigned(target.message(), target.identities["partner-a"].key, change)
    target.refuses(octets, "wsse:UnsupportedAlgorithm")


def test_w8_a_prefix_declared_anew_above_the_signed_element(target: Target) -> None:
    octets = target.message()
    # Prefixes that the signed elements do not use change nothing of them …
    harmless = octets.replace(
        b"<env:Envelope ", b'<env:Envelope xmlns:rim="urn:forged" xmlns:xs="urn:forged" ', 1
    )
    assert harmless != octets
    answer = target.post("ITI-42", harmless)
    assert (answer.status, answer.result) == (200, "Success"), answer.body
    # … and those that they use are part of what is signed.
    message = target.message()
    forged_rim = message.replace(b'xmlns:rim="urn:oasis', b'xmlns:rim="urn:forged:urn:oasis', 1)
    assert forged_rim != message
    target.refuses(forged_rim, CHECK)
