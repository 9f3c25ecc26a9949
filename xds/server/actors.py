"""Which actors play in this process, and what they work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xds.audit import AuditLog
from xds.client import RegistryClient
from xds.documents import FolderVault, Spool
from xds.registry import (
    MultiPatientStoredQuery,
    PatientIdentityFeedV3,
    QueryPolicy,
    RegisterDocumentSet,
    RegisterOnDemandDocumentEntry,
    RegistryStoredQuery,
    RemoveMetadata,
    RestrictedUpdateDocumentSet,
    UpdateDocumentSet,
)
from xds.repository import (
    Depositor,
    ImagingSummaryProvider,
    OnDemandPolicy,
    OnDemandSource,
    Ownership,
    ProvideAndRegisterDocumentSet,
    Registrar,
    RemoveDocuments,
    RetrieveDocumentSet,
)
from xds.repository.remote import RemoteRegistrar
from xds.rules import Policies
from xds.server.audited import audited
from xds.server.consent import consent_policy, consent_store
from xds.server.gateway import Gateway, gateway
from xds.server.guard import guarded
from xds.server.housekeeping import Rounds, owner_name
from xds.server.imaging import Imaging, images_of
from xds.server.outgoing import RegistryConnections
from xds.server.pages import paths_of
from xds.server.registrar import LocalRegistrar
from xds.settings import Settings
from xds.soap import Handler
from xds.store import (
    ConsentStore,
    ConsentTerms,
    PatientStore,
    Pool,
    QueryStore,
    ReplayStore,
    RepositoryStore,
    SubmissionStore,
    UpdateStore,
)
from xds.transactions import (
    ITI_18,
    ITI_41,
    ITI_42,
    ITI_43,
    ITI_44,
    ITI_51,
    ITI_57,
    ITI_61,
    ITI_62,
    ITI_86,
    ITI_92,
    RAD_69,
    Role,
    Transaction,
)
from xds.wss import read_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Actors:
    """The transactions of this process, and what is stopped with them."""

    served: Mapping[Role, Mapping[Transaction, Handler]]  # what the end point of each role may serve
    spool: Spool
    vault: FolderVault | None
    rounds: Rounds | None
    images: Imaging | None
    gateway: Gateway | None
    connections: RegistryConnections | None

    def close(self) -> None:
        """Stop what runs beside the requests."""
        if self.gateway is not None:
            self.gateway.fan_out.close()
        if self.images is not None:
            self.images.close()
        if self.connections is not None:
            self.connections.close()


def actors(settings: Settings, pool: Pool, rules: Policies, audit: AuditLog) -> Actors:
    """Build the actors that the settings name."""
    spool = Spool(vault_folder(settings), floor_bytes=settings.limits.free_space_bytes)
    registry, registrar = _registry(settings, pool, rules, audit)
    handlers = dict(registry) if "registry" in settings.server.roles else {}
    rounds, vault, connections = None, None, _registry_connections(settings)
    if "repository" in settings.server.roles:
        vault = FolderVault(vault_folder(settings))
        chosen = _remote_registrar(settings, connections, audit) or registrar
        rounds = _rounds(RepositoryStore(pool), chosen, vault, spool)
        handlers |= _repository_handlers(settings, rules, rounds, consent_store(settings, pool, audit))
    images = images_of(settings, pool, spool, rules, audit)
    if images is not None:
        handlers[RAD_69] = images.retrieve
    served = _served(settings, handlers)
    between = _gateway(settings, handlers, spool, audit)
    if between is not None:
        served[Role.GATEWAY] = dict(between.handlers)
    return Actors(
        served=served,
        spool=spool,
        vault=vault,
        rounds=rounds,
        images=images,
        gateway=between,
        connections=connections,
    )


def _gateway(
    settings: Settings, handlers: Mapping[Transaction, Handler], spool: Spool, audit: AuditLog
) -> Gateway | None:
    if "gateway" not in settings.server.roles:
        return None
    paths = paths_of(settings.server)
    # As if they were called over the wire: a database that is away costs this community's part only, and the local
    # legs leave audit events of their own (3.38.4.1.4).
    here = {
        row: audited(row, guarded(row, handler), audit, paths[row.role]) for row, handler in handlers.items()
    }
    return gateway(settings, here, spool, audit)


def _served(
    settings: Settings, handlers: Mapping[Transaction, Handler]
) -> dict[Role, Mapping[Transaction, Handler]]:
    """Which transactions the end point of each role may serve: RAD-69 is none of a repository elsewhere."""
    roles = (Role.REGISTRY, Role.REPOSITORY, Role.IMAGING)
    return {role: handlers for role in roles if role.value in settings.server.roles}


def _registry(
    settings: Settings, pool: Pool, rules: Policies, audit: AuditLog
) -> tuple[dict[Transaction, Handler], LocalRegistrar]:
    """The registry's transactions, and the way to it for a repository in this process."""
    queries = QueryStore(pool, ConsentTerms(policy=consent_policy(settings), audit=audit))
    submissions, updates = SubmissionStore(pool), UpdateStore(pool)
    asking = query_policy(settings, rules)
    registration = RegisterDocumentSet(submissions, rules)
    stored_query = RegistryStoredQuery(queries, asking)
    updating = UpdateDocumentSet(updates, rules)
    handlers: dict[Transaction, Handler] = {
        ITI_42: registration,
        ITI_18: stored_query,
        ITI_51: MultiPatientStoredQuery(queries, asking),
        ITI_57: updating,
        ITI_61: RegisterOnDemandDocumentEntry(submissions, rules),
        ITI_62: RemoveMetadata(submissions, rules),
        ITI_92: RestrictedUpdateDocumentSet(updates, rules),
    }
    v3 = PatientIdentityFeedV3(PatientStore(pool), ReplayStore(pool), rules)
    return handlers | dict.fromkeys(ITI_44, v3), LocalRegistrar(
        registration, submissions, stored_query, updating, audit, settings.server.registry_path
    )


