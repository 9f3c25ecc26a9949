"""Each parameter of each stored query, one row at least, on a small registry whose objects have names."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.registry.world import Registry, World, fresh_oid, fresh_patient, ids_of
from tests.samples import builders
from xds.client import build_query
from xds.model import (
    ON_DEMAND,
    AssociationType,
    AvailabilityStatus,
    DocumentAvailability,
    ResponseStatus,
    ReturnType,
    StoredQuery,
    new_uuid_urn,
)
from xds.registry.selections import SINGLE_PATIENT
from xds.rules import PARAMETERS, query_name

DEPRECATED = AvailabilityStatus.DEPRECATED
CT, MR = builders.code("CT", "2.999.9.1"), builders.code("MR", "2.999.9.1")
OTHER_CT = builders.code("CT", "2.999.9.2")
BOTH = ["Approved", "Deprecated"]
Q = StoredQuery


@dataclass(frozen=True, slots=True)
class Named:
    """A world and the names of its objects."""

    world: World
    ids: dict[str, str]

    def value(self, text: str) -> str:
        """``@first`` is the entryUUID of the object `first`, ``#first`` its uniqueId, ``~1`` a patient."""
        kind, name = text[:1], text[1:]
        if kind == "@":
            return self.ids[name]
        if kind == "#":
            (item,) = [item for item in self.world.objects if item.entry_uuid == self.ids[name]]
            return item.unique_id or ""
        return self.world.patients[int(name)] if kind == "~" else text

    def names(self, ids: list[str]) -> str:
        """The names of ids, sorted; an id that is nobody's stays as it is."""
        by_id = {value: name for name, value in self.ids.items()}
        return " ".join(sorted(by_id.get(item, item) for item in ids))


@pytest.fixture(scope="module")
def content(registry: Registry) -> Named:
    """Two patients. The second has one entry, one Folder and a SubmissionSet that holds the first one's `first`."""
    world = World(patients=[fresh_patient(), fresh_patient()])
    one, two = world.patients
    ids: dict[str, str] = {}

    def entry(name: str, patient_id: str = one, **changes: Any) -> str:
        ids[name] = world.add_entry(patient_id, **changes).entry_uuid
        return ids[name]

    plain: dict[str, Any] = {
        "class_code": MR, "type_code": MR, "format_code": MR, "practice_setting_code": MR,
        "healthcare_facility_type_code": MR, "event_codes": (MR,), "confidentiality_codes": (MR,),
        "creation_time": "2023", "service_start_time": "2023", "service_stop_time": "2023",
        "authors": (builders.author(person="Singh"),), "reference_ids": ("R_2",),
    }  # fmt: skip
    first = plain | {
        "class_code": CT, "type_code": CT, "format_code": CT, "practice_setting_code": CT,
        "healthcare_facility_type_code": CT, "event_codes": (CT, MR), "confidentiality_codes": (CT, MR),
        "creation_time": "20240310", "service_start_time": "20240310", "service_stop_time": "20240310",
        "authors": (builders.author(person="9^O'Hara_X"),), "reference_ids": ("R_1", "R_2"),
    }  # fmt: skip
    entry("first", **first)
    entry("second", **plain)
    entry("replaced", **plain, availability_status=DEPRECATED)
    entry("offline", **plain, document_availability=DocumentAvailability.OFFLINE)
    entry("on_demand", **plain | {"creation_time": None}, object_type=ON_DEMAND)
    entry("version1", **plain, availability_status=DEPRECATED)
    old = world.entries[-1]
    versions = {"logical_id": old.entry_uuid, "version": 2, "unique_id": old.unique_id}
    entry("version2", **plain, **versions)
    entry("others", two, **plain | {"event_codes": (OTHER_CT,)})
    for name, patient_id, changes in (
        ("f_first", one, {"codes": (CT, MR), "last_update_time": "20240310000000"}),
        ("f_second", one, {"codes": (MR,), "last_update_time": "20230101000000"}),
        ("f_gone", one, {"codes": (MR,), "availability_status": DEPRECATED}),
        ("f_others", two, {"codes": (OTHER_CT,)}),
    ):
        ids[name] = world.add_folder(patient_id, **changes).entry_uuid
    for name, patient_id, changes in (
        ("s_first", one, {"source_id": "2.999.3.1", "submission_time": "20240310", "content_type_code": CT,
                          "authors": (builders.author(person="9^O'Hara_X"),)}),
        ("s_second", one, {"source_id": "2.999.3.2", "submission_time": "2023", "content_type_code": MR,
                           "authors": (builders.author(person="Singh"),)}),
        ("s_old", one, {"availability_status": DEPRECATED}),
        ("s_others", two, {}),
    ):  # fmt: skip
        ids[name] = world.add_submission_set(patient_id, **changes).entry_uuid
    has_member, rplc, apnd = AssociationType.HAS_MEMBER, AssociationType.RPLC, AssociationType.APND
    for name, source, target, kind, changes in (
        ("s_first>first", "s_first", "first", has_member, {}),
        ("s_first>second", "s_first", "second", has_member, {}),
        ("s_first>on_demand", "s_first", "on_demand", has_member, {}),
        ("s_first>f_first", "s_first", "f_first", has_member, {}),
        ("f_first>first", "f_first", "first", has_member, {}),
        ("f_first>second", "f_first", "second", has_member, {}),
        ("f_first>on_demand", "f_first", "on_demand", has_member, {}),
        ("f_first>version1", "f_first", "version1", has_member, {"availability_status": DEPRECATED}),
        ("f_second>first", "f_second", "first", has_member, {"availability_status": DEPRECATED}),
        ("f_gone>first", "f_gone", "first", has_member, {}),
        ("s_first>f_first>first", "s_first", "f_first>first", has_member, {}),
        ("second>replaced", "second", "replaced", rplc, {}),
        ("on_demand>second", "on_demand", "second", apnd, {}),
        ("first>second", "first", "second", apnd, {"availability_status": DEPRECATED}),
        ("s_others>first", "s_others", "first", has_member, {}),
    ):
        ids[name] = world.link(ids[source], ids[target], kind, **changes).entry_uuid
    registry.hold(world)
    return Named(world, ids)


