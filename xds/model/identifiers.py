"""Every UUID, OID and URN of the standard that this project uses, with its section.

Sections refer to IHE ITI TF Rev 19.0 (2022-06-17, Final Text) unless they name another source.
"""

from enum import StrEnum
from typing import Final

STABLE: Final = "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1"
"""ExtrinsicObject/@objectType of a Stable DocumentEntry (ITI TF-3 4.2.5.2)."""
ON_DEMAND: Final = "urn:uuid:34268e47-fdf5-41a6-ba33-82133c465248"
"""ExtrinsicObject/@objectType of an On-Demand DocumentEntry (ITI TF-3 4.2.5.2)."""

SUBMISSION_SET_NODE: Final = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
"""Classification/@classificationNode: this RegistryPackage is a SubmissionSet (ITI TF-3 4.2.1.2.1)."""
FOLDER_NODE: Final = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
"""Classification/@classificationNode: this RegistryPackage is a Folder (ITI TF-3 4.2.1.3.1)."""


class ClassificationScheme(StrEnum):
    """Classification/@classificationScheme of each coded attribute (ITI TF-3 4.2.5)."""

    ENTRY_AUTHOR = "urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"
    CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
    CONFIDENTIALITY_CODE = "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f"
    EVENT_CODE_LIST = "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4"
    FORMAT_CODE = "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d"
    HEALTHCARE_FACILITY_TYPE_CODE = "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1"
    PRACTICE_SETTING_CODE = "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead"
    TYPE_CODE = "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983"
    SUBMISSION_SET_AUTHOR = "urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d"
    CONTENT_TYPE_CODE = "urn:uuid:aa543740-bdda-424e-8c96-df4873be8500"
    FOLDER_CODE_LIST = "urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5"
    ASSOCIATION_DOCUMENTATION = "urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"  # 4.2.2.2


class IdentificationScheme(StrEnum):
    """ExternalIdentifier/@identificationScheme of each identifier (ITI TF-3 4.2.5)."""

    ENTRY_PATIENT_ID = "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427"
    ENTRY_UNIQUE_ID = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    SUBMISSION_SET_PATIENT_ID = "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446"
    SUBMISSION_SET_SOURCE_ID = "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832"
    SUBMISSION_SET_UNIQUE_ID = "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8"
    FOLDER_PATIENT_ID = "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a"
    FOLDER_UNIQUE_ID = "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a"


LIMITED_METADATA_NODES: Final = frozenset(
    {
        "urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85",  # DocumentEntry, 4.2.3.2.29
        "urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707",  # SubmissionSet, 4.2.3.3.13
        "urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03",  # Folder, 4.2.3.4.10
    }
)


class ObjectType(StrEnum):
    """@objectType of ebRIM objects other than the ExtrinsicObject (ITI TF-3 4.2.3.1.2, .3)."""

    CLASSIFICATION = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification"
    EXTERNAL_IDENTIFIER = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier"
    ASSOCIATION = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association"
    REGISTRY_PACKAGE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage"


class AvailabilityStatus(StrEnum):
    """@status of a registry object (ITI TF-3 4.2.3.2.2)."""

    APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
    DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"


class DocumentAvailability(StrEnum):
    """Slot documentAvailability of a DocumentEntry; absent means Online (Metadata Update)."""

    ONLINE = "urn:ihe:iti:2010:DocumentAvailability:Online"
    OFFLINE = "urn:ihe:iti:2010:DocumentAvailability:Offline"


class ResponseStatus(StrEnum):
    """@status of a response (ITI TF-3 4.2.4). PartialSuccess is in IHE's namespace, not OASIS'."""

    SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
    FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"


class Severity(StrEnum):
    """@severity of a RegistryError (ITI TF-3 4.2.4.1)."""

    ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
    WARNING = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"


class AssociationType(StrEnum):
    """@associationType (ITI TF-3 4.2.2)."""

    HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
    RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
    XFRM = "urn:ihe:iti:2007:AssociationType:XFRM"
    APND = "urn:ihe:iti:2007:AssociationType:APND"
    XFRM_RPLC = "urn:ihe:iti:2007:AssociationType:XFRM_RPLC"
    SIGNS = "urn:ihe:iti:2007:AssociationType:signs"
    IS_SNAPSHOT_OF = "urn:ihe:iti:2010:AssociationType:IsSnapshotOf"


class UpdateTrigger(StrEnum):
    """@associationType of an order of ITI-57: from the SubmissionSet to what it is about (XDS Metadata Update 3.57).

    Orders are carried out, not stored: no query returns them.
    """

    UPDATE_AVAILABILITY_STATUS = "urn:ihe:iti:2010:AssociationType:UpdateAvailabilityStatus"
    SUBMIT_ASSOCIATION = "urn:ihe:iti:2010:AssociationType:SubmitAssociation"


class UpdateSlot(StrEnum):
    """Slots on the associations of ITI-57 and ITI-92 (XDS Metadata Update 3.57, RMU 3.92.4.1.2.2.2)."""

    PREVIOUS_VERSION = "PreviousVersion"  # on the SubmissionSet's HasMember: the version that is superseded
    ASSOCIATION_PROPAGATION = "AssociationPropagation"  # there too: yes, the default, or no
    ORIGINAL_STATUS = "OriginalStatus"  # on UpdateAvailabilityStatus
    NEW_STATUS = "NewStatus"  # there too


RELATIONSHIPS: Final = frozenset(AssociationType) - {AssociationType.HAS_MEMBER}
"""Associations between two DocumentEntries (ITI TF-3 4.2.2.2)."""
REPLACEMENTS: Final = frozenset({AssociationType.RPLC, AssociationType.XFRM_RPLC})
"""Relationships that deprecate their target (ITI TF-2 3.42.4.1.3.5)."""

