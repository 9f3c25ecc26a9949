"""The sample messages hold together: what they say of each other and of their documents is true."""

import base64
import hashlib
from pathlib import Path

import pytest
from lxml import etree

from .validators import LCM, MESSAGES, RIM, XDS, parse

NS = {"rim": RIM, "xds": XDS, "lcm": LCM}
SUBMISSIONS = ["iti42-report", "iti42-folder", "iti42-replace", "iti41-report", "iti41-report-xop"]


def slot(element: etree._Element, name: str) -> list[str]:
    """Return the values of a Slot."""
    return [
        value.text or "" for value in element.findall(f"rim:Slot[@name='{name}']/rim:ValueList/rim:Value", NS)
    ]


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_references_lead_to_their_objects(name: str) -> None:
    root = parse(MESSAGES / f"{name}.xml")
    ids = [element.attrib["id"] for element in root.iterfind(".//rim:*[@id]", NS)]
    assert len(ids) == len(set(ids))
    for nested in root.iterfind(".//rim:*[@classifiedObject]", NS):
        parent = nested.getparent()
        assert parent is not None
        if parent.tag != f"{{{RIM}}}RegistryObjectList":
            assert nested.get("classifiedObject") == parent.get("id")
    for identifier in root.iterfind(".//rim:ExternalIdentifier", NS):
        parent = identifier.getparent()
        assert parent is not None
        assert identifier.get("registryObject") == parent.get("id")
    for association in root.iterfind(".//rim:Association", NS):
        assert association.get("sourceObject") in ids
        assert association.get("targetObject") in ids or name == "iti42-replace"


@pytest.mark.parametrize("name", ["iti41-report", "iti43-response"])
def test_documents_are_what_the_metadata_say(name: str) -> None:
    document = parse(MESSAGES / f"{name}.xml").find(".//xds:Document", NS)
    entry = parse(MESSAGES / "iti41-report.xml").find(".//rim:ExtrinsicObject", NS)
    assert document is not None
    assert entry is not None
    octets = base64.b64decode(document.text or "", validate=True)
    assert slot(entry, "hash") == [hashlib.sha1(octets).hexdigest()]  # noqa: S324 (4.2.3.2.10)
    assert slot(entry, "size") == [str(len(octets))]
    report = etree.fromstring(octets)
    unique_id = entry.find(
        "rim:ExternalIdentifier[@identificationScheme='urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab']", NS
    )
    assert unique_id is not None
    assert report.xpath("string(/*/*[local-name()='id']/@root)") == unique_id.get("value")


def test_replacement_targets_the_report() -> None:
    report = parse(MESSAGES / "iti42-report.xml").find(".//rim:ExtrinsicObject", NS)
    relation = parse(MESSAGES / "iti42-replace.xml").find(".//rim:Association[@id='relation-01']", NS)
    assert report is not None
    assert relation is not None
    assert relation.get("targetObject") == report.get("id")


@pytest.mark.parametrize("name", ["iti57-entry", "iti57-status"])
def test_updates_are_of_the_report(name: str) -> None:
    report = parse(MESSAGES / "iti42-report.xml").find(".//rim:ExtrinsicObject", NS)
    assert report is not None
    root = parse(MESSAGES / f"{name}.xml")
    told = [item.get("lid") for item in root.iterfind(".//rim:ExtrinsicObject", NS)]
    told += [item.get("targetObject") for item in root.iterfind(".//rim:Association[@id='order-01']", NS)]
    assert told == [report.get("id")]


def test_unique_ids_differ_between_submissions() -> None:
    """Each can be registered after the others."""
    found: list[str | None] = []
    for name in SUBMISSIONS:
        for element in parse(MESSAGES / f"{name}.xml").iterfind(".//rim:ExternalIdentifier", NS):
            label = element.find("rim:Name/rim:LocalizedString", NS)
            assert label is not None
            if str(label.get("value")).endswith(".uniqueId"):
                found.append(element.get("value"))
    assert len(found) == len(set(found)) == 2 * len(SUBMISSIONS) + 1


@pytest.mark.parametrize("path", sorted(MESSAGES.glob("*.xml")), ids=lambda path: path.stem)
def test_one_patient(path: Path) -> None:
    for element in parse(path).iterfind(".//rim:ExternalIdentifier", NS):
        if "^^^" in element.attrib["value"]:
            assert element.get("value") == "P1001^^^&2.999.1.1&ISO"
