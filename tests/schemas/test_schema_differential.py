"""Our schemas and the official ones give the same verdict, save for the differences named here.

The official files are their makers' and no part of this repository: where they are not at hand, these tests
are skipped and say so.
"""

import re
from pathlib import Path

import pytest
from lxml import etree

from .mutants import mutants
from .validators import ENVELOPES, LCM, MESSAGES, QUERY, RIM, RS, SCHEMAS, XDS, XS, XSI, parse

# Of HL7 V3 ours is the laxer one: test_hl7v3_schema.py compares the two.
VALID = sorted(
    path
    for path in MESSAGES.glob("*.xml")
    # The schema of RAD-69 that is about contradicts the messages: it has DocumentRequest in RAD's namespace.
    if path.name != "iti41-report-xop.xml" and not path.name.startswith(("iti44", "rad69"))
)
# Small requests that no sample file is worth.
OTHERS = {
    "remove objects": f"""<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}" xmlns:rs="{RS}" id="a"
        comment="b" deletionScope="c"><rs:RequestSlotList><rim:Slot name="a"><rim:ValueList/></rim:Slot>
        </rs:RequestSlotList><rim:AdhocQuery id="a"><rim:QueryExpression queryLanguage="b">x</rim:QueryExpression>
        </rim:AdhocQuery><rim:ObjectRefList><rim:ObjectRef id="urn:uuid:a"/></rim:ObjectRefList>
        </lcm:RemoveObjectsRequest>""",
    "registry request": f"""<rs:RegistryRequest xmlns:rs="{RS}"><rs:RequestSlotList/></rs:RegistryRequest>""",
    "paged query": f"""<query:AdhocQueryRequest xmlns:query="{QUERY}" xmlns:rim="{RIM}" startIndex="0"
        maxResults="10" federated="false" federation="urn:oid:2.999.8.1"><query:ResponseOption
        returnType="ObjectRef" returnComposedObjects="0"/><rim:AdhocQuery id="a" home="urn:oid:2.999.8.1"/>
        </query:AdhocQueryRequest>""",
    "paged answer": f"""<query:AdhocQueryResponse xmlns:query="{QUERY}" xmlns:rim="{RIM}" status="a"
        startIndex="10" totalResultCount="12"><rim:RegistryObjectList><rim:ObjectRef id="b" createReplica="false"/>
        <rim:Identifiable id="c"><rim:Slot name="d"><rim:ValueList/></rim:Slot><rim:Slot name="e"><rim:ValueList/>
        </rim:Slot></rim:Identifiable></rim:RegistryObjectList></query:AdhocQueryResponse>""",
    "package of objects": f"""<rim:RegistryPackage xmlns:rim="{RIM}" id="a"><rim:VersionInfo versionName="1"
        comment="b"/><rim:RegistryObjectList><rim:RegistryPackage id="c"/><rim:ExtrinsicObject id="d"
        isOpaque="true"><rim:ContentVersionInfo versionName="1.1"/></rim:ExtrinsicObject></rim:RegistryObjectList>
        </rim:RegistryPackage>""",
    "on-demand answer": f"""<xds:RetrieveDocumentSetResponse xmlns:xds="{XDS}" xmlns:rs="{RS}">
        <rs:RegistryResponse status="a" requestId="b"><rs:ResponseSlotList/></rs:RegistryResponse>
        <xds:DocumentResponse><xds:HomeCommunityId>urn:oid:2.999.8.1</xds:HomeCommunityId>
        <xds:RepositoryUniqueId>2.999.2.1</xds:RepositoryUniqueId><xds:DocumentUniqueId>2.999.4.1</xds:DocumentUniqueId>
        <xds:NewRepositoryUniqueId>2.999.2.1</xds:NewRepositoryUniqueId>
        <xds:NewDocumentUniqueId>2.999.4.2</xds:NewDocumentUniqueId><xds:mimeType>text/xml</xds:mimeType>
        <xds:Document>QUJD</xds:Document></xds:DocumentResponse></xds:RetrieveDocumentSetResponse>""",
}