FIND = {"$XDSDocumentEntryPatientId": "~0", "$XDSDocumentEntryStatus": "Approved"}
SETS = {"$XDSSubmissionSetPatientId": "~0", "$XDSSubmissionSetStatus": "Approved"}
FOLDERS = {"$XDSFolderPatientId": "~0", "$XDSFolderStatus": "Approved"}
BY_REFERENCE = FIND | {"$XDSDocumentEntryReferenceIdList": "R%"}
ALL = {
    "$patientId": "~0",
    "$XDSDocumentEntryStatus": "Approved",
    "$XDSSubmissionSetStatus": "Approved",
    "$XDSFolderStatus": "Approved",
}
RELATED = {"$XDSDocumentEntryEntryUUID": "@second", "$AssociationTypes": ["RPLC", "APND"]}
EITHER_CT = [["CT^^2.999.9.1", "MR^^2.999.9.1"]]
BOTH_CT = [["CT^^2.999.9.1"], ["MR^^2.999.9.1"]]
DE = "$XDSDocumentEntry"
ALL_OF_IT = (
    "f_first f_first>first f_first>on_demand f_first>second f_gone>first f_second first on_demand>second s_first"
    " s_first>f_first s_first>f_first>first s_first>first s_first>on_demand s_first>second s_others>first s_second"
    " second second>replaced version2"
)


def _find_rows(
    query: StoredQuery, base: dict[str, Any]
) -> list[tuple[StoredQuery, str, dict[str, Any], str]]:
    """What FindDocuments and its kin have in common; `first` is CT of 2024, everything else MR of 2023."""
    rows: list[tuple[StoredQuery, str, dict[str, Any], str]] = [
        (query, f"{DE}PatientId", base, "first second version2"),
        (query, f"{DE}PatientId", base | {f"{DE}PatientId": "~1"}, "others"),
        (query, f"{DE}Status", base | {f"{DE}Status": "Deprecated"}, "replaced"),
        (query, f"{DE}Status", base | {f"{DE}Status": BOTH}, "first replaced second version2"),
        (query, f"{DE}Type", base | {f"{DE}Type": "on-demand"}, "on_demand"),
        (
            query,
            f"{DE}Type",
            base | {f"{DE}Type": ["stable", "on-demand"]},
            "first on_demand second version2",
        ),
        (query, f"{DE}AuthorPerson", base | {f"{DE}AuthorPerson": "%O'Hara_X"}, "first"),
        (query, f"{DE}AuthorPerson", base | {f"{DE}AuthorPerson": ["9^%", "Sing_"]}, "first second version2"),
        (query, f"{DE}AuthorPerson", base | {f"{DE}AuthorPerson": "9^O'Hara\\_X"}, ""),
        (query, f"{DE}EventCodeList", base | {f"{DE}EventCodeList": EITHER_CT}, "first second version2"),
        (query, f"{DE}EventCodeList", base | {f"{DE}EventCodeList": BOTH_CT}, "first"),
        (query, f"{DE}EventCodeList", base | {f"{DE}EventCodeList": "CT^^2.999.9.2"}, ""),
        (
            query,
            f"{DE}ConfidentialityCode",
            base | {f"{DE}ConfidentialityCode": EITHER_CT},
            "first second version2",
        ),
        (query, f"{DE}ConfidentialityCode", base | {f"{DE}ConfidentialityCode": BOTH_CT}, "first"),
        (query, "$MetadataLevel", base | {"$MetadataLevel": "1"}, "first second version2"),
        (query, "$MetadataLevel", base | {"$MetadataLevel": "2"}, "first offline second version2"),
        (
            query,
            "$MetadataLevel",
            base | {"$MetadataLevel": "2", f"{DE}Status": "Deprecated"},
            "replaced version1",
        ),
        (query, f"{DE}DocumentAvailability", base | {f"{DE}DocumentAvailability": "offline"}, ""),
        (
            query,
            f"{DE}DocumentAvailability",
            base | {f"{DE}DocumentAvailability": "offline", "$MetadataLevel": "2"},
            "offline",
        ),
        (
            query,
            f"{DE}DocumentAvailability",
            base | {f"{DE}DocumentAvailability": "online", "$MetadataLevel": "2"},
            "first second version2",
        ),
        (
            query,
            f"{DE}DocumentAvailability",
            base | {f"{DE}DocumentAvailability": ["online", "offline"], "$MetadataLevel": "2"},
            "first offline second version2",
        ),
    ]
    for attribute in ("Class", "Type", "Format", "PracticeSetting", "HealthcareFacilityType"):
        name = f"{DE}{attribute}Code"
        rows += [
            (query, name, base | {name: "CT^^2.999.9.1"}, "first"),
            (query, name, base | {name: ["CT^^2.999.9.1", "MR^^2.999.9.1"]}, "first second version2"),
            (query, name, base | {name: "CT^^2.999.9.2"}, ""),
        ]
    for attribute in ("CreationTime", "ServiceStartTime", "ServiceStopTime"):
        start, stop = f"{DE}{attribute}From", f"{DE}{attribute}To"
        rows += [
            (query, start, base | {start: "20240310000000"}, "first"),
            (query, start, base | {start: "20240310000001"}, ""),
            (query, stop, base | {stop: "20240310"}, "second version2"),
            (query, stop, base | {stop: "2024031000"}, "second version2"),
            (query, stop, base | {stop: "202403100001"}, "first second version2"),
        ]
    return rows


