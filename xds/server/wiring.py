"""Puts the house together from the settings: which actors play in this process and what they work with."""

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xds.access import AccessPolicy, Caller
from xds.audit import AuditLog, AuditUnavailable, Ledger, Station, System
from xds.audit.spool import Spool as AuditSpool
from xds.client import RegistryClient
from xds.documents import FolderVault, Spool
from xds.hl7v2 import MllpServer
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
from xds.server.admission import Admission
from xds.server.application import Application, WsgiApplication
from xds.server.audit_relay import RelayThread, SealerThread
from xds.server.audited import audited
from xds.server.callers import Callers
from xds.server.codes import CodesWatch
from xds.server.consent import consent_policy, consent_store
from xds.server.consent_api import ConsentApi
from xds.server.credentials import Credentials
from xds.server.endpoint import SoapDoor
from xds.server.entrance import Entrance
from xds.server.failures import Failures
from xds.server.feeds import FeedDoor, feed_server
from xds.server.gateway import Gateway, gateway
from xds.server.guard import guarded
from xds.server.housekeeping import Housekeeper, Rounds, owner_name
from xds.server.imaging import Imaging, images_of
from xds.server.outgoing import RegistryConnections
from xds.server.pages import paths_of
from xds.server.policies import policies
from xds.server.proven import proven
from xds.server.receive import Receiver
from xds.server.registrar import LocalRegistrar
from xds.server.site import Site, own_url
from xds.server.users import permitted
from xds.server.wado import WADO_RS, WADO_URI, WadoDoor
from xds.settings import Settings
from xds.soap import Handler, Route, SoapEndpoint
from xds.store import (
    AssertionStore,
    ConsentStore,
    ConsentTerms,
    Housekeeping,
    Outbox,
    PatientStore,
    Pool,
    QueryStore,
    ReplayStore,
    RepositoryStore,
    SignedMessageStore,
    SubmissionStore,
    UpdateStore,
    open_pool,
    ping,
)
from xds.transactions import (
    CATALOGUE,
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
    of_role,
)
from xds.wss import SigningIdentity, read_identity

log = logging.getLogger(__name__)


@dataclass(slots=True)
class House:
    """A running process image: its application, and what is stopped with it."""

    application: Application
    pool: Pool
    housekeeper: Housekeeper
    feed: MllpServer | None
    codes: CodesWatch | None
    credentials: Credentials
    gateway: Gateway | None
    images: Imaging | None
    connections: RegistryConnections | None
    audit: tuple[SealerThread | RelayThread, ...]

    def close(self) -> None:
        """Stop what runs beside the requests."""
        self.housekeeper.stop()
        if self.feed is not None:
            self.feed.stop()
        if self.codes is not None:
            self.codes.stop()
        self.credentials.stop()
        if self.gateway is not None:
            self.gateway.fan_out.close()
        if self.images is not None:
            self.images.close()
        if self.connections is not None:
            self.connections.close()
        for thread in self.audit:
            thread.stop()
        self.pool.close()


