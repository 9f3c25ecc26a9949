"""Metadata in PostgreSQL; nothing else in the house speaks to it."""

from xds.store.access import Conflict, Pool, StoreBusy, StoreUnavailable
from xds.store.assertions import AssertionStore
from xds.store.audit import Outbox, write_once
from xds.store.audit_reading import AuditReader, Backlog, DeliveryQueue, QueuedEvent, delivery_queue, sealer
from xds.store.binaries import EmbeddedPostgresError, locate_binaries
from xds.store.consent import (
    ConsentStore,
    ConsentView,
    CustodianNotification,
    DirectiveView,
    NotInForce,
    UnknownRecord,
    UnusableTarget,
    WithheldDocuments,
)
from xds.store.embedded import EmbeddedPostgres, default_data_folder
from xds.store.facts import FactsReader
from xds.store.housekeeping import Housekeeping
from xds.store.links import LinkedObjects, LinkStore, LinkUpdate
from xds.store.migrate import SchemaError, SchemaState, migrate
from xds.store.migrate import state as schema_state
from xds.store.patient_errors import (
    InvalidPatientId,
    MergedAway,
    NotMerged,
    PatientError,
    SamePatient,
    UnknownPatient,
)
from xds.store.patients import MergeEvent, PatientCriteria, PatientStore, PatientView
from xds.store.pool import open_pool, ping
from xds.store.queries import QueryStore, RegistryReader
from xds.store.reading import FoundObject
from xds.store.reliance import unreliable
from xds.store.removals import Removal
from xds.store.replay import ReplayStore
from xds.store.repository import (
    EarlierSubmission,
    PendingSubmission,
    ProvidedDocument,
    RemovedDocument,
    RepositoryStore,
    ServedDocument,
    SharedStudy,
)
from xds.store.sealing import SealFault, Verification, hash_at, verify
from xds.store.sight import ConsentTerms, Sight
from xds.store.signed_messages import Claim, SignedMessageKey, SignedMessageStore
from xds.store.submissions import RegistryTransaction, RememberedAnswer, SubmissionStore
from xds.store.unmerge import (
    CUT,
    AddedSubmission,
    JoiningAssociation,
    Unassigned,
    UnmergePlan,
    UnusableAssignment,
)
from xds.store.updates import UpdateStore

__all__ = [
    "CUT",
    "AddedSubmission",
    "AssertionStore",
    "AuditReader",
    "Backlog",
    "Claim",
    "Conflict",
    "ConsentStore",
    "ConsentTerms",
    "ConsentView",
    "CustodianNotification",
    "DeliveryQueue",
    "DirectiveView",
    "EarlierSubmission",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "FactsReader",
    "FoundObject",
    "Housekeeping",
    "InvalidPatientId",
    "JoiningAssociation",
    "LinkStore",
    "LinkUpdate",
    "LinkedObjects",
    "MergeEvent",
    "MergedAway",
    "NotInForce",
    "NotMerged",
    "Outbox",
    "PatientCriteria",
    "PatientError",
    "PatientStore",
    "PatientView",
    "PendingSubmission",
    "Pool",
    "ProvidedDocument",
    "QueryStore",
    "QueuedEvent",
    "RegistryReader",
    "RegistryTransaction",
    "RememberedAnswer",
    "Removal",
    "RemovedDocument",
    "ReplayStore",
    "RepositoryStore",
    "SamePatient",
    "SchemaError",
    "SchemaState",
    "SealFault",
    "ServedDocument",
    "SharedStudy",
    "Sight",
    "SignedMessageKey",
    "SignedMessageStore",
    "StoreBusy",
    "StoreUnavailable",
    "SubmissionStore",
    "Unassigned",
    "UnknownPatient",
    "UnknownRecord",
    "UnmergePlan",
    "UnusableAssignment",
    "UnusableTarget",
    "UpdateStore",
    "Verification",
    "WithheldDocuments",
    "default_data_folder",
    "delivery_queue",
    "hash_at",
    "locate_binaries",
    "migrate",
    "open_pool",
    "ping",
    "schema_state",
    "sealer",
    "unreliable",
    "verify",
    "write_once",
]