ROWS: list[tuple[StoredQuery, str, dict[str, Any], str]] = [
    *_find_rows(Q.FIND_DOCUMENTS, FIND),
    *_find_rows(Q.FIND_DOCUMENTS_BY_REFERENCE_ID, BY_REFERENCE),
    *_find_rows(Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, FIND),
    (Q.FIND_DOCUMENTS, f"{DE}CreationTimeFrom",
     FIND | {f"{DE}CreationTimeFrom": "2099", f"{DE}Type": "on-demand"}, "on_demand"),
    (Q.FIND_DOCUMENTS_BY_REFERENCE_ID, f"{DE}ReferenceIdList", BY_REFERENCE | {f"{DE}ReferenceIdList": "R_1"}, "first"),
    (Q.FIND_DOCUMENTS_BY_REFERENCE_ID, f"{DE}ReferenceIdList",
     BY_REFERENCE | {f"{DE}ReferenceIdList": [["R_1", "R_2"]]}, "first second version2"),
    (Q.FIND_DOCUMENTS_BY_REFERENCE_ID, f"{DE}ReferenceIdList",
     BY_REFERENCE | {f"{DE}ReferenceIdList": [["R_1"], ["R_2"]]}, "first"),
    (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, f"{DE}PatientId",
     FIND | {f"{DE}PatientId": ["~0", "~1"]}, "first others second version2"),
    (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, f"{DE}EventCodeList",
     {f"{DE}Status": "Approved", f"{DE}EventCodeList": "CT^^2.999.9.2"}, "others"),
    (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, f"{DE}ClassCode",
     {f"{DE}Status": "Approved", f"{DE}ClassCode": "CT^^2.999.9.1"}, "first"),
    (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, f"{DE}HealthcareFacilityTypeCode",
     {f"{DE}Status": BOTH, f"{DE}HealthcareFacilityTypeCode": "MR^^2.999.9.1"}, "others replaced second version2"),
    # FindSubmissionSets
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetPatientId", SETS, "s_first s_second"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetPatientId", SETS | {"$XDSSubmissionSetPatientId": "~1"}, "s_others"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetStatus", SETS | {"$XDSSubmissionSetStatus": "Deprecated"}, "s_old"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetSourceId", SETS | {"$XDSSubmissionSetSourceId": "2.999.3.1"}, "s_first"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetSourceId",
     SETS | {"$XDSSubmissionSetSourceId": ["2.999.3.1", "2.999.3.2"]}, "s_first s_second"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetSubmissionTimeFrom",
     SETS | {"$XDSSubmissionSetSubmissionTimeFrom": "20240310"}, "s_first"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetSubmissionTimeTo",
     SETS | {"$XDSSubmissionSetSubmissionTimeTo": "20240310"}, "s_second"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetAuthorPerson",
     SETS | {"$XDSSubmissionSetAuthorPerson": "%O'Hara_X"}, "s_first"),
    (Q.FIND_SUBMISSION_SETS, "$XDSSubmissionSetContentType",
     SETS | {"$XDSSubmissionSetContentType": ["CT^^2.999.9.1", "XX^^1"]}, "s_first"),
    # FindFolders
    (Q.FIND_FOLDERS, "$XDSFolderPatientId", FOLDERS, "f_first f_second"),
    (Q.FIND_FOLDERS, "$XDSFolderStatus", FOLDERS | {"$XDSFolderStatus": "Deprecated"}, ""),
    (Q.FIND_FOLDERS, "$XDSFolderStatus",
     FOLDERS | {"$XDSFolderStatus": "Deprecated", "$MetadataLevel": "2"}, "f_gone"),
    (Q.FIND_FOLDERS, "$MetadataLevel",
     FOLDERS | {"$XDSFolderStatus": BOTH, "$MetadataLevel": "2"}, "f_first f_gone f_second"),
    (Q.FIND_FOLDERS, "$XDSFolderLastUpdateTimeFrom", FOLDERS | {"$XDSFolderLastUpdateTimeFrom": "20240310"}, "f_first"),
    (Q.FIND_FOLDERS, "$XDSFolderLastUpdateTimeTo", FOLDERS | {"$XDSFolderLastUpdateTimeTo": "20240310"}, "f_second"),
    (Q.FIND_FOLDERS, "$XDSFolderCodeList", FOLDERS | {"$XDSFolderCodeList": EITHER_CT}, "f_first f_second"),
    (Q.FIND_FOLDERS, "$XDSFolderCodeList", FOLDERS | {"$XDSFolderCodeList": BOTH_CT}, "f_first"),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$XDSFolderPatientId",
     FOLDERS | {"$XDSFolderPatientId": ["~0", "~1"]}, "f_first f_others f_second"),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$XDSFolderCodeList",
     {"$XDSFolderStatus": "Approved", "$XDSFolderCodeList": [["CT^^2.999.9.1", "CT^^2.999.9.2"]]}, "f_first f_others"),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$XDSFolderStatus", FOLDERS | {"$XDSFolderStatus": "Deprecated"}, ""),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$MetadataLevel",
     FOLDERS | {"$XDSFolderStatus": "Deprecated", "$MetadataLevel": "2"}, "f_gone"),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$XDSFolderLastUpdateTimeFrom",
     FOLDERS | {"$XDSFolderLastUpdateTimeFrom": "2024"}, "f_first"),
    (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, "$XDSFolderLastUpdateTimeTo",
     FOLDERS | {"$XDSFolderLastUpdateTimeTo": "2024"}, "f_second"),
    # GetAll
    (Q.GET_ALL, "$patientId", ALL, ALL_OF_IT),
    (Q.GET_ALL, "$XDSDocumentEntryStatus", ALL | {f"{DE}Status": "Deprecated", "$XDSSubmissionSetStatus": "Deprecated"},
     "f_first f_first>first f_first>on_demand f_first>second f_second replaced s_first>f_first s_old second>replaced"),
    (Q.GET_ALL, "$XDSSubmissionSetStatus", ALL | {"$XDSSubmissionSetStatus": BOTH},
     " ".join(sorted([*ALL_OF_IT.split(), "s_old"]))),
    (Q.GET_ALL, "$XDSFolderStatus", ALL | {"$XDSFolderStatus": "Deprecated"},
     " ".join(sorted(set(ALL_OF_IT.split()) - {"f_first", "f_second", "f_first>on_demand"}))),
    (Q.GET_ALL, f"{DE}FormatCode", ALL | {f"{DE}FormatCode": "CT^^2.999.9.1"},
     " ".join(sorted(set(ALL_OF_IT.split())
                     - {"second", "version2", "second>replaced", "on_demand>second"}))),
    (Q.GET_ALL, f"{DE}ConfidentialityCode", ALL | {f"{DE}ConfidentialityCode": BOTH_CT},
     " ".join(sorted(set(ALL_OF_IT.split())
                     - {"second", "version2", "second>replaced", "on_demand>second"}))),
    (Q.GET_ALL, f"{DE}Type", ALL | {f"{DE}Type": ["stable", "on-demand"]},
     " ".join(sorted([*ALL_OF_IT.split(), "on_demand"]))),
    (Q.GET_ALL, "$XDSAssociationStatus", ALL | {"$XDSAssociationStatus": "Deprecated"},
     "f_first f_second first s_first s_second second version2"),
    (Q.GET_ALL, "$XDSAssociationStatus", ALL | {"$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"},
     "f_first f_first>version1 f_second f_second>first first first>second offline s_first s_second second version2"),
    (Q.GET_ALL, "$MetadataLevel", ALL | {"$MetadataLevel": "2"}, " ".join(sorted([*ALL_OF_IT.split(), "offline"]))),
    # by id
    (Q.GET_DOCUMENTS, f"{DE}EntryUUID", {f"{DE}EntryUUID": ["@first", "@replaced"]}, "first replaced"),
    (Q.GET_DOCUMENTS, f"{DE}EntryUUID", {f"{DE}EntryUUID": ["@version1", "@offline", "@on_demand"]}, "on_demand"),
    (Q.GET_DOCUMENTS, f"{DE}EntryUUID", {f"{DE}EntryUUID": ["@f_first", "@s_first"]}, ""),
    (Q.GET_DOCUMENTS, f"{DE}UniqueId", {f"{DE}UniqueId": ["#version1"]}, "version2"),
    (Q.GET_DOCUMENTS, f"{DE}LogicalID", {f"{DE}LogicalID": ["@version1"], "$MetadataLevel": "2"}, "version1 version2"),
    (Q.GET_DOCUMENTS, "$MetadataLevel", {f"{DE}UniqueId": ["#version1", "#offline"], "$MetadataLevel": "2"},
     "offline version1 version2"),
    (Q.GET_FOLDERS, "$XDSFolderEntryUUID", {"$XDSFolderEntryUUID": ["@f_first", "@f_gone"]}, "f_first"),
    (Q.GET_FOLDERS, "$XDSFolderUniqueId", {"$XDSFolderUniqueId": ["#f_second", "2.999.404"]}, "f_second"),
    (Q.GET_FOLDERS, "$XDSFolderLogicalID", {"$XDSFolderLogicalID": "@f_gone", "$MetadataLevel": "2"}, "f_gone"),
    (Q.GET_FOLDERS, "$MetadataLevel",
     {"$XDSFolderEntryUUID": ["@f_first", "@f_gone"], "$MetadataLevel": "2"}, "f_first f_gone"),
    (Q.GET_ASSOCIATIONS, "$uuid", {"$uuid": ["@replaced", "@f_gone"]}, "f_gone>first second>replaced"),
    (Q.GET_ASSOCIATIONS, "$XDSAssociationStatus",
     {"$uuid": "@f_second", "$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"}, "f_second>first"),
    (Q.GET_ASSOCIATIONS, "$MetadataLevel", {"$uuid": "@f_second", "$XDSAssociationStatus": BOTH}, ""),
    (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, f"{DE}EntryUUID", {f"{DE}EntryUUID": ["@replaced", "@version1"]},
     "replaced second>replaced"),
    (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, f"{DE}UniqueId", {f"{DE}UniqueId": "#on_demand"},
     "f_first>on_demand on_demand on_demand>second s_first>on_demand"),
    (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, "$XDSAssociationStatus",
     {f"{DE}UniqueId": "#second", "$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"}, "first>second second"),
    (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, "$MetadataLevel", {f"{DE}UniqueId": "#version1", "$MetadataLevel": "2"},
     "version1 version2"),
    (Q.GET_SUBMISSION_SETS, "$uuid", {"$uuid": ["@second", "@f_first"]},
     "s_first s_first>f_first s_first>second"),
    (Q.GET_SUBMISSION_SETS, "$uuid", {"$uuid": "@replaced"}, ""),
    (Q.GET_SUBMISSION_SETS, "$MetadataLevel", {"$uuid": "@second", "$MetadataLevel": "2"}, "s_first s_first>second"),
    # with contents
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, "$XDSSubmissionSetEntryUUID", {"$XDSSubmissionSetEntryUUID": "@s_first"},
     "f_first f_first>first first s_first s_first>f_first s_first>f_first>first s_first>first s_first>second second"),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, "$XDSSubmissionSetUniqueId", {"$XDSSubmissionSetUniqueId": "#s_second"},
     "s_second"),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, f"{DE}FormatCode",
     {"$XDSSubmissionSetEntryUUID": "@s_first", f"{DE}FormatCode": "MR^^2.999.9.1"},
     "f_first s_first s_first>f_first s_first>second second"),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, f"{DE}ConfidentialityCode",
     {"$XDSSubmissionSetEntryUUID": "@s_first", f"{DE}ConfidentialityCode": BOTH_CT},
     "f_first f_first>first first s_first s_first>f_first s_first>f_first>first s_first>first"),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, f"{DE}Type",
     {"$XDSSubmissionSetEntryUUID": "@s_first", f"{DE}Type": "on-demand"},
     "f_first on_demand s_first s_first>f_first s_first>on_demand"),
    (Q.GET_SUBMISSION_SET_AND_CONTENTS, "$MetadataLevel",
     {"$XDSSubmissionSetEntryUUID": "@s_second", "$MetadataLevel": "2"}, "s_second"),
    (Q.GET_FOLDER_AND_CONTENTS, "$XDSFolderEntryUUID", {"$XDSFolderEntryUUID": "@f_first"},
     "f_first f_first>first f_first>second first second"),
    (Q.GET_FOLDER_AND_CONTENTS, "$XDSFolderUniqueId", {"$XDSFolderUniqueId": "#f_second"}, "f_second"),
    (Q.GET_FOLDER_AND_CONTENTS, f"{DE}FormatCode",
     {"$XDSFolderEntryUUID": "@f_first", f"{DE}FormatCode": "CT^^2.999.9.1"}, "f_first f_first>first first"),
    (Q.GET_FOLDER_AND_CONTENTS, f"{DE}ConfidentialityCode",
     {"$XDSFolderEntryUUID": "@f_first", f"{DE}ConfidentialityCode": BOTH_CT}, "f_first f_first>first first"),
    (Q.GET_FOLDER_AND_CONTENTS, f"{DE}Type",
     {"$XDSFolderEntryUUID": "@f_first", f"{DE}Type": "on-demand"}, "f_first f_first>on_demand on_demand"),
    (Q.GET_FOLDER_AND_CONTENTS, "$XDSAssociationStatus",
     {"$XDSFolderEntryUUID": "@f_first", "$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"},
     "f_first f_first>version1 version1"),
    (Q.GET_FOLDER_AND_CONTENTS, "$MetadataLevel", {"$XDSFolderEntryUUID": "@f_gone", "$MetadataLevel": "2"},
     "f_gone f_gone>first first"),
    (Q.GET_FOLDER_AND_CONTENTS, "$MetadataLevel", {"$XDSFolderEntryUUID": "@f_gone"}, ""),
    (Q.GET_FOLDERS_FOR_DOCUMENT, f"{DE}EntryUUID", {f"{DE}EntryUUID": "@first"}, "f_first"),
    (Q.GET_FOLDERS_FOR_DOCUMENT, f"{DE}UniqueId", {f"{DE}UniqueId": "#second"}, "f_first"),
    (Q.GET_FOLDERS_FOR_DOCUMENT, "$XDSAssociationStatus",
     {f"{DE}EntryUUID": "@first", "$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"}, "f_second"),
    (Q.GET_FOLDERS_FOR_DOCUMENT, "$MetadataLevel", {f"{DE}EntryUUID": "@first", "$MetadataLevel": "2"},
     "f_first f_gone"),
    (Q.GET_RELATED_DOCUMENTS, f"{DE}EntryUUID", RELATED, "on_demand>second replaced second second>replaced"),
    (Q.GET_RELATED_DOCUMENTS, f"{DE}UniqueId",
     {f"{DE}UniqueId": "#replaced", "$AssociationTypes": "RPLC"}, "replaced second second>replaced"),
    (Q.GET_RELATED_DOCUMENTS, "$AssociationTypes", RELATED | {"$AssociationTypes": "RPLC"},
     "replaced second second>replaced"),
    (Q.GET_RELATED_DOCUMENTS, "$AssociationTypes", RELATED | {"$AssociationTypes": ["XFRM", "HasMember"]}, ""),
    (Q.GET_RELATED_DOCUMENTS, f"{DE}Type", RELATED | {f"{DE}Type": ["stable", "on-demand"]},
     "on_demand on_demand>second replaced second second>replaced"),
    (Q.GET_RELATED_DOCUMENTS, "$XDSAssociationStatus",
     RELATED | {"$XDSAssociationStatus": "Deprecated", "$MetadataLevel": "2"}, "first first>second second"),
    (Q.GET_RELATED_DOCUMENTS, "$MetadataLevel", RELATED | {"$MetadataLevel": "1", "$XDSAssociationStatus": BOTH},
     "on_demand>second replaced second second>replaced"),
]  # fmt: skip