# Deliberate difference 1: ebRIM and ebRS elements that no IHE transaction uses are not declared.
LEFT_OUT = {
    RIM: {
        *(
            "Action",
            "Address",
            "AuditableEvent",
            "ClassificationNode",
            "ClassificationScheme",
            "EmailAddress",
        ),
        *(
            "ExternalLink",
            "Federation",
            "Notification",
            "NotifyAction",
            "Organization",
            "Person",
            "PersonName",
        ),
        *("PostalAddress", "Registry", "Service", "ServiceBinding", "SpecificationLink", "Subscription"),
        *("TelephoneNumber", "UsageDescription", "UsageParameter", "User"),
    },
    RS: set[str](),
    LCM: {
        *(
            "AcceptObjectsRequest",
            "ApproveObjectsRequest",
            "DeprecateObjectsRequest",
            "RelocateObjectsRequest",
        ),
        *("UndeprecateObjectsRequest", "UpdateObjectsRequest"),
    },
    QUERY: {
        *(
            "AdhocQueryQuery",
            "AssociationQuery",
            "AuditableEventQuery",
            "BooleanFilter",
            "ClassificationNodeQuery",
        ),
        *("ClassificationQuery", "ClassificationSchemeQuery", "CompoundFilter", "DateTimeFilter"),
        *(
            "ExternalIdentifierQuery",
            "ExternalLinkQuery",
            "ExtrinsicObjectQuery",
            "FederationQuery",
            "Filter",
        ),
        *(
            "FloatFilter",
            "IntegerFilter",
            "NotificationQuery",
            "OrganizationQuery",
            "PersonQuery",
            "RegistryQuery",
        ),
        *("RegistryObjectQuery", "RegistryPackageQuery", "ServiceBindingQuery", "ServiceQuery"),
        *("SpecificationLinkQuery", "StringFilter", "SubscriptionQuery", "UserQuery"),
    },
    XDS: set[str](),
}
OFFICIAL_FILES = {
    RIM: "ebRS/rim.xsd",
    RS: "ebRS/rs.xsd",
    LCM: "ebRS/lcm.xsd",
    QUERY: "ebRS/query.xsd",
    XDS: "IHE/XDS.b_DocumentRepository.xsd",
}
OUR_FILES = {RIM: "rim.xsd", RS: "rs.xsd", LCM: "lcm.xsd", QUERY: "query.xsd", XDS: "xds.b.xsd"}
# The other deliberate differences: name, message, whether the official schema takes it, whether ours does.
DIFFERENCES = {
    "a list member of a class that IHE does not use": (
        f'<rim:RegistryObjectList xmlns:rim="{RIM}"><rim:ExternalLink id="a" externalURI="b"/>'
        "</rim:RegistryObjectList>",
        *(True, False),
    ),
    "an object written as Identifiable with an xsi:type: receivers look for elements by name": (
        f'<rim:Identifiable xmlns:rim="{RIM}" xmlns:xsi="{XSI}" id="a" xsi:type="rim:ExtrinsicObjectType"/>',
        *(True, False),
    ),
    "a broken filter query in a QueryExpression, which is not for us to judge": (
        f'<rim:QueryExpression xmlns:rim="{RIM}" queryLanguage="a"><query:CompoundFilter xmlns:query="{QUERY}"/>'
        "</rim:QueryExpression>",
        *(False, True),
    ),
}
# How a mutant of the second of these is named.
IDENTIFIABLE_BY_TYPE = re.compile(r"as \w+ .*/rim:Identifiable")


def disagreements(root: etree._Element, ours: etree.XMLSchema, official: etree.XMLSchema) -> list[str]:
    """Return the mutants of a message on which the two differ; there must be valid and invalid ones."""
    verdicts, found = [], []
    for name in mutants(root):
        if IDENTIFIABLE_BY_TYPE.fullmatch(name):
            continue
        verdicts.append(ours.validate(root))
        if verdicts[-1] != official.validate(root):
            found.append(f"{'taken' if verdicts[-1] else 'refused'} by us only: {name}")
    assert len(verdicts) > 100
    assert {True, False} <= set(verdicts)
    return found


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_samples_and_their_mutants(path: Path, ours: etree.XMLSchema, official: etree.XMLSchema) -> None:
    root = parse(path)
    official.assertValid(root)
    assert disagreements(root, ours, official) == []


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_other_requests_and_their_mutants(
    text: str, ours: etree.XMLSchema, official: etree.XMLSchema
) -> None:
    root = etree.fromstring(text, etree.XMLParser(remove_blank_text=True))
    official.assertValid(root)
    assert disagreements(root, ours, official) == []


@pytest.mark.parametrize("path", sorted(ENVELOPES.glob("*.xml")), ids=lambda path: path.stem)
def test_envelopes_and_their_mutants(path: Path, ours: etree.XMLSchema, official: etree.XMLSchema) -> None:
    root = parse(path)
    official.assertValid(root)
    assert disagreements(root, ours, official) == []


@pytest.mark.parametrize("namespace", OUR_FILES)
def test_elements_left_out(namespace: str, reference: Path) -> None:
    def elements(path: Path) -> set[str | None]:
        return {element.get("name") for element in parse(path).findall(XS + "element")}

    official = elements(reference / "schema" / OFFICIAL_FILES[namespace])
    assert official - elements(SCHEMAS / OUR_FILES[namespace]) == LEFT_OUT[namespace]
    assert elements(SCHEMAS / OUR_FILES[namespace]) <= official


@pytest.mark.parametrize(("text", "by_official", "by_us"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_deliberate_differences(
    text: str, by_official: bool, by_us: bool, ours: etree.XMLSchema, official: etree.XMLSchema
) -> None:
    root = etree.fromstring(text)
    assert (official.validate(root), ours.validate(root)) == (by_official, by_us)


def test_deliberate_difference_xop_include(
    ours: etree.XMLSchema, wire: etree.XMLSchema, official: etree.XMLSchema
) -> None:
    """The official schema and xds.b.xsd speak of the message before XOP, xds.b-wire.xsd of what XOP made of it."""
    root = parse(MESSAGES / "iti41-report-xop.xml")
    assert (official.validate(root), ours.validate(root), wire.validate(root)) == (False, False, True)
