"""Which attribute a sender must send: ITI TF-3 Table 4.3.1-3, row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Optionality = Literal["R", "R2", "O", "X"]
"""Required, required if known, optional, prohibited."""

Column = Literal["DS", "DR", "MC", "XDR", "MS", "OD"]
COLUMNS: Final[tuple[Column, ...]] = ("DS", "DR", "MC", "XDR", "MS", "OD")
"""XDS Document Source (ITI-41), Document Repository (ITI-42), XDM Media Creator (ITI-32), XDR Document Source
(ITI-41), XDR Metadata-Limited Source (ITI-41), On-Demand Document Source (ITI-61)."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One row: where the model keeps the attribute, and its optionality column by column."""

    field: str
    row: str

    def optionality(self, column: Column) -> Optionality:
        """Return R, R2, O or X for a sender."""
        code: Optionality = self.row.split()[COLUMNS.index(column)]  # type: ignore[assignment]
        return code


DOCUMENT_ENTRY: Final[Mapping[str, Attribute]] = {
    "author": Attribute("authors", "R2 R2 R2 R2 R2 R2"),
    "availabilityStatus": Attribute("availability_status", "O O O O O O"),
    "classCode": Attribute("class_code", "R R R2 R R2 R"),
    "comments": Attribute("comments", "O O O O O O"),
    "confidentialityCode": Attribute("confidentiality_codes", "R R R2 R R2 R"),
    "creationTime": Attribute("creation_time", "R R R2 R R2 X"),
    "entryUUID": Attribute("entry_uuid", "R R R R R R"),
    "eventCodeList": Attribute("event_codes", "O O O O O O"),
    "formatCode": Attribute("format_code", "R R R2 R R2 R"),
    "hash": Attribute("hash", "O R R O O X"),
    "healthcareFacilityTypeCode": Attribute("healthcare_facility_type_code", "R R R2 R R2 R"),
    "homeCommunityId": Attribute("home_community_id", "O O O O O O"),
    "languageCode": Attribute("language_code", "R R R2 R R2 R"),
    "legalAuthenticator": Attribute("legal_authenticator", "O O O O O O"),
    "limitedMetadata": Attribute("limited_metadata", "X X O X R X"),
    "mimeType": Attribute("mime_type", "R R R R R R"),
    "objectType": Attribute("object_type", "R R R R R R"),
    "patientId": Attribute("patient_id", "R R R2 R R2 R"),
    "practiceSettingCode": Attribute("practice_setting_code", "R R R2 R R2 R"),
    "referenceIdList": Attribute("reference_ids", "O O O O O O"),
    "repositoryUniqueId": Attribute("repository_unique_id", "O R O O O R"),
    "serviceStartTime": Attribute("service_start_time", "R2 R2 R2 R2 R2 O"),
    "serviceStopTime": Attribute("service_stop_time", "R2 R2 R2 R2 R2 O"),
    "size": Attribute("size", "O R R O O X"),
    "sourcePatientId": Attribute("source_patient_id", "R R R2 R R2 R"),
    "sourcePatientInfo": Attribute("source_patient_info", "O O R2 O R2 O"),
    "title": Attribute("title", "O O O O O O"),
    "typeCode": Attribute("type_code", "R R R2 R R2 R"),
    "uniqueId": Attribute("unique_id", "R R R R R R"),
    "URI": Attribute("uri", "O O R O O O"),
}

SUBMISSION_SET: Final[Mapping[str, Attribute]] = {
    "author": Attribute("authors", "R2 R2 R2 R2 R2 R2"),
    "availabilityStatus": Attribute("availability_status", "O O O O O O"),
    "comments": Attribute("comments", "O O O O O O"),
    "contentTypeCode": Attribute("content_type_code", "R R R2 R R2 R"),
    "entryUUID": Attribute("entry_uuid", "R R R R R R"),
    "homeCommunityId": Attribute("home_community_id", "O O O O O O"),
    "intendedRecipient": Attribute("intended_recipients", "O O R2 R2 R2 O"),
    "limitedMetadata": Attribute("limited_metadata", "X X O X R X"),
    "patientId": Attribute("patient_id", "R R R2 R R2 R"),
    "sourceId": Attribute("source_id", "R R R R R R"),
    "submissionTime": Attribute("submission_time", "R R R R R R"),
    "title": Attribute("title", "O O O O O O"),
    "uniqueId": Attribute("unique_id", "R R R R R R"),
}

FOLDER: Final[Mapping[str, Attribute]] = {
    "availabilityStatus": Attribute("availability_status", "O O O O O O"),
    "codeList": Attribute("codes", "R R R2 R R2 R"),
    "comments": Attribute("comments", "O O O O O O"),
    "entryUUID": Attribute("entry_uuid", "R R R R R R"),
    "homeCommunityId": Attribute("home_community_id", "O O O O O O"),
    "lastUpdateTime": Attribute("last_update_time", "O O O O O O"),
    "limitedMetadata": Attribute("limited_metadata", "X X O X R X"),
    "patientId": Attribute("patient_id", "R R R2 R R2 R"),
    "title": Attribute("title", "R R O R O R"),
    "uniqueId": Attribute("unique_id", "R R R R R R"),
}