def test_no_parameter_is_left_out() -> None:
    shown = {(query, parameter) for query, parameter, _, _ in ROWS}
    assert shown == {(query, row.name) for query, rows in PARAMETERS.items() for row in rows}
    assert all(parameter in given or parameter == "$MetadataLevel" for _, parameter, given, _ in ROWS)


@pytest.mark.parametrize(
    ("query", "parameter", "parameters", "expected"),
    ROWS,
    ids=[f"{query_name(query)}-{parameter}" for query, parameter, _, _ in ROWS],
)
def test_a_parameter(
    registry: Registry,
    content: Named,
    query: StoredQuery,
    parameter: str,
    parameters: dict[str, Any],
    expected: str,
) -> None:
    made = build_query(query, {name: given(content, value) for name, value in parameters.items()})
    for return_type in ReturnType:
        response = registry.ask(replace(made, return_type=return_type))
        assert (response.status, response.findings) == (ResponseStatus.SUCCESS, ())
        assert content.names(ids_of(response)) == expected


def given(content: Named, value: Any) -> Any:
    return content.value(value) if isinstance(value, str) else [given(content, item) for item in value]


# ---- answers that are refused


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        (Q.GET_DOCUMENTS, {f"{DE}EntryUUID": ["@first", "@others"]}),
        (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, {f"{DE}UniqueId": ["#first", "#others"]}),
        (Q.GET_FOLDERS, {"$XDSFolderEntryUUID": ["@f_first", "@f_others"]}),
        (Q.GET_SUBMISSION_SETS, {"$uuid": "@first"}),
        (Q.GET_SUBMISSION_SET_AND_CONTENTS, {"$XDSSubmissionSetEntryUUID": "@s_others"}),
    ],
    ids=lambda value: query_name(value) if isinstance(value, StoredQuery) else "",
)
def test_an_answer_by_id_does_not_span_patients(
    registry: Registry, content: Named, query: StoredQuery, parameters: dict[str, Any]
) -> None:
    made = build_query(query, {name: given(content, value) for name, value in parameters.items()})
    refused = registry.ask(made)
    assert [item.code for item in refused.findings] == ["XDSResultNotSinglePatient"]
    assert (refused.status, ids_of(refused)) == (ResponseStatus.FAILURE, [])
    assert len(ids_of(registry.ask(replace(made, return_type=ReturnType.OBJECT_REF)))) > 1


