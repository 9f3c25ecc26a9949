"""The schemas by themselves: they compile offline, take the samples, and agree with each other."""

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from .mutants import SNIPPETS, mutants
from .validators import ENVELOPES, HL7, MESSAGES, SCHEMAS, XDS, XOP, XS, parse

FILES = sorted(SCHEMAS.glob("*.xsd"))
DOCUMENT = f"{{{XDS}}}Document"
INCLUDE = f"{{{XOP}}}Include"


def test_one_file_per_namespace() -> None:
    names = {path.name: parse(path).get("targetNamespace") for path in FILES}
    assert names.pop("xds.b-wire.xsd") == XDS
    assert names.pop("audit-message.xsd") is None  # DICOM's audit messages have no namespace
    assert names == {
        "hl7v3.xsd": HL7,
        "lcm.xsd": "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0",
        "query.xsd": "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0",
        "rim.xsd": "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0",
        "rmd.xsd": "urn:ihe:iti:rmd:2017",
        "xdsi-b.xsd": "urn:ihe:rad:xdsi-b:2009",
        "rs.xsd": "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0",
        "soap-envelope-1.2.xsd": "http://www.w3.org/2003/05/soap-envelope",
        "ws-addressing.xsd": "http://www.w3.org/2005/08/addressing",
        "xds.b.xsd": XDS,
        "xml.xsd": "http://www.w3.org/XML/1998/namespace",
        "xop-include.xsd": XOP,
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_compiles_offline(path: Path) -> None:
    etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_stand_beside_it(path: Path) -> None:
    """A file name and nothing else: the imports hold wherever the folder is served from."""
    for element in parse(path).iter(XS + "import"):
        location = element.attrib["schemaLocation"]
        assert Path(location).name == location
        assert parse(SCHEMAS / location).get("targetNamespace") == element.get("namespace")


@pytest.mark.parametrize(
    "path", [*sorted(MESSAGES.glob("*.xml")), *sorted(ENVELOPES.glob("*.xml"))], ids=lambda p: p.stem
)
def test_samples_are_valid(path: Path, ours: etree.XMLSchema, wire: etree.XMLSchema) -> None:
    root = parse(path)
    (wire if root.find(f".//{INCLUDE}") is not None else ours).assertValid(root)
    text = etree.tostring(root).decode()
    if not any(
        name in text
        for name in ("RetrieveDocumentSetRequest", "RemoveDocumentsRequest", "ImagingDocumentSetRequest")
    ):
        # Those carry no document and use xds.b.xsd only.
        wire.assertValid(root)


def first(root: etree._Element, name: str) -> etree._Element:
    """Return the first element of a local name."""
    return next(root.iter(f"{{*}}{name}"))


def lengthen(name: str, attribute: str | None, length: int) -> Callable[[etree._Element], None]:
    """Make the change that gives an attribute, or the text, a length."""

    def change(root: etree._Element) -> None:
        element = first(root, name)
        if attribute is None:
            element.text = "x" * length
        else:
            element.set(attribute, "x" * length)

    return change


@pytest.mark.parametrize(
    ("name", "attribute", "longest"),
    [
        ("Value", None, 256),
        ("Slot", "name", 256),
        ("LocalizedString", "value", 1024),
        ("Classification", "nodeRepresentation", 256),
        ("ExternalIdentifier", "value", 256),
        ("ExtrinsicObject", "mimeType", 256),
    ],
)
def test_lengths(name: str, attribute: str | None, longest: int, ours: etree.XMLSchema) -> None:
    """ITI TF-3 4.2.3.1.1."""
    root = parse(MESSAGES / "iti42-report.xml")
    lengthen(name, attribute, longest)(root)
    ours.assertValid(root)
    lengthen(name, attribute, longest + 1)(root)
    assert not ours.validate(root)


@pytest.mark.parametrize(
    "name", ["ExtrinsicObject", "RegistryPackage", "Association", "Classification", "ExternalIdentifier"]
)
def test_id_is_required(name: str, ours: etree.XMLSchema) -> None:
    root = parse(MESSAGES / "iti42-report.xml")
    del first(root, name).attrib["id"]
    assert not ours.validate(root)
    assert "attribute 'id' is required" in str(ours.error_log)


def test_wire_document(wire: etree.XMLSchema) -> None:
    """One xop:Include or text, nothing else (ITI TF-2 V.8.3)."""
    root = parse(MESSAGES / "iti41-report-xop.xml")
    wire.assertValid(root)
    document = first(root, "Document")
    include = document[0]

    del include.attrib["href"]
    assert not wire.validate(root)
    include.set("href", "cid:a")
    include.set("{urn:example}foreign", "kept")
    wire.assertValid(root)

    etree.SubElement(document, INCLUDE, href="cid:b")
    assert not wire.validate(root)
    del document[1]
    document[0].tag = f"{{{XDS}}}Include"
    assert not wire.validate(root)
    del document[0]
    document.text = "QUJD"
    wire.assertValid(root)


@pytest.mark.parametrize("name", ["iti41-report.xml", "iti43-response.xml"])
def test_wire_and_infoset_agree(name: str, ours: etree.XMLSchema, wire: etree.XMLSchema) -> None:
    """The two say the same of everything but the content of a Document."""
    root = parse(MESSAGES / name)
    original = first(root, "Document").text
    compared = differing = 0
    for mutant in mutants(root):
        if {document.text for document in root.iter(DOCUMENT)} <= {original, "QUJD"}:
            compared += 1
            assert ours.validate(root) == wire.validate(root), mutant
        else:
            differing += 1
    assert compared > 1000
    assert differing < 40


def test_snippets_are_what_they_claim(ours: etree.XMLSchema) -> None:
    """Most snippets of the mutants are valid alone: one that never is would prove nothing where it is put."""
    alone = [snippet for snippet in SNIPPETS if ours.validate(snippet)]
    assert len(alone) >= 20
