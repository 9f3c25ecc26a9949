"""Puts the house together from the settings: its actors, its doors, and what runs beside the requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from xds.hl7v2 import MllpServer
from xds.rules import Policies
from xds.server.actors import Actors, actors
from xds.server.application import Application
from xds.server.audit_relay import RelayThread, SealerThread
from xds.server.auditing import audit_log, audit_spool, audit_threads
from xds.server.codes import CodesWatch
from xds.server.consent import consent_store
from xds.server.credentials import Credentials
from xds.server.doors import Porch, apis, downloads, porch, soap_doors
from xds.server.feeds import FeedDoor, feed_server
from xds.server.housekeeping import Housekeeper
from xds.server.policies import policies
from xds.server.site import Site
from xds.settings import Settings
from xds.store import (
    Housekeeping,
    Outbox,
    Pool,
    SignedMessageStore,
    open_pool,
    ping,
)


@dataclass(slots=True)
class House:
    """A running process image: its application, and what is stopped with it."""

    application: Application
    pool: Pool
    actors: Actors
    housekeeper: Housekeeper
    feed: MllpServer | None
    codes: CodesWatch | None
    credentials: Credentials
    audit: tuple[SealerThread | RelayThread, ...]

    def close(self) -> None:
        """Stop what runs beside the requests."""
        self.housekeeper.stop()
        if self.feed is not None:
            self.feed.stop()
        if self.codes is not None:
            self.codes.stop()
        self.credentials.stop()
        self.actors.close()
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
    outbox = Outbox(pool, audit_spool(settings))
    audit = audit_log(settings, outbox)
    playing = actors(settings, pool, rules, audit)
    shared = porch(settings, pool, rules, audit, credentials)
    housekeeper = Housekeeper(Housekeeping(pool), playing.rounds)
    housekeeper.start()
    feed = None if door is None else feed_server(door, settings, pool, audit)
    if feed is not None:
        feed.start()
    return House(
        application=_application(shared, playing, pool),
        pool=pool,
        actors=playing,
        housekeeper=housekeeper,
        feed=feed,
        codes=codes,
        credentials=credentials,
        audit=audit_threads(settings, pool, outbox),
    )


def _application(shared: Porch, playing: Actors, pool: Pool) -> Application:
    settings, vault = shared.settings, playing.vault
    site = Site(settings)

    def ready() -> Mapping[str, bool]:
        return {"database": ping(pool)} | ({} if vault is None else {"documents": vault.reachable()})

    return Application(
        doors=soap_doors(shared, playing.served, SignedMessageStore(pool), playing.spool),
        apis=apis(shared, consent_store(settings, pool, shared.audit)),
        pages=site.pages(ready),
        schemas=site.schema,
        not_found=site.not_found,
        ready=ready,
        downloads=downloads(shared, playing.images),
    )


def _rules(settings: Settings) -> tuple[Policies, CodesWatch | None]:
    """The policies, and what keeps their code lists as the file says."""
    if settings.registry.codes_file is None:
        return policies(settings), None
    watch = CodesWatch(settings.registry.codes_file)
    rules = policies(settings)
    watch.start(rules.use_codes)
    return rules, watch