def test_the_other_query_that_may_not_span_patients(registry: Registry) -> None:
    """A Folder of one patient with another's document: no registration makes it, a broken store may have it."""
    world = World(patients=[fresh_patient(), fresh_patient()])
    folder = world.add_folder(world.patients[0])
    entry = world.add_entry(world.patients[1])
    world.link(folder.entry_uuid, entry.entry_uuid)
    registry.hold(world)
    made = build_query(Q.GET_FOLDER_AND_CONTENTS, {"$XDSFolderEntryUUID": folder.entry_uuid})
    assert [item.code for item in registry.ask(made).findings] == ["XDSResultNotSinglePatient"]
    assert {
        Q.GET_DOCUMENTS,
        Q.GET_DOCUMENTS_AND_ASSOCIATIONS,
        Q.GET_FOLDERS,
        Q.GET_SUBMISSION_SETS,
        Q.GET_SUBMISSION_SET_AND_CONTENTS,
        Q.GET_FOLDER_AND_CONTENTS,
    } == SINGLE_PATIENT


@pytest.mark.parametrize(
    ("query", "parameters", "advice"),
    [
        (Q.FIND_DOCUMENTS, FIND, "$XDSDocumentEntryCreationTimeFrom or $XDSDocumentEntryServiceStartTimeFrom"),
        (Q.FIND_SUBMISSION_SETS, SETS | {"$XDSSubmissionSetSubmissionTimeFrom": "2000"},
         "add a filter such as $XDSSubmissionSetContentType"),
        (Q.FIND_FOLDERS, FOLDERS, "$XDSFolderLastUpdateTimeFrom or $XDSFolderCodeList"),
        (Q.FIND_FOLDERS, FOLDERS | {"$XDSFolderLastUpdateTimeFrom": "2000", "$XDSFolderCodeList": EITHER_CT},
         "ask for a shorter time"),
        (Q.GET_ALL, ALL, "ask FindDocuments, FindSubmissionSets and FindFolders one by one"),
        (Q.GET_DOCUMENTS, {f"{DE}EntryUUID": ["@first", "@second"]}, "ask for fewer ids at a time"),
        (Q.GET_SUBMISSION_SET_AND_CONTENTS, {"$XDSSubmissionSetEntryUUID": "@s_first"}, "$XDSDocumentEntryFormatCode"),
        (Q.GET_FOLDER_AND_CONTENTS, {"$XDSFolderEntryUUID": "@f_first"}, "$XDSDocumentEntryFormatCode"),
        (Q.GET_RELATED_DOCUMENTS, RELATED, "ask with returnType ObjectRef and then GetDocuments in parts"),
        (Q.GET_SUBMISSION_SETS, {"$uuid": "@second"}, "ask with returnType ObjectRef"),
        (Q.GET_DOCUMENTS_AND_ASSOCIATIONS, {f"{DE}EntryUUID": "@first"}, "ask with returnType ObjectRef"),
        (Q.GET_ASSOCIATIONS, {"$uuid": "@first"}, "ask with returnType ObjectRef"),
        (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, FIND, "$XDSDocumentEntryCreationTimeFrom"),
        (Q.FIND_FOLDERS_FOR_MULTIPLE_PATIENTS, FOLDERS, "$XDSFolderLastUpdateTimeFrom"),
    ],
    ids=lambda value: query_name(value) if isinstance(value, StoredQuery) else "",
)  # fmt: skip
def test_more_than_the_limit_is_refused_with_advice(
    registry: Registry, content: Named, query: StoredQuery, parameters: dict[str, Any], advice: str
) -> None:
    made = build_query(query, {name: given(content, value) for name, value in parameters.items()})
    whole = len(ids_of(registry.ask(made)))
    assert len(ids_of(registry.ask(made, leaf_class_results=whole))) == whole
    for limit in range(1, whole):
        refused = registry.ask(made, leaf_class_results=limit)
        assert (refused.status, ids_of(refused)) == (ResponseStatus.FAILURE, [])
        (finding,) = refused.findings
        assert finding.code == "XDSTooManyResults"
        assert finding.context.startswith(f"more than {limit} objects match")
        assert advice in finding.context
    references = registry.ask(
        replace(made, return_type=ReturnType.OBJECT_REF), leaf_class_results=1, object_ref_results=whole
    )
    assert len(ids_of(references)) == whole


