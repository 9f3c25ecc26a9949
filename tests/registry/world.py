"""A registry's content as plain objects, and the same content in a real store."""

import itertools
from dataclasses import dataclass, field, replace

from lxml import etree

from tests.samples import builders
from xds.access import AccessContext, Caller
from xds.ebxml import QueryResponse, decode_query_response, encode_adhoc_query
from xds.model import (
    AdhocQuery,
    Association,
    AssociationType,
    DocumentEntry,
    Folder,
    StoredQuery,
    Submission,
    SubmissionSet,
    new_uuid_urn,
)
from xds.registry import MultiPatientStoredQuery, QueryPolicy, RegistryStoredQuery
from xds.rules import QUERIES_OF, Policies, RulePolicy
from xds.soap import Envelope, Request
from xds.store import ConsentTerms, FactsReader, PatientStore, Pool, QueryStore, SubmissionStore
from xds.store.access import borrowed
from xds.xml import parse

_numbers = itertools.count(1)


def fresh_patient() -> str:
    """A patient nobody else's test uses."""
    return f"W{next(_numbers)}^^^&2.999.1.1&ISO"


def fresh_oid() -> str:
    """A uniqueId nobody else's test uses."""
    return f"2.999.8.7.{next(_numbers)}"


@dataclass(slots=True)
class World:
    """What a registry holds; patient ids as they were registered."""

    entries: list[DocumentEntry] = field(default_factory=list)
    submission_sets: list[SubmissionSet] = field(default_factory=list)
    folders: list[Folder] = field(default_factory=list)
    associations: list[Association] = field(default_factory=list)
    patients: list[str] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)  # subsumed → surviving

    @property
    def objects(self) -> list[DocumentEntry | SubmissionSet | Folder]:
        """Everything but Associations."""
        return [*self.entries, *self.submission_sets, *self.folders]

    def patient_of(self, item: DocumentEntry | SubmissionSet | Folder) -> str:
        """Whose an object is today: merges are chains."""
        patient_id = item.patient_id or ""
        while patient_id in self.merged:
            patient_id = self.merged[patient_id]
        return patient_id

    def add_entry(self, patient_id: str, **changes: object) -> DocumentEntry:
        """A DocumentEntry with fresh ids."""
        fields = {"entry_uuid": new_uuid_urn(), "unique_id": fresh_oid(), "patient_id": patient_id} | changes
        self.entries.append(builders.document_entry(**fields))
        return self.entries[-1]

    def add_submission_set(self, patient_id: str, **changes: object) -> SubmissionSet:
        """A SubmissionSet with fresh ids."""
        fields = {"entry_uuid": new_uuid_urn(), "unique_id": fresh_oid(), "patient_id": patient_id} | changes
        self.submission_sets.append(builders.submission_set(**fields))
        return self.submission_sets[-1]

    def add_folder(self, patient_id: str, **changes: object) -> Folder:
        """A Folder with fresh ids."""
        fields = {
            "entry_uuid": new_uuid_urn(),
            "unique_id": fresh_oid(),
            "patient_id": patient_id,
            "last_update_time": "20240310120000",
        }
        self.folders.append(builders.folder(**fields | changes))
        return self.folders[-1]

    def link(
        self, source: str, target: str, kind: AssociationType = AssociationType.HAS_MEMBER, **changes: object
    ) -> Association:
        """An Association with a fresh id."""
        made = builders.association(kind, source, target, entry_uuid=new_uuid_urn(), **changes)
        self.associations.append(made)
        return made


@dataclass(frozen=True, slots=True)
class Registry:
    """The actors that answer queries, on one database."""

    pool: Pool
    terms: ConsentTerms = ConsentTerms()  # noqa: RUF009  # frozen

    def hold(self, world: World) -> None:
        """Put a world into the store: rows as registrations, updates and merges leave them."""
        owner = {item.entry_uuid: item.patient_id for item in world.objects}
        owner |= {item.entry_uuid: owner[item.source] for item in world.associations if item.source in owner}
        for patient_id in world.patients:
            self._add(patient_id, _of_patient(world, patient_id, owner))
        with borrowed(self.pool) as connection:
            for folder in world.folders:
                connection.run(
                    "UPDATE folder SET last_update_time = %(time)s WHERE entry_uuid = %(id)s::uuid",
                    {
                        "time": int(folder.last_update_time or 0),
                        "id": folder.entry_uuid.removeprefix("urn:uuid:"),
                    },
                )
        patients = PatientStore(self.pool)
        for subsumed, survivor in world.merged.items():
            patients.merge(subsumed, survivor, source="a test")

    def _add(self, patient_id: str, submission: Submission) -> None:
        store = SubmissionStore(self.pool)
        known = replace(submission, document_entries=(), folders=(), associations=())
        if not known.submission_sets:
            known = Submission(submission_sets=(builders.submission_set(patient_id=patient_id),))
        with store.transaction(submission) as tx:
            reader = FactsReader(tx.connection)
            reader.facts_for(known, accept_unknown=True)
            tx.add(submission, reader.patient_keys[patient_id])

    def ask(self, query: AdhocQuery, **policy: object) -> QueryResponse:
        """Ask a query by its transaction, and decode the answer."""
        return decode_query_response(parse(self.answer(query, **policy)))

    def answer(self, query: AdhocQuery, user: AccessContext | None = None, **policy: object) -> bytes:
        """The octets of an answer."""
        rules = Policies(RulePolicy(unknown_patients="accept", max_query_wildcards=100))
        is_multi = query.query_id in QUERIES_OF["ITI-51"]
        actor = (MultiPatientStoredQuery if is_multi else RegistryStoredQuery)(
            QueryStore(self.pool, self.terms),
            QueryPolicy(rules=rules, **policy),  # type: ignore[arg-type]
        )
        body = parse(encode_adhoc_query(query))
        return b"".join(actor(body, _request(body, user)).body)

    def find(self, query: StoredQuery, *slots: object, **changes: object) -> QueryResponse:
        """Ask a query by its Slots."""
        return self.ask(builders.query(query, *slots, **changes))  # type: ignore[arg-type]


def ids_of(response: QueryResponse) -> list[str]:
    """The entryUUIDs of an answer, sorted, each as often as it came."""
    objects = response.objects
    return sorted(
        [
            *[item.entry_uuid for item in objects.document_entries],
            *[item.entry_uuid for item in objects.submission_sets],
            *[item.entry_uuid for item in objects.folders],
            *[item.entry_uuid for item in objects.associations],
            *objects.object_refs,
        ]
    )


def _of_patient(world: World, patient_id: str, owner: dict[str, str | None]) -> Submission:
    return Submission(
        submission_sets=tuple(item for item in world.submission_sets if item.patient_id == patient_id),
        document_entries=tuple(item for item in world.entries if item.patient_id == patient_id),
        folders=tuple(item for item in world.folders if item.patient_id == patient_id),
        associations=tuple(item for item in world.associations if owner.get(item.source) == patient_id),
    )


def _request(body: etree._Element, user: AccessContext | None) -> Request:
    envelope = Envelope(action=None, message_id=None, to=None, header=None, body=body)
    caller = Caller(user=user)
    return Request(envelope=envelope, root_digest=b"", parts={}, mtom=False, caller=caller)
