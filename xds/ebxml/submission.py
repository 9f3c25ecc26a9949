"""Submission ⇄ lcm:SubmitObjectsRequest, the body of ITI-42 and a part of ITI-41's (ITI TF-3 4.2.1.5)."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from xds.ebxml.association import decode_association, encode_association
from xds.ebxml.document_entry import decode_document_entry, encode_document_entry
from xds.ebxml.folder import decode_folder, encode_folder
from xds.ebxml.fragments import CLASSIFICATION, Findings, children
from xds.ebxml.submission_set import decode_submission_set, encode_submission_set
from xds.model import FOLDER_NODE, SUBMISSION_SET_NODE, Submission, XdsError
from xds.xml.namespaces import LCM, RIM

SUBMIT_OBJECTS_REQUEST: Final = f"{{{LCM}}}SubmitObjectsRequest"
REGISTRY_OBJECT_LIST: Final = f"{{{RIM}}}RegistryObjectList"
_EXTRINSIC_OBJECT = f"{{{RIM}}}ExtrinsicObject"
_REGISTRY_PACKAGE = f"{{{RIM}}}RegistryPackage"
_ASSOCIATION = f"{{{RIM}}}Association"
_OBJECT_REF = f"{{{RIM}}}ObjectRef"


def encode_objects(submission: Submission) -> Iterator[str]:
    """Encode every object of a submission, without the list around them."""
    for entry in submission.document_entries:
        yield encode_document_entry(entry)
    for submission_set in submission.submission_sets:
        yield encode_submission_set(submission_set)
    for folder in submission.folders:
        yield encode_folder(folder)
    for association in submission.associations:
        yield encode_association(association)


def encode_submission(submission: Submission) -> bytes:
    """Encode a lcm:SubmitObjectsRequest, UTF-8, namespaces declared."""
    return (
        f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"><rim:RegistryObjectList>'
        f"{''.join(encode_objects(submission))}</rim:RegistryObjectList></lcm:SubmitObjectsRequest>"
    ).encode()


def decode_submission(element: etree._Element) -> tuple[Submission, tuple[XdsError, ...]]:
    """Decode a lcm:SubmitObjectsRequest.

    Returns
    -------
    The submission as far as it can be read, and everything that is odd about its structure;
    `xds.rules.check_structure` says what of it counts. The other rules judge the rest.
    """
    findings = Findings()
    lists = element.findall(REGISTRY_OBJECT_LIST)
    if len(lists) != 1:
        findings.add(
            f"{len(lists)} RegistryObjectLists found",
            "SubmitObjectsRequest",
            "object-list",
        )
    if not lists:
        return Submission(), tuple(findings.errors)
    return decode_objects(lists[0], findings), tuple(findings.errors)


def decode_objects(registry_object_list: etree._Element, findings: Findings) -> Submission:
    """Decode the objects of a rim:RegistryObjectList, of a submission or of a query's answer."""
    nodes = _classification_nodes(registry_object_list, findings)
    sets, entries, folders, associations, refs = [], [], [], [], []
    for child in registry_object_list.iterchildren(tag=etree.Element):
        if child.tag == _EXTRINSIC_OBJECT:
            entries.append(decode_document_entry(child, findings))
        elif child.tag == _REGISTRY_PACKAGE:
            kinds = nodes.get(child.get("id", ""), set()) | _nodes_within(child)
            if SUBMISSION_SET_NODE in kinds:
                sets.append(decode_submission_set(child, findings))
            if FOLDER_NODE in kinds:
                folders.append(decode_folder(child, findings))
            if len(kinds & {SUBMISSION_SET_NODE, FOLDER_NODE}) != 1:
                findings.add(
                    "The RegistryPackage is classified as both SubmissionSet and Folder"
                    if {SUBMISSION_SET_NODE, FOLDER_NODE} <= kinds
                    else "The RegistryPackage is classified neither as SubmissionSet nor as Folder",
                    f"{child.get('id')} classificationNode",
                    "package-kind",
                )
        elif child.tag == _ASSOCIATION:
            associations.append(decode_association(child, findings))
        elif child.tag == _OBJECT_REF:
            refs.append(child.get("id", ""))
        elif child.tag != CLASSIFICATION:
            findings.add(
                f"{etree.QName(child).localname} is not an object of Document Sharing metadata",
                str(child.get("id", "")),
                "object-kind",
            )
    return Submission(
        submission_sets=tuple(sets),
        document_entries=tuple(entries),
        folders=tuple(folders),
        associations=tuple(associations),
        object_refs=tuple(refs),
    )


def _classification_nodes(registry_object_list: etree._Element, findings: Findings) -> dict[str, set[str]]:
    """The nodes of Classifications that stand beside their package: legal, and what most partners send."""
    nodes: dict[str, set[str]] = {}
    beside = children(registry_object_list, CLASSIFICATION)
    packages = (
        {item.get("id") for item in children(registry_object_list, _REGISTRY_PACKAGE)} if beside else ()
    )
    for child in beside:
        owner, node = child.get("classifiedObject", ""), child.get("classificationNode", "")
        if node not in (SUBMISSION_SET_NODE, FOLDER_NODE) or owner not in packages:
            what = "A Classification beside the objects labels no RegistryPackage"
            findings.add(what, f"{owner or 'RegistryObjectList'} Classification", "not-saved")
        nodes.setdefault(owner, set()).add(node)
    return nodes


def _nodes_within(package: etree._Element) -> set[str]:
    return {child.get("classificationNode", "") for child in package.iterfind(CLASSIFICATION)}