def test_too_many_octets_are_refused_with_advice(registry: Registry, content: Named) -> None:
    made = build_query(Q.FIND_DOCUMENTS, {name: given(content, value) for name, value in FIND.items()})
    (finding,) = registry.ask(made, response_bytes=5_000).findings
    assert finding.code == "XDSTooManyResults"
    assert finding.context.startswith("the answer would be larger than 5000 octets")
    assert "$XDSDocumentEntryCreationTimeFrom" in finding.context


# ---- patients that are not known


@pytest.mark.parametrize("policy", ["empty", "error"])
def test_an_unknown_patient(registry: Registry, content: Named, policy: str) -> None:
    nobody = fresh_patient()
    for query, parameters, name in (
        (Q.FIND_DOCUMENTS, FIND, "$XDSDocumentEntryPatientId"),
        (Q.FIND_SUBMISSION_SETS, SETS, "$XDSSubmissionSetPatientId"),
        (Q.FIND_FOLDERS, FOLDERS, "$XDSFolderPatientId"),
        (Q.GET_ALL, ALL, "$patientId"),
        (Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS, FIND, "$XDSDocumentEntryPatientId"),
    ):
        response = registry.ask(build_query(query, parameters | {name: nobody}), unknown_patient=policy)
        assert ids_of(response) == []
        if policy == "empty":
            assert (response.status, response.findings) == (ResponseStatus.SUCCESS, ())
        else:
            assert response.status is ResponseStatus.FAILURE
            assert [(item.code, item.context) for item in response.findings] == [
                ("XDSUnknownPatientId", nobody)
            ]