def vault_folder(settings: Settings) -> Path:
    """Where documents are kept; the spool, `tmp/`, lies within."""
    return settings.data_dir / "documents"


def query_policy(settings: Settings, rules: Policies) -> QueryPolicy:
    """The part of the settings that decides about answers to queries."""
    registry, limits = settings.registry, settings.limits
    return QueryPolicy(
        rules=rules,
        leaf_class_results=limits.leaf_class_results,
        object_ref_results=limits.object_ref_results,
        response_bytes=limits.response_bytes,
        home_community_id=registry.home_community_id,
        consent=consent_policy(settings),
        unknown_patient=registry.query_unknown_patient,
    )


def _registry_connections(settings: Settings) -> RegistryConnections | None:
    """To the registry that the settings name; None for the one in this process."""
    url = settings.repository.registry_url
    if url is None:
        return None
    connections = RegistryConnections(url, settings.repository)
    connections.start()
    return connections


def _remote_registrar(
    settings: Settings, connections: RegistryConnections | None, audit: AuditLog
) -> Registrar | None:
    """The registry that the settings name; None for the one in this process."""
    security, repository = settings.security, settings.repository
    if connections is None:
        return None
    signing = None
    if security.certificate is not None and security.key is not None:
        signing = read_identity(security.certificate, security.key)
    return RemoteRegistrar(
        RegistryClient(
            repository.registry_url or "",
            timeout=repository.registry_seconds,
            session=connections.session,
            signing=signing,
            audit=audit,
        )
    )


def _rounds(store: RepositoryStore, registrar: Registrar, vault: FolderVault, spool: Spool) -> Rounds:
    depositor = Depositor(store=store, vault=vault, registrar=registrar, owner=owner_name())
    return Rounds(store=store, depositor=depositor, registrar=registrar, vault=vault, spool=spool)


def _repository_handlers(
    settings: Settings, rules: Policies, rounds: Rounds, consent: ConsentStore
) -> dict[Transaction, Handler]:
    repository = settings.repository
    ownership = Ownership(rounds.store, rules)
    return {
        ITI_41: ProvideAndRegisterDocumentSet(
            store=rounds.store,
            spool=rounds.spool,
            depositor=rounds.depositor,
            policies=rules,
            repository_unique_id=repository.unique_id,
        ),
        ITI_43: RetrieveDocumentSet(
            store=rounds.store,
            vault=rounds.vault,
            consent=consent,
            repository_unique_id=repository.unique_id,
            home_community_id=settings.registry.home_community_id,
            limit=settings.limits.retrieve_documents,
            ownership=ownership,
            on_demand=_on_demand_source(settings, rounds),
        ),
        ITI_86: RemoveDocuments(
            store=rounds.store,
            vault=rounds.vault,
            repository_unique_id=repository.unique_id,
            home_community_id=settings.registry.home_community_id,
            limit=settings.limits.retrieve_documents,
            ownership=ownership,
        ),
    }


def _on_demand_source(settings: Settings, rounds: Rounds) -> OnDemandSource | None:
    repository = settings.repository
    if repository.on_demand == "off":
        return None
    return OnDemandSource(
        store=rounds.store,
        vault=rounds.vault,
        spool=rounds.spool,
        depositor=rounds.depositor,
        registrar=rounds.registrar,
        providers=(ImagingSummaryProvider(repository.unique_id),),
        policy=OnDemandPolicy(
            repository_unique_id=repository.unique_id,
            persists=repository.on_demand == "kept",
            limit=settings.limits.document_bytes,
        ),
    )
