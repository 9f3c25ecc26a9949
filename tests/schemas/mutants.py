"""Every small thing that can be wrong with a message, one at a time.

Each generator changes the tree in place, yields what it did, and undoes it when it is resumed.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain

from lxml import etree

from .validators import QUERY, RIM, RS, XDS, XSI

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
XSI_TYPE = f"{{{XSI}}}type"

# Around the lengths of ebRIM (16, 256, 1024), and what is or is not a boolean, number, name, URI, base64.
VALUES = (
    *("x" * length for length in (16, 17, 256, 257, 1024, 1025)),
    *(
        "",
        " ",
        "true",
        "maybe",
        "-1",
        "1.5",
        "a b",
        "http://[",
        "%zz",
        "ObjectRef",
        "en-CA",
        "not_a_language",
    ),
    *("QUJD", "QUJ", "Q!==", "rim:Slot", "nowhere:Slot"),
    *("ObjectRef", "LeafClass", "LeafClassWithRepositoryItem", "RegistryObject"),
    *(
        f"env:{code}"
        for code in ("Sender", "Receiver", "MustUnderstand", "VersionMismatch", "DataEncodingUnknown")
    ),
)
ATTRIBUTES = (
    *("id", "home", "lid", "status", "objectType", "mimeType", "isOpaque", "createReplica", "value", "name"),
    *("slotType", "charset", "versionName", "comment", "requestId", "startIndex", "maxResults", "federated"),
    *("federation", "totalResultCount", "returnType", "severity", "location", "highestSeverity", "qname"),
    *("classificationNode", "nodeRepresentation", "queryLanguage", "deletionScope", "RelationshipType"),
    *("unheardOf", XML_LANG, "{urn:example}foreign", f"{{{RIM}}}id"),
)
TYPES = (
    *("ExtrinsicObjectType", "RegistryPackageType", "AssociationType1", "ObjectRefType", "AdhocQueryType"),
    *(
        "RegistryObjectType",
        "IdentifiableType",
        "ClassificationType",
        "ExternalIdentifierType",
        "SlotListType",
    ),
    *("SlotType1", "ValueListType", "InternationalStringType", "LocalizedStringType", "VersionInfoType"),
    *("RegistryObjectListType", "ObjectRefListType", "QueryExpressionType", "NoSuchType"),
)
# A valid instance of each element, to be put where it may or may not stand.
SNIPPETS = tuple(
    etree.fromstring(
        f'<{text} xmlns:rim="{RIM}" xmlns:rs="{RS}" xmlns:query="{QUERY}" xmlns:xds="{XDS}">{content}'
    )
    for text, content in (
        ('rim:Slot name="a"', "<rim:ValueList/></rim:Slot>"),
        ("rim:SlotList", "</rim:SlotList>"),
        ("rim:ValueList", "</rim:ValueList>"),
        ("rim:Value", "a</rim:Value>"),
        ("rim:Name", "</rim:Name>"),
        ("rim:Description", '<rim:LocalizedString value="a"/></rim:Description>'),
        ("rim:InternationalString", "</rim:InternationalString>"),
        ('rim:LocalizedString value="a"', "</rim:LocalizedString>"),
        ('rim:VersionInfo versionName="2" comment="a"', "</rim:VersionInfo>"),
        ("rim:ContentVersionInfo", "</rim:ContentVersionInfo>"),
        ('rim:Classification id="a" classifiedObject="b"', "</rim:Classification>"),
        (
            'rim:ExternalIdentifier id="a" registryObject="b" identificationScheme="c" value="d"',
            "</rim:ExternalIdentifier>",
        ),
        ('rim:ExtrinsicObject id="a"', "<rim:ContentVersionInfo/></rim:ExtrinsicObject>"),
        ('rim:RegistryPackage id="a"', "<rim:RegistryObjectList/></rim:RegistryPackage>"),
        (
            'rim:Association id="a" associationType="b" sourceObject="c" targetObject="d"',
            "</rim:Association>",
        ),
        (
            'rim:ObjectRef id="a" createReplica="1"',
            '<rim:Slot name="a"><rim:ValueList/></rim:Slot></rim:ObjectRef>',
        ),
        ('rim:ObjectRef id="a"', "<rim:Name/></rim:ObjectRef>"),
        ("rim:ObjectRefList", '<rim:ObjectRef id="a"/></rim:ObjectRefList>'),
        ('rim:AdhocQuery id="a"', '<rim:QueryExpression queryLanguage="b"/></rim:AdhocQuery>'),
        (
            'rim:QueryExpression queryLanguage="a"',
            "SELECT <other xmlns='urn:example'/></rim:QueryExpression>",
        ),
        ('rim:QueryExpression queryLanguage="a"', "<other/></rim:QueryExpression>"),
        ("rim:QueryExpression", "</rim:QueryExpression>"),
        ('rim:RegistryObject id="a"', "</rim:RegistryObject>"),
        ('rim:Identifiable id="a"', "</rim:Identifiable>"),
        ('rim:Identifiable id="a"', "<rim:Name/></rim:Identifiable>"),
        ("rim:RegistryObjectList", '<rim:ObjectRef id="a"/></rim:RegistryObjectList>'),
        ("rs:RequestSlotList", "</rs:RequestSlotList>"),
        ("rs:ResponseSlotList", '<rim:Slot name="a"><rim:ValueList/></rim:Slot></rs:ResponseSlotList>'),
        ('rs:RegistryErrorList highestSeverity="a"', "</rs:RegistryErrorList>"),
        ('rs:RegistryError errorCode="a" codeContext="b"', "text</rs:RegistryError>"),
        ('rs:RegistryResponse status="a"', "</rs:RegistryResponse>"),
        ("query:ResponseOption", "</query:ResponseOption>"),
        ('xds:Document id="a"', "QUJD</xds:Document>"),
        ("xds:Document", "QUJD</xds:Document>"),
        ("xds:HomeCommunityId", "a</xds:HomeCommunityId>"),
        ("xds:NewRepositoryUniqueId", "a</xds:NewRepositoryUniqueId>"),
        ("xds:NewDocumentUniqueId", "a</xds:NewDocumentUniqueId>"),
        ("xds:mimeType", "a</xds:mimeType>"),
        ("xds:Unheard", "</xds:Unheard>"),
    )
)


def mutants(root: etree._Element) -> Iterator[str]:
    """Change `root` in one way after the other; each name says what was changed."""
    return chain(
        dropped_elements(root),
        doubled_elements(root),
        swapped_neighbours(root),
        dropped_attributes(root),
        other_values(root),
        other_texts(root),
        added_attributes(root),
        added_elements(root),
    )


def _path(element: etree._Element) -> str:
    return element.getroottree().getpath(element)


def _first_of_each(root: etree._Element) -> list[etree._Element]:
    """Return the fullest element of each name below each parent name: what is true of one is true of all."""
    found: dict[tuple[str, str], etree._Element] = {}
    for element in root.iter("*"):
        parent = element.getparent()
        key = (element.tag, "" if parent is None else parent.tag)
        if key not in found or len(element) > len(found[key]):
            found[key] = element
    return list(found.values())


def dropped_elements(root: etree._Element) -> Iterator[str]:
    """Leave out each element."""
    for element in list(root.iterdescendants("*")):
        name, parent = _path(element), element.getparent()
        assert parent is not None
        index = parent.index(element)
        parent.remove(element)
        yield f"without {name}"
        parent.insert(index, element)


def doubled_elements(root: etree._Element) -> Iterator[str]:
    """Write each element twice."""
    for element in list(root.iterdescendants("*")):
        parent, copy = element.getparent(), deepcopy(element)
        assert parent is not None
        parent.insert(parent.index(element), copy)
        yield f"twice {_path(element)}"
        parent.remove(copy)


def swapped_neighbours(root: etree._Element) -> Iterator[str]:
    """Exchange each element with the next one of another name."""
    for element in list(root.iterdescendants("*")):
        follower, parent = element.getnext(), element.getparent()
        assert parent is not None
        if follower is not None and follower.tag != element.tag:
            name, index = _path(element), parent.index(element)
            parent.insert(index, follower)
            yield f"after its follower {name}"
            parent.insert(index, element)


def dropped_attributes(root: etree._Element) -> Iterator[str]:
    """Leave out each attribute."""
    for element in root.iter("*"):
        before = dict(element.attrib)
        for name, value in before.items():
            del element.attrib[name]
            yield f"without @{name} of {_path(element)}"
            element.set(name, value)


def other_values(root: etree._Element) -> Iterator[str]:
    """Give each attribute too long and ill-typed values."""
    for element in _first_of_each(root):
        for name, before in dict(element.attrib).items():
            for value in VALUES:
                element.set(name, value)
                yield f"@{name}={value[:20]!r} ({len(value)}) in {_path(element)}"
            element.set(name, before)


def other_texts(root: etree._Element) -> Iterator[str]:
    """Give each element, whether it holds text or not, other text."""
    for element in _first_of_each(root):
        before = element.text
        for value in VALUES:
            element.text = value
            yield f"text {value[:20]!r} ({len(value)}) in {_path(element)}"
        element.text = before


def added_attributes(root: etree._Element) -> Iterator[str]:
    """Add each attribute where it is not, and each type by xsi:type."""
    for element in _first_of_each(root):
        before = dict(element.attrib)
        for name in ATTRIBUTES:
            if name not in before:
                element.set(name, "1")
                yield f"with @{name} in {_path(element)}"
                del element.attrib[name]
        if "rim" in element.nsmap:
            for name in TYPES:
                element.set(XSI_TYPE, f"rim:{name}")
                yield f"as {name} {_path(element)}"
                del element.attrib[XSI_TYPE]


def added_elements(root: etree._Element) -> Iterator[str]:
    """Put an instance of each known element wherever the neighbours change."""
    for element in _first_of_each(root):
        tags = [None, *(child.tag for child in element), None]
        places = [i for i in range(len(element) + 1) if i in (0, len(element)) or tags[i] != tags[i + 1]]
        for place in places:
            for snippet in SNIPPETS:
                added = deepcopy(snippet)
                element.insert(place, added)
                yield f"{etree.tostring(snippet).decode()[:80]} as child {place} of {_path(element)}"
                element.remove(added)
