"""The door for patient feeds: its port taken before the workers are forked, served by one of them."""

import socket
import ssl
from dataclasses import dataclass

from xds.audit import AuditLog
from xds.feeds import (
    EVENTS,
    LINK_CHANGE,
    Domain,
    FrameLimits,
    LinkChangeFeed,
    MllpLimits,
    MllpServer,
    PatientIdentityFeed,
    Receiver,
    TlsError,
    tls_context,
)
from xds.server.http import HttpError, bind
from xds.settings import Settings
from xds.store import LinkStore, PatientStore, Pool


@dataclass(frozen=True, slots=True)
class FeedDoor:
    """The open port, and how it is secured."""

    listener: socket.socket
    tls: ssl.SSLContext | None


def open_feed_door(settings: Settings) -> FeedDoor | None:
    """Take the port of the settings; None where they name none.

    Raises
    ------
    HttpError
        The port is taken, the address is not this machine's, or a certificate cannot be used.
    """
    feeds = settings.feeds
    if not feeds.mllp_port:
        return None
    tls = None
    if feeds.certificate is not None:
        try:
            tls = tls_context(feeds.certificate, feeds.key, feeds.client_ca)
        except TlsError as error:
            raise HttpError(str(error)) from None
    listener = bind(
        feeds.mllp_host, feeds.mllp_port, host_name="feeds.mllp_host", port_name="feeds.mllp_port"
    )
    return FeedDoor(listener, tls)


def feed_server(door: FeedDoor, settings: Settings, pool: Pool, audit: AuditLog) -> MllpServer:
    """The thread of one worker that serves the door when its turn comes; not started yet."""
    registry, limits = settings.registry, settings.limits
    domain = Domain(authority=registry.patient_authority, namespace_id=settings.feeds.namespace_id)
    is_strict = settings.rules.strictness == "strict"
    feed = PatientIdentityFeed(PatientStore(pool), domain, is_strict=is_strict)
    frames = FrameLimits(
        frame_bytes=limits.mllp_frame_bytes,
        frame_seconds=limits.mllp_frame_seconds,
        idle_seconds=limits.mllp_idle_seconds,
    )
    return MllpServer(
        door.listener,
        Receiver(
            dict.fromkeys(EVENTS, ("ITI-8", feed))
            | {LINK_CHANGE: ("ITI-64", LinkChangeFeed(LinkStore(pool), domain))},
            audit,
        ),
        MllpLimits(
            frames=frames,
            connections=limits.mllp_connections,
            connections_per_peer=limits.mllp_connections_per_peer,
        ),
        lock=settings.data_dir / "mllp.lock",
        tls=door.tls,
    )
