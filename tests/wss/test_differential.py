"""Random messages, whole and mutated: our verdict on digests and values is that of plain signxml.

Ours digests each node where it stands; signxml parses the message again for each reference. Of what they read
differently there is nothing.
"""

import base64
import copy
import itertools
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from xds.wss import Refused, names, sign, verify
from xds.wss.digest import canonical
from xds.xml import MalformedXml, parse
from xds.xml.namespaces import SOAP12, WSSE, XOP

from .messages import NOW, TrustsAll, envelope, identity_of, signed

IDENTITY = identity_of(starts=NOW - timedelta(days=1))
CONFIGURATION = SignatureConfiguration(
    location=f"./{{{SOAP12}}}Header/{{{WSSE}}}Security/", expect_references=False, verification_time=NOW
)
SIGNED = signed(envelope(), IDENTITY, now=NOW)
URIS = ("urn:a", "urn:b", "http://example.org/c")
PREFIXES = ("", "p", "q", "env", "wsa")
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t<>&\"'"), max_size=8
)


def escaped(text: str) -> str:
    return text.translate({38: "&amp;", 60: "&lt;", 62: "&gt;", 34: "&quot;", 10: "&#10;", 9: "&#9;"})


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    """An element with declarations of its own, some of them anew, some taken back."""
    declared = draw(st.dictionaries(st.sampled_from(PREFIXES), st.sampled_from(URIS), max_size=3))
    declarations = "".join(
        f' xmlns{f":{prefix}" if prefix else ""}="{uri}"' for prefix, uri in declared.items()
    )
    if draw(st.booleans()) and "" not in declared:
        declarations += ' xmlns=""'
    prefix = draw(st.sampled_from([*declared, "env", "wsa"]))
    name = f"{prefix}:E" if prefix else "E"
    attributes = "".join(
        f' {f"{each}:" if each else ""}a{number}="{escaped(draw(TEXT))}"'
        for number, each in enumerate(
            draw(st.lists(st.sampled_from(["", *filter(None, declared)]), max_size=2))
        )
    )
    inside = [escaped(draw(TEXT))]
    if depth:
        inside += draw(st.lists(elements(depth - 1), max_size=2))
    inside.append(escaped(draw(TEXT)))
    return f"<{name}{declarations}{attributes}>{''.join(inside)}</{name}>"


def plain(octets: bytes) -> bool:
    """What signxml says of a message by itself."""
    try:
        XMLVerifier().verify(
            octets, x509_cert=IDENTITY.certificate, id_attribute="Id", expect_config=CONFIGURATION
        )
    except (SignXMLException, ValueError, TypeError, etree.LxmlError):
        return False
    return True


def ours(octets: bytes) -> bool:
    try:
        verify(parse(octets), trust=TrustsAll(), now=NOW)
    except (Refused, MalformedXml):
        return False
    return True


@given(elements())
def test_valid_messages(element: str) -> None:
    root = parse(envelope(element.encode()))
    sign(root, IDENTITY, now=NOW)
    octets = etree.tostring(root)
    assert plain(octets) and ours(octets)


@given(elements(), st.data())
def test_mutated_messages(element: str, data: st.DataObject) -> None:
    """One octet of the Body is another: where plain signxml refuses, we do, and the other way round."""
    root = parse(envelope(element.encode()))
    sign(root, IDENTITY, now=NOW)
    octets = bytearray(etree.tostring(root))
    begin = octets.index(b"<env:Body")
    at = data.draw(st.integers(begin, len(octets) - 1))
    octets[at] = data.draw(st.integers(32, 126))
    mutated = bytes(octets)
    try:
        parse(mutated)
    except MalformedXml:
        return
    if plain(mutated) != ours(mutated):
        # Ours asks for more: one Body with one element, no comment, no second Id.
        assert plain(mutated) and not ours(mutated)
        assert any(word in mutated[begin:] for word in (b"<!", b"<?")) or structure_differs(mutated)


def structure_differs(octets: bytes) -> bool:
    root = parse(octets)
    return [child.tag for child in root] != [f"{{{SOAP12}}}Header", f"{{{SOAP12}}}Body"] or len(root[1]) != 1


@given(elements())
def test_a_node_where_it_stands_and_parsed_again_have_one_canonical_form(element: str) -> None:
    root = parse(envelope(element.encode()))
    body = root[1]
    again = etree.fromstring(etree.tostring(root))[1]
    assert canonical(body) == canonical(again)
    # … and so it has alone, as signxml would cut it out.
    alone = etree.fromstring(etree.tostring(body, with_tail=False))
    assert canonical(alone) == canonical(body)


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=6), elements())
def test_attachments_and_inlined_base64_are_one(content: bytes, cuts: list[int], element: str) -> None:
    body = (
        f'<d:Documents xmlns:d="urn:d">{element}<d:Document id="1"><x:Include xmlns:x="{XOP}" href="cid:a"/>'
        f"</d:Document>{element}</d:Documents>"
    )
    root = parse(envelope(body.encode()))
    edges = sorted({0, len(content), *(min(cut, len(content)) for cut in cuts)})
    pieces = [content[begin:end] for begin, end in itertools.pairwise(edges)]
    sign(root, IDENTITY, now=NOW, attachments={"cid:a": lambda: pieces})
    octets = etree.tostring(root)
    verify(parse(octets), trust=TrustsAll(), now=NOW, attachments={"cid:a": lambda: (content,)})
    inlined = etree.fromstring(octets)
    (include,) = inlined.iter(f"{{{XOP}}}Include")
    parent = include.getparent()
    assert parent is not None
    parent.remove(include)
    parent.text = base64.b64encode(content).decode()
    assert plain(etree.tostring(inlined))


OPERATIONS = ("drop", "copy", "move", "rename", "id", "text", "attribute")


NUMBERS = st.integers(0, 10**6)


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_whatever_is_done_to_a_message_it_is_verified_or_refused(changes: list[tuple[str, int, int]]) -> None:
    """No other exception ends a verification, and what is verified still has the Body that was signed."""
    root = etree.fromstring(SIGNED)
    for operation, one, other in changes:
        nodes = list(root.iter())[1:]
        node, place = nodes[one % len(nodes)], nodes[other % len(nodes)]
        parent = node.getparent()
        if parent is None or any(node is each for each in (place, *place.iterancestors())):
            continue
        if operation == "drop" and len(nodes) > 3:
            parent.remove(node)
        elif operation == "copy":
            place.append(copy.deepcopy(node))
        elif operation == "move":
            place.append(node)
        elif operation == "rename":
            node.tag = place.tag
        elif operation == "id":
            node.set(names.WSU_ID, place.get(names.WSU_ID) or "x")
        elif operation == "text":
            node.text = place.text
        else:
            node.attrib.update(dict(place.attrib))
    octets = etree.tostring(root)
    message = parse(octets)
    try:
        verified = verify(message, trust=TrustsAll(), now=NOW)
    except Refused:
        return
    assert canonical(verified.body) == canonical(etree.fromstring(SIGNED)[1])
    assert verified.body is message[1]