def test_of_several_patients_the_known_ones_answer(registry: Registry, content: Named) -> None:
    nobody = fresh_patient()
    made = build_query(
        Q.FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS,
        {f"{DE}PatientId": [nobody, *content.world.patients], f"{DE}Status": "Approved"},
    )
    response = registry.ask(made, unknown_patient="error")
    assert response.status is ResponseStatus.PARTIAL_SUCCESS
    assert [(item.code, item.context) for item in response.findings] == [("XDSUnknownPatientId", nobody)]
    assert content.names(ids_of(response)) == "first others second version2"
    assert registry.ask(made).status is ResponseStatus.SUCCESS


def test_a_subsumed_patient_answers_nothing_and_the_survivor_for_both(registry: Registry) -> None:
    """3.18.4.1.2.3.9.1: chains of merges, and the surviving id in everything that is returned."""
    world = World(patients=[fresh_patient() for _ in range(3)])
    ids = sorted(world.add_entry(patient_id).entry_uuid for patient_id in world.patients)
    world.merged = {world.patients[0]: world.patients[1], world.patients[1]: world.patients[2]}
    registry.hold(world)
    *subsumed, survivor = world.patients
    for patient_id in subsumed:
        made = build_query(Q.FIND_DOCUMENTS, FIND | {f"{DE}PatientId": patient_id})
        assert ids_of(registry.ask(made)) == []
    found = registry.ask(build_query(Q.FIND_DOCUMENTS, FIND | {f"{DE}PatientId": survivor}))
    assert ids_of(found) == ids
    assert {entry.patient_id for entry in found.objects.document_entries} == {survivor}
    by_id = registry.ask(build_query(Q.GET_DOCUMENTS, {f"{DE}EntryUUID": ids}))
    assert ids_of(by_id) == ids


