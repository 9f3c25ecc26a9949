"""What decoders find, and which of it counts: the valid message with one thing changed in its XML."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.samples.builders import (
    code,
    document_entry,
    facts,
    find_documents,
    foldered,
    original,
    relating,
    submission,
)
from xds.ebxml import decode_adhoc_query, decode_submission, encode_adhoc_query, encode_submission
from xds.ebxml.text import escape
from xds.model import AssociationType, Submission
from xds.rules import REGISTRATION, STRUCTURE, CodeSet, RulePolicy, check, check_query, check_structure
from xds.xml import parse

FIELD, STRICT = RulePolicy(), RulePolicy(strictness="strict")
EBXML = Path(__file__).parents[2] / "xds" / "ebxml"
AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
FOLDER_NODE = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDERED = foldered()
DOCUMENTED = relating(AssociationType.APND, documentation=code("WHY", "2.999.9.1"), entry_uuid="link")


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """One row: the first match of a pattern replaced."""

    rule: str
    old: str
    new: str
    location: str
    says: str
    sample: Submission = FOLDERED
    alone: bool = True  # no other rule finds anything


def slot(name: str, *values: str) -> str:
    inner = "".join(f"<rim:Value>{value}</rim:Value>" for value in values)
    return f'<rim:Slot name="{name}"><rim:ValueList>{inner}</rim:ValueList></rim:Slot>'


def classification(scheme: str) -> str:
    return rf'<rim:Classification classificationScheme="{scheme}"(?:(?!</rim:Classification>).)*</rim:Classification>'


TWICE = r"\g<0>\g<0>"
BROKEN = [
    Wrong(rule="structure-object-list", old="</rim:RegistryObjectList>", new=r"\g<0><rim:RegistryObjectList/>",
          location="SubmitObjectsRequest", says="2 RegistryObjectLists found"),
    Wrong(rule="structure-object-kind", old="<rim:ExtrinsicObject", new=r'<rim:Service id="s"/>\g<0>',
          location="s", says="Service is not an object of Document Sharing metadata"),
    Wrong(rule="structure-object-id", old="</rim:RegistryObjectList>", new=r'<rim:ExtrinsicObject/>\g<0>',
          alone=False, location="ExtrinsicObject", says="id is missing on a ExtrinsicObject"),
    Wrong(rule="structure-package-kind", old=f'classificationNode="{FOLDER_NODE}"',
          new='classificationNode="urn:uuid:0"', alone=False, location="Folder01 classificationNode",
          says="The RegistryPackage is classified neither as SubmissionSet nor as Folder"),
    Wrong(rule="structure-package-kind", old=rf'<rim:Classification classificationNode="{SET_NODE}"[^>]*>', alone=False,
          new=rf'\g<0><rim:Classification classificationNode="{FOLDER_NODE}" id="x"'
          ' classifiedObject="SubmissionSet01"/>',
          location="SubmissionSet01 classificationNode",
          says="The RegistryPackage is classified as both SubmissionSet and Folder"),
    Wrong(rule="structure-slot-twice", old=r'<rim:Slot name="size">.*?</rim:Slot>', new=TWICE,
          location="Document01 size", says="Slot size is there twice"),
    Wrong(rule="structure-slot-twice", old=r'<rim:Slot name="authorRole">.*?</rim:Slot>', new=TWICE,
          location="Document01 author", says="Slot authorRole is there twice"),
    Wrong(rule="structure-slot-twice", old=r'<rim:Slot name="SubmissionSetStatus">.*?</rim:Slot>',
          new=r'\g<0><rim:Slot name="urn:a:b"/><rim:Slot name="urn:a:b"/>',
          location="has_member-missionSet01-Document01", says="A Slot of the Association is there twice"),
    Wrong(rule="structure-slot-values", old="<rim:Value>1280</rim:Value>", new=TWICE,
          location="Document01 size", says="2 values found, one is allowed"),
    Wrong(rule="structure-slot-values", old="<rim:Value>Original</rim:Value>", new=TWICE,
          location="has_member-missionSet01-Document01 SubmissionSetStatus", says="2 values found"),
    Wrong(rule="structure-slot-name", old='<rim:Slot name="size">', new=r'<rim:Slot name=""/>\g<0>',
          alone=False, location="Document01", says="A Slot has no name"),
    Wrong(rule="structure-slot-empty", old="<rim:Value>20240311142000</rim:Value>", new="",
          location="Document01 serviceStopTime", says="The Slot has no value"),
    Wrong(rule="structure-slot-empty", old=r'(<rim:Slot name="sourcePatientInfo"><rim:ValueList>).*?</rim:ValueList>',
          new=r"\1</rim:ValueList>", location="Document01 sourcePatientInfo", says="The Slot has no value"),
    Wrong(rule="structure-code-twice", old=classification(CLASS_CODE), new=TWICE,
          location="Document01 classCode", says="The code is there twice"),
    Wrong(rule="structure-code-twice", old=classification("urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"), new=TWICE,
          sample=DOCUMENTED, location="link documentation", says="The code is there twice"),
    Wrong(rule="structure-identifier-twice",
          old=r'<rim:ExternalIdentifier id="Document01.11".*?</rim:ExternalIdentifier>',
          new=TWICE, location="Document01 patientId", says="The identifier is there twice"),
    Wrong(rule="structure-code-value", old='nodeRepresentation="REPORTS"', new='nodeRepresentation=""',
          location="Document01 classCode", says="nodeRepresentation is missing or empty"),
    Wrong(rule="structure-coding-scheme", old="<rim:Value>1.3.6.1.4.1.19376.1.2.6.1</rim:Value>", new=TWICE,
          location="Document01 classCode", says="Slot codingScheme has 2 values"),
    Wrong(rule="structure-coding-scheme", old=slot("codingScheme", "1.3.6.1.4.1.19376.1.2.6.1"), new="",
          location="Document01 classCode", says="Slot codingScheme has 0 values"),
    Wrong(rule="structure-code-display", old=r'<rim:Name><rim:LocalizedString value="Reports"/></rim:Name>', new="",
          location="Document01 classCode", says="Name is missing or empty"),
    Wrong(rule="structure-author-person", old=r'(<rim:Slot name="authorPerson"><rim:ValueList>)(.*?)(</rim:ValueList>)',
          new=r"\1\2\2\3", location="Document01 author", says="authorPerson has 2 values"),
    Wrong(rule="structure-author-node", old='id="Document01.1" nodeRepresentation=""', new='id="Document01.1"',
          location="Document01 author", says="nodeRepresentation is missing"),
    Wrong(rule="structure-author-node", old='nodeRepresentation=""', new='nodeRepresentation="Tremblay"',
          location="Document01 author", says="nodeRepresentation has a value"),
    Wrong(rule="structure-identifier-name", old="XDSDocumentEntry.uniqueId", new="uniqueId",
          location="Document01 uniqueId", says="Name is 'uniqueId', 'XDSDocumentEntry.uniqueId' is prescribed"),
    Wrong(rule="structure-identifier-name",
          old=r'<rim:Name><rim:LocalizedString value="XDSFolder.patientId"/></rim:Name>',
          new="", location="Folder01 patientId", says="Name is missing, 'XDSFolder.patientId' is prescribed"),
    Wrong(rule="structure-child-reference", old='classifiedObject="Document01"', new='classifiedObject="Folder01"',
          location="Document01 author", says="classifiedObject is 'Folder01', but it stands in 'Document01'"),
    Wrong(rule="structure-child-reference", old='registryObject="Document01"', new='registryObject="Folder01"',
          location="Document01 uniqueId", says="registryObject is 'Folder01', but it stands in 'Document01'"),
    Wrong(rule="structure-child-reference-missing", old=' registryObject="Document01"', new="",
          location="Document01 uniqueId", says="registryObject is missing"),
    Wrong(rule="structure-child-id", old=' id="Document01.2"', new="",
          location="Document01 classCode", says="id is missing"),
    Wrong(rule="structure-child-id", old=' id="has_member-missionSet01-Document01"', new="",
          location="Association SubmissionSet01 → Document01", says="id is missing on an Association"),
    Wrong(rule="structure-child-type", old='RegistryObject:ExternalIdentifier"', new='ExternalIdentifier"',
          location="Document01 uniqueId", says="objectType is 'urn:oasis:names:tc:ebxml-regrep:ObjectType:Ext"),
    Wrong(rule="structure-version", old='(<rim:RegistryPackage id="Folder01".*?</rim:Description>)',
          new=r'\1<rim:VersionInfo versionName="one"/>', location="Folder01 version",
          says="versionName 'one' is not a whole number"),
    Wrong(rule="structure-version", old='(<rim:RegistryPackage id="Folder01".*?</rim:Description>)',
          new=rf'\1<rim:VersionInfo versionName="{"9" * 5000}"/>', location="Folder01 version",
          says="versionName '9"),
    Wrong(rule="structure-association", old='targetObject="Document01"', new="", alone=False,
          location="has_member-missionSet01-Document01 targetObject", says="targetObject is missing"),
    Wrong(rule="structure-association-urn", old="urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember",
          new="HasMember", location="has_member-missionSet01-Document01 associationType",
          says="'HasMember' is the name of urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember in ebRS 2.1"),
    Wrong(rule="structure-not-saved", old="</rim:RegistryObjectList>",
          new=r'<rim:Classification classificationScheme="urn:uuid:1" classifiedObject="Document01" id="c"/>\g<0>',
          location="Document01 Classification", says="A Classification beside the objects labels no"),
    Wrong(rule="structure-not-saved", old=r'<rim:Name><rim:LocalizedString value="XDSFolder.uniqueId"/>',
          new=slot("urn:oid:2.999.8.1:more", "1") + r"\g<0>", location="Folder01 uniqueId",
          says="A Slot stands in an ExternalIdentifier of the standard"),
]  # fmt: skip


def decoded(wrong: Wrong, policy: RulePolicy) -> list[tuple[str, str, str, bool]]:
    message = encode_submission(wrong.sample).decode()
    changed, count = re.subn(wrong.old, wrong.new, message, count=1, flags=re.DOTALL)
    assert count == 1, "the sample does not hold what is to be changed"
    submission_, found = decode_submission(parse(changed.encode()))
    findings = check_structure(found, policy)
    if wrong.alone:
        findings += check(REGISTRATION, submission_, facts(), policy)
    return [(item.rule, item.location, item.context, item.is_error) for item in findings]


@pytest.mark.parametrize("wrong", BROKEN, ids=lambda wrong: wrong.rule)
def test_rule(wrong: Wrong) -> None:
    """Nothing but the rule finds it, with its remedy; in `field` what does no harm is taken."""
    (rule,) = [item for item in STRUCTURE if item.id == wrong.rule]
    ((found, location, context, is_error),) = decoded(wrong, STRICT)
    assert (found, location) == (rule.id, wrong.location)
    assert context.startswith(wrong.says)
    assert context.endswith(f". {rule.remedy}")
    assert is_error == (rule.default_level == "error")
    assert [item[0] for item in decoded(wrong, FIELD)] == ([] if rule.strict_only else [rule.id])


def test_every_rule_is_shown_by_a_test() -> None:
    assert {rule.id for rule in STRUCTURE} == {wrong.rule for wrong in BROKEN}


BROKEN_QUERIES = [
    ("18-notation", "('urn:a'", "", "$XDSDocumentEntryStatus: \"('urn:a'\" opens a parenthesis"),
    ("18-notation", "'a' 'b'", "", "$XDSDocumentEntryStatus: "),
    ("18-adhoc-query", "", "AdhocQuery", "AdhocQuery is missing"),
]


@pytest.mark.parametrize(("rule", "value", "dropped", "says"), BROKEN_QUERIES)
def test_a_query_that_cannot_be_read(rule: str, value: str, dropped: str, says: str) -> None:
    message = encode_adhoc_query(find_documents()).decode()
    message = re.sub(rf"<rim:{dropped}.*</rim:{dropped}>", "", message) if dropped else message
    message = message.replace("('urn:oasis:names:tc:ebxml-regrep:StatusType:Approved')", escape(value))
    query, found = decode_adhoc_query(parse(message.encode()))
    findings = [item for item in check_query(query, FIELD, decoded=found) if item.rule != "18-required"]
    assert [item.rule for item in findings] == [rule]
    assert findings[0].context.startswith(says)


def test_decoders_find_nothing_without_a_rule() -> None:
    """An id in a decoder that no rule bears would silence its finding."""
    used = set()
    for path in EBXML.glob("*.py"):
        text = path.read_text("utf-8")
        for call in re.findall(r"findings\.add\((.*?)\)\n", text, flags=re.DOTALL):
            used.add(re.findall(r'"([a-z-]+)",?\s*$', call.strip())[-1])
    assert {f"structure-{name}" for name in used} == {rule.id for rule in STRUCTURE}


@pytest.mark.parametrize(
    "valid",
    [foldered(), submission(document_entry(1), document_entry(2)), DOCUMENTED],
    ids=["folder", "two", "documented"],
)
def test_what_is_right_is_not_found(valid: Submission) -> None:
    sent, found = decode_submission(parse(encode_submission(valid)))
    assert found == ()
    assert [item.entry_uuid for item in sent.associations] == [item.entry_uuid for item in valid.associations]


def test_a_code_that_is_missing_is_not_missed_in_the_domain_s_list_too() -> None:
    (wrong,) = [item for item in BROKEN if item.rule == "structure-code-value"]
    domain = RulePolicy(codes=CodeSet(codes={"classCode": frozenset({("OTHER", "2.999.9.9")})}))
    assert [rule for rule, *_ in decoded(wrong, domain)] == ["structure-code-value"]


def test_a_level_counts_for_what_decoders_find() -> None:
    (wrong,) = [item for item in BROKEN if item.rule == "structure-code-display"]
    lowered = RulePolicy(levels={"structure-code-display": "warning"})
    assert [(rule, is_error) for rule, _, _, is_error in decoded(wrong, lowered)] == [
        ("structure-code-display", False)
    ]
    assert decoded(wrong, RulePolicy(levels={"structure-code-display": "off"})) == []
    assert original("Document01") in submission().associations