def build(
    settings: Settings, dsn: str, door: FeedDoor | None = None, credentials: Credentials | None = None
) -> House:
    """Build the house for one worker process; call it after the fork."""
    limits = settings.limits
    credentials = credentials or Credentials(settings)
    pool = open_pool(
        dsn,
        size=settings.store.pool_size,
        statement_timeout=limits.query_seconds,
        idle_in_transaction_timeout=limits.transaction_idle_seconds,
    )
    rules, codes = _rules(settings)
    handlers: dict[Transaction, Handler] = {}
    outbox = Outbox(pool, audit_spool(settings))
    audit = audit_log(settings, outbox)
    registry, registrar = _registry(settings, pool, rules, audit)
    if "registry" in settings.server.roles:
        handlers |= registry
    spool = Spool(vault_folder(settings), floor_bytes=limits.free_space_bytes)
    rounds, vault, connections = None, None, _registry_connections(settings)
    if "repository" in settings.server.roles:
        vault = FolderVault(vault_folder(settings))
        rounds = _rounds(
            RepositoryStore(pool), _remote_registrar(settings, connections, audit) or registrar, vault, spool
        )
        handlers |= _repository_handlers(settings, rules, rounds, consent_store(settings, pool, audit))
    images = images_of(settings, pool, spool, rules, audit)
    handlers |= {} if images is None else {RAD_69: images.retrieve}
    served = _served(settings, handlers)
    between = None
    if "gateway" in settings.server.roles:
        paths = paths_of(settings.server)
        # As if they were called over the wire: a database that is away costs this community's part only, and the
        # local legs leave audit events of their own (3.38.4.1.4).
        here = {
            row: audited(row, guarded(row, handler), audit, paths[row.role])
            for row, handler in handlers.items()
        }
        between = gateway(settings, here, spool, audit)
        served[Role.GATEWAY] = dict(between.handlers)
    admission = Admission(limits, share=1 / settings.server.workers)
    receiver = Receiver(spool, limits)
    entrance = Entrance(settings, credentials, AssertionStore(pool), audit)
    endpoints = _endpoints(settings, served, rules, audit, SignedMessageStore(pool), entrance.access)
    identity = signing_identity(settings)
    failures = _watched(credentials, settings, audit)
    housekeeper = Housekeeper(Housekeeping(pool), rounds)
    housekeeper.start()
    site = Site(settings)

    def ready() -> Mapping[str, bool]:
        return {"database": ping(pool)} | ({} if vault is None else {"documents": vault.reachable()})

    application = Application(
        doors={
            path: SoapDoor(
                endpoint,
                receiver,
                admission,
                limits,
                spool=spool if path == settings.server.repository_path else None,
                gate=entrance.gate(path),
                identity=identity,
                callers=_callers(settings, credentials),
                audit=audit,
                failures=failures,
            )
            for path, endpoint in endpoints.items()
        },
        apis=_apis(
            settings,
            entrance,
            consent_store(settings, pool, audit),
            admission,
            audit,
            failures,
            _callers(settings, credentials),
        ),
        pages=site.pages(ready),
        schemas=site.schema,
        not_found=site.not_found,
        ready=ready,
        downloads=_downloads(settings, images, admission, entrance.access, audit, credentials),
    )
    feed = None if door is None else feed_server(door, settings, pool, audit)
    if feed is not None:
        feed.start()
    return House(
        application=application,
        pool=pool,
        housekeeper=housekeeper,
        feed=feed,
        codes=codes,
        credentials=credentials,
        gateway=between,
        images=images,
        connections=connections,
        audit=_audit_threads(settings, pool, outbox),
    )


def _audit_threads(settings: Settings, pool: Pool, outbox: Outbox) -> tuple[SealerThread | RelayThread, ...]:
    """What seals and sends the audit log, running."""
    threads: tuple[SealerThread | RelayThread, ...] = (
        SealerThread(pool, outbox),
        *(RelayThread(pool, item) for item in settings.audit.receivers),
    )
    for thread in threads:
        thread.start()
    return threads


def _downloads(
    settings: Settings,
    images: Imaging | None,
    admission: Admission,
    policy: AccessPolicy,
    audit: AuditLog,
    credentials: Credentials,
) -> dict[str, WadoDoor]:
    """RAD-55 and RAD-107 by their addresses, where RAD-69 is served."""
    if images is None:
        return {}
    server = settings.server
    return {
        path: WadoDoor(
            transaction,
            path,
            images.wado,
            admission=admission,
            policy=policy,
            audit=audit,
            callers=_callers(settings, credentials),
            needs_partner=RAD_69.number in settings.security.signed,
        )
        for transaction, path in ((WADO_URI, server.wado_path), (WADO_RS, server.dicom_web_path))
    }


def _served(
    settings: Settings, handlers: Mapping[Transaction, Handler]
) -> dict[Role, Mapping[Transaction, Handler]]:
    """Which transactions the end point of each role may serve: RAD-69 is none of a repository elsewhere."""
    roles = (Role.REGISTRY, Role.REPOSITORY, Role.IMAGING)
    return {role: handlers for role in roles if role.value in settings.server.roles}