def test_home_is_taken_and_returned(registry: Registry, content: Named) -> None:
    """A registry routes nothing: whatever community is asked for, it answers (3.18.4.1.3)."""
    made = build_query(
        Q.GET_DOCUMENTS, {f"{DE}EntryUUID": content.ids["first"]}, home_community_id="urn:oid:2.999.40.404"
    )
    own = "urn:oid:2.999.40.1"
    (entry,) = registry.ask(made, home_community_id=own).objects.document_entries
    assert entry.home_community_id == own


def test_ids_that_nobody_has(registry: Registry) -> None:
    for query, parameters in (
        (Q.GET_DOCUMENTS, {f"{DE}EntryUUID": new_uuid_urn()}),
        (Q.GET_DOCUMENTS, {f"{DE}UniqueId": fresh_oid()}),
        (Q.GET_DOCUMENTS, {f"{DE}LogicalID": new_uuid_urn(), "$MetadataLevel": "2"}),
        (Q.GET_FOLDERS, {"$XDSFolderUniqueId": fresh_oid()}),
        (Q.GET_FOLDERS, {"$XDSFolderLogicalID": new_uuid_urn(), "$MetadataLevel": "2"}),
        (Q.GET_SUBMISSION_SET_AND_CONTENTS, {"$XDSSubmissionSetUniqueId": fresh_oid()}),
        (Q.GET_FOLDERS_FOR_DOCUMENT, {f"{DE}UniqueId": fresh_oid()}),
        (Q.GET_RELATED_DOCUMENTS, RELATED | {f"{DE}EntryUUID": new_uuid_urn()}),
    ):
        response = registry.ask(build_query(query, parameters))
        assert (response.status, response.findings, ids_of(response)) == (ResponseStatus.SUCCESS, (), [])