REFERENCE_ID_LIST: Final = "urn:ihe:iti:xds:2013:referenceIdList"
"""Slot name of DocumentEntry.referenceIdList (ITI TF-3 4.2.3.2.28)."""


class ReferenceIdType(StrEnum):
    """CXi.5 of a referenceIdList value (ITI TF-3 Table 4.2.3.1.7-2)."""

    UNIQUE_ID = "urn:ihe:iti:xds:2013:uniqueId"
    ACCESSION = "urn:ihe:iti:xds:2013:accession"
    REFERRAL = "urn:ihe:iti:xds:2013:referral"
    ORDER = "urn:ihe:iti:xds:2013:order"
    WORKFLOW_INSTANCE = "urn:ihe:iti:xdw:2013:workflowInstanceId"
    STUDY_INSTANCE_UID = "urn:ihe:iti:xds:2016:studyInstanceUID"
    ENCOUNTER = "urn:ihe:iti:xds:2015:encounterId"


class SubmissionSetStatus(StrEnum):
    """Slot SubmissionSetStatus of a SubmissionSet-DocumentEntry HasMember (ITI TF-3 4.2.2.1)."""

    ORIGINAL = "Original"
    REFERENCE = "Reference"


DELETE_ALL: Final = "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:DeleteAll"
"""RemoveObjectsRequest/@deletionScope, ebRS's default: objects with all that belongs to them (ebRS 3.0 5.10.1)."""


class StoredQuery(StrEnum):
    """AdhocQuery/@id of each stored query (ITI TF-2 3.18.4.1.2.4, 3.51.4.1.2.2)."""

    FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"  # 3.18.4.1.2.3.7.1
    FIND_SUBMISSION_SETS = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"  # .7.2
    FIND_FOLDERS = "urn:uuid:958f3006-baad-4929-a4de-ff1114824431"  # .7.3
    GET_ALL = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"  # .7.4
    GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"  # .7.5
    GET_FOLDERS = "urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4"  # .7.6
    GET_ASSOCIATIONS = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"  # .7.7
    GET_DOCUMENTS_AND_ASSOCIATIONS = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"  # .7.8
    GET_SUBMISSION_SETS = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"  # .7.9
    GET_SUBMISSION_SET_AND_CONTENTS = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"  # .7.10
    GET_FOLDER_AND_CONTENTS = "urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7"  # .7.11
    GET_FOLDERS_FOR_DOCUMENT = "urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578"  # .7.12
    GET_RELATED_DOCUMENTS = "urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6"  # .7.13
    FIND_DOCUMENTS_BY_REFERENCE_ID = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"  # .7.14
    FIND_DOCUMENTS_FOR_MULTIPLE_PATIENTS = "urn:uuid:3d1bdb10-39a2-11de-89c2-2f44d94eaa9f"  # 3.51.4.1.2.1.1
    FIND_FOLDERS_FOR_MULTIPLE_PATIENTS = "urn:uuid:50d3f5ac-39a2-11de-a1ca-b366239e58df"  # 3.51.4.1.2.1.2


class ReturnType(StrEnum):
    """ResponseOption/@returnType that ITI-18 knows (ITI TF-2 3.18.4.1.2.3.1)."""

    LEAF_CLASS = "LeafClass"
    OBJECT_REF = "ObjectRef"


EMPTY_SHA1: Final = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
"""hash of a document of no octets: Delayed Document Assembly (ITI TF-2 3.42.4.1.2.1)."""

WSA_ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"
"""ReplyTo address of a synchronous exchange (ITI TF-2 V.9.2.1)."""

UUID_PREFIX: Final = "urn:uuid:"
OID_PREFIX: Final = "urn:oid:"


class XuaAttribute(StrEnum):
    """saml:Attribute/@Name of an IHE X-User Assertion (ITI TF-2 3.40.4.1.2)."""

    SUBJECT_ID = "urn:oasis:names:tc:xspa:1.0:subject:subject-id"  # the user's name, no id
    ORGANIZATION = "urn:oasis:names:tc:xspa:1.0:subject:organization"
    ORGANIZATION_ID = "urn:oasis:names:tc:xspa:1.0:subject:organization-id"
    HOME_COMMUNITY_ID = "urn:ihe:iti:xca:2010:homeCommunityId"
    NPI = "urn:oasis:names:tc:xspa:1.0:subject:npi"
    PROVIDER_IDENTIFIER = "urn:ihe:iti:xua:2017:subject:provider-identifier"
    ROLE = "urn:oasis:names:tc:xacml:2.0:subject:role"  # 3.40.4.1.2.1
    PURPOSE_OF_USE = "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"  # 3.40.4.1.2.3
    RESOURCE_ID = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"  # 3.40.4.1.2.2.1
    OVERRIDE_REASON = "urn:oid:2.999.9.2"  # ours: why a consent directive is overridden


class OneIdAttribute(StrEnum):
    """saml:Attribute/@Name of Ontario's ONE ID federation, without what a provider writes before it."""

    DISPLAY_NAME = "DisplayName"
    FIRST_NAME = "FirstName"
    LAST_NAME = "LastName"
    RID = "RID"  # registration id, "cpso:123"
    UAO = "UAO"  # the organization under whose authority the user acts
    OBO = "OBO"  # on behalf of
    ROLES = "Roles"
    AUTHENTICATION_LEVEL = "AuthenticationLevel"
    PATIENT_CONTEXT_ID = "PatientContextID"
    PATIENT_CONTEXT_ID_AUTHORITY = "PatientContextIDAuthority"


class SubjectConfirmation(StrEnum):
    """saml:SubjectConfirmation/@Method (SAML 2.0 profiles, section 3)."""

    BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    HOLDER_OF_KEY = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