def _apis(  # each is a part of the walk
    settings: Settings,
    entrance: Entrance,
    consent: ConsentStore,
    admission: Admission,
    audit: AuditLog,
    failures: Failures,
    callers: Callers | None,
) -> dict[str, WsgiApplication]:
    """What is served beside SOAP: the API for consent, where somebody may use it."""
    path, gate = settings.server.consent_path, entrance.consent_gate(settings.server.consent_path)
    if gate is None:
        return {}
    api = ConsentApi(consent, gate, admission, audit=audit, callers=callers, failures=failures)
    return {path: api}


def _watched(credentials: Credentials, settings: Settings, audit: AuditLog) -> Failures:
    """Count what proves nothing, over TLS and in messages alike, and keep an alert of each TLS client refused."""
    limits, workers = settings.limits, settings.server.workers
    failures = Failures(-(-limits.failed_authentications // workers), limits.failed_authentication_seconds)

    def refused(peer: str, why: str) -> None:
        failures.count(peer)
        try:
            audit.alert(System.NODE_AUTHENTICATION, why, caller=Caller(address=peer))
        except AuditUnavailable:
            log.exception("not audited")

    credentials.refused, credentials.waits = refused, failures.waits
    credentials.start()
    return failures


def _callers(settings: Settings, credentials: Credentials) -> Callers | None:
    """Who reads what a proxy says of its clients; None where none is trusted."""
    return None if settings.server.trusted_proxy == "none" else Callers(settings.server, credentials)


def signing_identity(settings: Settings) -> SigningIdentity | None:
    """What this service signs with: its own pair for that, else that of its TLS.

    Raises
    ------
    PkiError
        The pair cannot be used.
    """
    security, server = settings.security, settings.server
    certificate, key = security.certificate or server.certificate, security.key or server.key
    if certificate is None or key is None:
        return None
    return read_identity(certificate, key)


def _rules(settings: Settings) -> tuple[Policies, CodesWatch | None]:
    """The policies, and what keeps their code lists as the file says."""
    if settings.registry.codes_file is None:
        return policies(settings), None
    watch = CodesWatch(settings.registry.codes_file)
    rules = policies(settings)
    watch.start(rules.use_codes)
    return rules, watch


def audit_log(settings: Settings, ledger: Ledger) -> AuditLog:
    """The audit log of this process, kept in a ledger."""
    server = settings.server
    station = Station(
        source=settings.audit.source_id,
        enterprise_site=settings.audit.enterprise_site_id or "",
        host=socket.gethostname(),
        process=str(os.getpid()),
        base_url=(server.public_url or own_url(server)).rstrip("/"),
    )
    return AuditLog(ledger, station)


def audit_spool(settings: Settings) -> AuditSpool:
    """Where this machine keeps audit events while the metadata store is away."""
    return AuditSpool(settings.data_dir / "audit")


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


def _endpoints(
    settings: Settings,
    served: Mapping[Role, Mapping[Transaction, Handler]],
    rules: Policies,
    audit: AuditLog,
    messages: SignedMessageStore,
    access: AccessPolicy,
) -> dict[str, SoapEndpoint]:
    paths = paths_of(settings.server)
    endpoints = {}
    for role, handlers in served.items():
        routes = [
            Route(
                number=row.number,
                operation=row.operation,
                action=row.action,
                response_action=row.response_action,
                body=row.request,
                mtom=row.mtom,
                handler=audited(
                    row,
                    guarded(
                        row,
                        permitted(
                            row,
                            proven(row, handlers[row], signed=settings.security.signed, messages=messages),
                            access,
                        ),
                    ),
                    audit,
                    paths[role],
                ),
                claims=row.claims,
            )
            for row in of_role(role)
            if row in handlers
        ]
        if routes:
            elsewhere = {
                row.action: paths[row.role]
                for row in CATALOGUE
                if row.role is not role and row in served.get(row.role, ())
            }
            endpoints[paths[role]] = SoapEndpoint(
                role.value, routes, elsewhere=elsewhere, is_strict=rules.is_strict
            )
    return endpoints
