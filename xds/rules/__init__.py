"""The rules of the standard as pure functions: metadata and known facts in, all findings out."""

from xds.rules.case import RegistrationCase, check, object_key
from xds.rules.catalogue import ALL_RULES
from xds.rules.decoding import NOTATION, STRUCTURE, check_structure
from xds.rules.document_removal import (
    DOCUMENT_REMOVAL,
    EACH_DOCUMENT_REMOVAL,
    check_document_removal,
)
from xds.rules.effects import Effects, assign_entry_uuids, effects_of, is_self_contained
from xds.rules.feed_case import FeedCase, birth_date
from xds.rules.imaging_retrieval import (
    IMAGING_RETRIEVAL,
    INSTANCE_RETRIEVAL,
    check_imaging_retrieval,
)
from xds.rules.manifests import MANIFESTS, UnreadableManifest, check_manifests, says_manifest
from xds.rules.on_demand import ON_DEMAND_ONLY, ON_DEMAND_REGISTRATION
from xds.rules.ontario import is_manifest
from xds.rules.ownership import BREACHES, OTHERS_REMOVED, OTHERS_RETRIEVED, SENT, check_sent
from xds.rules.partners import Partner, Policies
from xds.rules.patient_feed import PATIENT_FEED, check_patient_feed, fed_patients, merged_patients
from xds.rules.provision import (
    PROVISION,
    SAME_DOCUMENT,
    DocumentPart,
    ProvisionCase,
    check_provision,
    complete,
    not_said_yet,
    same_document,
)
from xds.rules.query_case import QueryCase
from xds.rules.query_criteria import (
    association_statuses,
    document_criteria,
    entry_uuids,
    folder_criteria,
    metadata_level,
    statuses,
    submission_set_criteria,
)
from xds.rules.query_parameters import PARAMETERS, QUERIES_OF, Parameter, query_name, transaction_of
from xds.rules.registration import REGISTRATION
from xds.rules.removal import REMOVAL, RemovalCase, check_removal
from xds.rules.restricted_update import RESTRICTED_UPDATE
from xds.rules.retrieval import DOCUMENT_RETRIEVAL, RETRIEVAL, check_retrieval
from xds.rules.rule import (
    CodeSet,
    Level,
    Owner,
    Profile,
    Rule,
    RuleBook,
    RulePolicy,
    Strictness,
    run,
    wrong_levels,
)
from xds.rules.stored_query import STORED_QUERY, check_query, known_parameters
from xds.rules.update import UPDATE
from xds.rules.update_case import UpdateCase, check_update, is_update_association
from xds.rules.update_effects import UpdateEffects, effects_of_update

__all__ = [
    "ALL_RULES",
    "BREACHES",
    "DOCUMENT_REMOVAL",
    "DOCUMENT_RETRIEVAL",
    "EACH_DOCUMENT_REMOVAL",
    "IMAGING_RETRIEVAL",
    "INSTANCE_RETRIEVAL",
    "MANIFESTS",
    "NOTATION",
    "ON_DEMAND_ONLY",
    "ON_DEMAND_REGISTRATION",
    "OTHERS_REMOVED",
    "OTHERS_RETRIEVED",
    "PARAMETERS",
    "PATIENT_FEED",
    "PROVISION",
    "QUERIES_OF",
    "REGISTRATION",
    "REMOVAL",
    "RESTRICTED_UPDATE",
    "RETRIEVAL",
    "SAME_DOCUMENT",
    "SENT",
    "STORED_QUERY",
    "STRUCTURE",
    "UPDATE",
    "CodeSet",
    "DocumentPart",
    "Effects",
    "FeedCase",
    "Level",
    "Owner",
    "Parameter",
    "Partner",
    "Policies",
    "Profile",
    "ProvisionCase",
    "QueryCase",
    "RegistrationCase",
    "RemovalCase",
    "Rule",
    "RuleBook",
    "RulePolicy",
    "Strictness",
    "UnreadableManifest",
    "UpdateCase",
    "UpdateEffects",
    "assign_entry_uuids",
    "association_statuses",
    "birth_date",
    "canonical_patient_id",
    "check",
    "check_document_removal",
    "check_imaging_retrieval",
    "check_manifests",
    "check_patient_feed",
    "check_provision",
    "check_query",
    "check_removal",
    "check_retrieval",
    "check_sent",
    "check_structure",
    "check_update",
    "complete",
    "document_criteria",
    "effects_of",
    "effects_of_update",
    "entry_uuids",
    "fed_patients",
    "folder_criteria",
    "is_manifest",
    "is_self_contained",
    "is_update_association",
    "known_parameters",
    "merged_patients",
    "metadata_level",
    "not_said_yet",
    "object_key",
    "query_name",
    "run",
    "same_document",
    "says_manifest",
    "statuses",
    "submission_set_criteria",
    "transaction_of",
    "wrong_levels",
]
