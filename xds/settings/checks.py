"""What settings must not say: values out of their range, and settings that contradict each other."""

import re
from collections.abc import Iterator
from dataclasses import fields
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from xds.settings.access_checks import EVERY_ADDRESS, access_wrongs
from xds.settings.limits import Limits
from xds.settings.model import (
    AuditSettings,
    CommunitySettings,
    ImagingSourceSettings,
    PartnerSettings,
    RegistrySettings,
    RepositorySettings,
    ServerSettings,
    Settings,
    StoreSettings,
)

_OID = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_OID_CHARS: Final = 64  # ITI TF-3 Table 4.2.3.1.7-2
_BOUNDARY_CHARS: Final = 70  # RFC 2046 5.1.1
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")
_RESERVED: Final = frozenset({"/healthz", "/readyz"})
_NEED_CERTIFICATE: Final = (
    "revocation_list",
    "repository_ids",
    "end_points",
    "reads",
    "algorithms",
    "allow_sha1",
    "signed_answers",
)
_OFF_AT_ZERO: Final = frozenset(
    {"in_flight_per_peer", "requests_per_second", "free_space_bytes", "failed_authentications"}
)


class SettingsError(Exception):
    """The settings cannot be used; one sentence that names the key and what is expected of it."""


def check(settings: Settings) -> None:
    """Refuse settings that no service could keep.

    Raises
    ------
    SettingsError
        The first thing that is wrong.
    """
    for wrong in _wrongs(settings):
        raise SettingsError(wrong)


def has_password(dsn: str | None) -> bool:
    """Tell whether an address of a database, as URL or as keywords, holds a password."""
    if dsn is None:
        return False
    return re.search(r"(?:^|[\s?&])password\s*=", dsn) is not None or bool(
        _credentials(dsn).partition(":")[2]
    )


def _credentials(dsn: str) -> str:
    _, is_url, rest = dsn.partition("://")
    return rest.split("/", 1)[0].rpartition("@")[0] if is_url else ""


def _wrongs(settings: Settings) -> Iterator[str]:
    yield from _server(settings.server)
    yield from _tls(settings)
    yield from _store(settings.store)
    yield from _registry(settings.registry)
    yield from _partners(settings.partners)
    yield from _security(settings)
    yield from access_wrongs(settings)
    yield from _repository(settings.repository, settings.server.roles)
    yield from _feeds(settings)
    yield from _gateway(settings)
    yield from _imaging(settings)
    yield from _audit(settings.audit)
    yield from _limits(settings.limits)
    if settings.limits.downloads >= settings.server.threads:
        yield (
            "limits.downloads must be less than server.threads: documents being sent would take every thread"
            " and queries would wait for them"
        )


def _server(server: ServerSettings) -> Iterator[str]:
    if not server.host:
        yield 'server.host must be an address, such as "127.0.0.1" or "0.0.0.0"'
    if not 0 <= server.port <= 65_535:
        yield "server.port must be between 0 (any free one) and 65535"
    if server.public_url is not None and not _is_http(server.public_url):
        yield 'server.public_url must be an http or https address, such as "https://xds.example.org"'
    for name, value in (("workers", server.workers), ("threads", server.threads)):
        if value < 1:
            yield f"server.{name} must be 1 or more"
    if not server.roles or len(set(server.roles)) < len(server.roles):
        yield 'server.roles must name one or more of "registry", "repository", "imaging" and "gateway", each once'
    paths = {
        "registry_path": server.registry_path,
        "repository_path": server.repository_path,
        "imaging_path": server.imaging_path,
        "wado_path": server.wado_path,
        "dicom_web_path": server.dicom_web_path,
        "gateway_path": server.gateway_path,
        "consent_path": server.consent_path,
    }
    for name, path in paths.items():
        if not _PATH.fullmatch(path) or path in _RESERVED:
            yield (
                f'server.{name} must begin with "/", have letters, digits and . _ ~ - between the strokes,'
                f" and not be {' or '.join(sorted(_RESERVED))}"
            )
    if len(set(paths.values())) < len(paths):
        yield f"{', '.join(f'server.{name}' for name in paths)} must differ"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_enrolled(partner: PartnerSettings) -> bool:
    """Tell whether a partner is known by its certificate."""
    return bool(partner.certificates) or partner.issuer is not None


def _tls(settings: Settings) -> Iterator[str]:
    server = settings.server
    if (server.certificate is None) != (server.key is None):
        yield "server.certificate and server.key belong together: set both, or none"
    yield from _are_files(
        ("server.certificate", server.certificate),
        ("server.key", server.key),
        ("server.client_ca", server.client_ca),
        ("server.revocation_list", server.revocation_list),
    )
    if server.trusted_proxy == "unix" and server.unix_socket is None:
        yield 'server.trusted_proxy = "unix" needs server.unix_socket'
    if server.unix_socket is not None and server.certificate is not None:
        yield "server.unix_socket and server.certificate exclude each other: TLS is for what comes over the network"
    if (server.trusted_proxy == "tls") != (server.proxy_certificate is not None):
        yield 'server.trusted_proxy = "tls" and server.proxy_certificate belong together: set both, or none'
    if server.trusted_proxy == "tls" and server.certificate is None:
        yield 'server.trusted_proxy = "tls" needs server.certificate and server.key: the proxy connects by TLS'
    yield from _are_files(("server.proxy_certificate", server.proxy_certificate))
    has_clients = server.client_ca is not None or any(is_enrolled(item) for item in settings.partners)
    if server.certificate is not None and server.client_certificates == "required" and not has_clients:
        yield (
            "no client could connect: enrol one by certificates in [[partners]], name server.client_ca, or set"
            ' server.client_certificates = "off"'
        )


def _security(settings: Settings) -> Iterator[str]:
    security, server = settings.security, settings.server
    if (security.certificate is None) != (security.key is None):
        yield "security.certificate and security.key belong together: set both, or none"
    yield from _are_files(("security.certificate", security.certificate), ("security.key", security.key))
    enrolled = [partner for partner in settings.partners if is_enrolled(partner)]
    if security.signed and server.public_url is None and server.host in EVERY_ADDRESS:
        yield (
            "server.public_url is needed: a signed message names this service in wsa:To, and server.host names no"
            " address"
        )
    if (
        any(partner.signed_answers for partner in enrolled)
        and security.certificate is None
        and server.certificate is None
    ):
        yield (
            "security.certificate and security.key are needed: a partner has signed_answers, and there is nothing to"
            " sign with"
        )


def _are_files(*named: tuple[str, Path | None]) -> Iterator[str]:
    for name, path in named:
        if path is not None and not path.is_file():
            yield f"{name} {path} is not a file"


def _store(store: StoreSettings) -> Iterator[str]:
    if store.pool_size < 2:  # housekeeping holds one while its work takes another
        yield "store.pool_size must be 2 or more"
    # The address itself is never shown: it may hold a password.
    if store.dsn is not None and not re.match(r"postgres(?:ql)?://|\s*[a-z_]+\s*=", store.dsn):
        yield (
            "store.dsn (or XDS_DATABASE_URL) must be an address of PostgreSQL, such as"
            ' "postgresql://xds@db.example.org/xds" or "host=/run/postgresql dbname=xds"'
        )


def _registry(registry: RegistrySettings) -> Iterator[str]:
    for name, oid in (
        ("patient_authority", registry.patient_authority),
        ("device_id", registry.device_id),
    ):
        if oid is not None and not _is_oid(oid):
            yield f"registry.{name} must be an OID of at most {_OID_CHARS} characters, without urn:oid:"
    home = registry.home_community_id
    if home is not None and not (home.startswith("urn:oid:") and _is_oid(home.removeprefix("urn:oid:"))):
        yield 'registry.home_community_id must be an OID written as "urn:oid:…" (ITI TF-3 4.2.3.2.12)'
    if registry.codes_file is not None and not registry.codes_file.is_file():
        yield f"registry.codes_file {registry.codes_file} is not a file"


def _partners(partners: tuple[PartnerSettings, ...]) -> Iterator[str]:
    for number, partner in enumerate(partners, start=1):
        if not partner.name:
            yield f'partner {number} has no name: each [[partners]] needs one, such as name = "North hospital"'
        where = f'partner "{partner.name}"'
        if sum(other.name == partner.name for other in partners) > 1:
            yield f"two partners have the name {partner.name}"
        yield from _enrolment(where, partner)
        for network in partner.networks:
            if wrong := _network_fault(network):
                yield f"{where}: networks must hold addresses such as 10.1.0.7 or 10.1.0.0/16; {wrong}"
        for name in ("source_ids", "repository_ids"):
            for oid in getattr(partner, name):
                if not _is_oid(oid):
                    yield f"{where}: {name} must hold OIDs without urn:oid:, and {oid} is none"
    yield from _owners(partners)


def _enrolment(where: str, partner: PartnerSettings) -> Iterator[str]:
    enrolled = is_enrolled(partner)
    if not (enrolled or partner.networks or partner.source_ids):
        yield (
            f"{where}: say how it is known, by certificates (or issuer and subject), or, for one that nobody has"
            ' proven, by networks = ["10.1.0.0/16"] or source_ids = ["2.999.7"]'
        )
    if enrolled and partner.networks:
        yield f"{where}: networks have no use for a partner that is known by its certificate"
    if (partner.issuer is None) != (partner.subject is None):
        yield f"{where}: issuer and subject belong together: an authority issues the certificates of many"
    if not enrolled:
        defaults = PartnerSettings()
        for name in _NEED_CERTIFICATE:
            if getattr(partner, name) != getattr(defaults, name):
                yield f"{where}: {name} has no use without certificates, or issuer and subject"
    yield from _are_files(
        *((f"{where}: certificates", path) for path in partner.certificates),
        (f"{where}: issuer", partner.issuer),
        (f"{where}: revocation_list", partner.revocation_list),
    )


def _owners(partners: tuple[PartnerSettings, ...]) -> Iterator[str]:
    """What a partner owns is owned by nobody else."""
    owned: dict[tuple[str, str], str] = {}
    for partner in filter(is_enrolled, partners):
        owns = [("source", oid) for oid in partner.source_ids]
        owns += [("repository", oid) for oid in partner.repository_ids]
        for kind, oid in owns:
            owner = owned.setdefault((kind, oid), partner.name)
            if owner != partner.name:
                yield f'{oid} stands in the partners "{owner}" and "{partner.name}"; it can be of one only'


def _network_fault(text: str) -> str | None:
    try:
        ip_network(text)
    except ValueError as error:
        return str(error)
    return None


def _repository(repository: RepositorySettings, roles: tuple[str, ...]) -> Iterator[str]:
    if not _is_oid(repository.unique_id):
        yield f"repository.unique_id must be an OID of at most {_OID_CHARS} characters, without urn:oid:"
    if repository.registry_seconds < 1:
        yield "repository.registry_seconds must be 1 or more"
    yield from _are_files(
        ("repository.registry_certificate", repository.registry_certificate),
        ("repository.registry_key", repository.registry_key),
        ("repository.registry_ca", repository.registry_ca),
    )
    if (repository.registry_certificate is None) != (repository.registry_key is None):
        yield "repository.registry_certificate and repository.registry_key belong together: set both, or none"
    url = repository.registry_url
    if url is None:
        if "repository" in roles and "registry" not in roles:
            yield "repository.registry_url is needed: this process has a repository and no registry"
    elif not _is_http(url):
        yield (
            "repository.registry_url must be the http or https address of a registry's ITI-42, such as"
            ' "https://registry.example.org/dics/registry"'
        )
    elif "repository" not in roles:
        yield 'repository.registry_url has no use: "repository" is not among server.roles'


def _feeds(settings: Settings) -> Iterator[str]:
    feeds, server = settings.feeds, settings.server
    if not feeds.mllp_host:
        yield 'feeds.mllp_host must be an address, such as "127.0.0.1" or "0.0.0.0"'
    if not 0 <= feeds.mllp_port <= 65_535:
        yield "feeds.mllp_port must be between 0 (off) and 65535"
    if feeds.mllp_port and feeds.mllp_port == server.port:
        yield "feeds.mllp_port and server.port must differ"
    if feeds.mllp_port and "registry" not in server.roles:
        yield 'feeds.mllp_port has no use: "registry" is not among server.roles'
    if feeds.namespace_id is not None and settings.registry.patient_authority is None:
        yield "feeds.namespace_id stands for registry.patient_authority, which is not set"
    for name, path in (
        ("certificate", feeds.certificate),
        ("key", feeds.key),
        ("client_ca", feeds.client_ca),
    ):
        if path is not None and not path.is_file():
            yield f"feeds.{name} {path} is not a file"
        if path is not None and feeds.certificate is None:
            yield f"feeds.{name} has no use without feeds.certificate"


def _imaging(settings: Settings) -> Iterator[str]:
    imaging = settings.imaging
    if imaging.source and "imaging" not in settings.server.roles:
        yield 'imaging.source has no use: "imaging" is not among server.roles'
    for name in ("fetches", "buffer_bytes", "transcoders", "transcode_seconds"):
        if getattr(imaging, name) < 1:
            yield f"imaging.{name} must be 1 or more"
    if imaging.root_first_instances < 0:
        yield "imaging.root_first_instances must be 0 or more"
    uids = [item.location_uid for item in imaging.source]
    for number, source in enumerate(imaging.source, start=1):
        yield from _source(f"imaging.source {number}", source)
        if source.location_uid and uids.count(source.location_uid) > 1:
            yield f"two sources of [[imaging.source]] have the location_uid {source.location_uid}"


def _source(where: str, source: ImagingSourceSettings) -> Iterator[str]:
    if not _is_oid(source.location_uid):
        yield f"{where}: location_uid must be the Retrieve Location UID, an OID without urn:oid:"
    if source.seconds < 1:
        yield f"{where}: seconds must be 1 or more"
    if source.kind == "folder":
        if source.folder is None or not source.folder.is_dir():
            yield f"{where}: folder must be a folder of DICOM files"
    elif source.url is None or not _is_http(source.url):
        yield f"{where}: url must be an http or https address, such as http://127.0.0.1:8042/dicom-web"


def _gateway(settings: Settings) -> Iterator[str]:
    gateway, roles, own = settings.gateway, settings.server.roles, settings.registry.home_community_id
    if "gateway" not in roles:
        if gateway.communities:
            yield 'gateway.communities have no use: "gateway" is not among server.roles'
        return
    if own is None:
        yield "registry.home_community_id must be set: a gateway tells other communities which one this is"
    if gateway.calls < 1:
        yield "gateway.calls must be 1 or more"
    for role, url in (("registry", gateway.registry_url), ("repository", gateway.repository_url)):
        if url is None and role not in roles:
            yield f'gateway.{role}_url must say where this community\'s {role} is: "{role}" is not among server.roles'
        if url is not None and not _is_http(url):
            yield f"gateway.{role}_url must be an http or https address"
    homes = [own]
    for community in gateway.communities:
        yield from _community(community)
        if community.home_community_id in homes:
            whose = "this community's own" if community.home_community_id == own else "there twice"
            yield f'gateway.communities "{community.name}" home_community_id is {whose}'
        homes.append(community.home_community_id)


def _community(community: CommunitySettings) -> Iterator[str]:
    where = f'gateway.communities "{community.name}"'
    if not community.name:
        yield "gateway.communities need a name each"
    home = community.home_community_id
    if not home.startswith("urn:oid:") or not _is_oid(home.removeprefix("urn:oid:")):
        yield f'{where} home_community_id must be an OID as URN, such as "urn:oid:2.999.3.2"'
    if not _is_http(community.query_url):
        yield f"{where} query_url must be an http or https address"
    if community.retrieve_url is not None and not _is_http(community.retrieve_url):
        yield f"{where} retrieve_url must be an http or https address"
    if community.seconds < 1:
        yield f"{where} seconds must be 1 or more"


def _audit(audit: AuditSettings) -> Iterator[str]:
    if not audit.source_id.strip():
        yield "audit.source_id must not be empty: audit messages name this service by it"
    for number, receiver in enumerate(audit.receivers, start=1):
        if not receiver.name:
            yield f'audit receiver {number} has no name: each [[audit.receivers]] needs one, such as name = "arr"'
        where = f'audit receiver "{receiver.name}"'
        if sum(other.name == receiver.name for other in audit.receivers) > 1:
            yield f"two audit receivers have the name {receiver.name}"
        if not receiver.host:
            yield f"{where}: host must be its name or address"
        if not 1 <= receiver.port <= 65_535:
            yield f"{where}: port must be between 1 and 65535"
        for name, path in (("ca", receiver.ca), ("certificate", receiver.certificate), ("key", receiver.key)):
            if path is not None and receiver.transport == "udp":
                yield f'{where}: {name} has no use with transport = "udp"'
            elif path is not None and not path.is_file():
                yield f"{where}: {name} {path} is not a file"
        if receiver.key is not None and receiver.certificate is None:
            yield f"{where}: key has no use without certificate"


def _limits(limits: Limits) -> Iterator[str]:
    for item in fields(Limits):
        least = 0 if item.name in _OFF_AT_ZERO else 1
        if getattr(limits, item.name) < least:
            yield f"limits.{item.name} must be {least} or more"
    not_above = (
        ("document_bytes", "request_bytes"),
        ("envelope_bytes", "request_bytes"),
        ("mime_header_bytes", "request_bytes"),
        ("value_length", "envelope_bytes"),
        ("header_seconds", "body_seconds"),
        ("leaf_class_results", "object_ref_results"),
        ("mllp_connections_per_peer", "mllp_connections"),
    )
    for small, large in not_above:
        if getattr(limits, small) > getattr(limits, large):
            yield f"limits.{small} must not be more than limits.{large}: it could never be reached"
    if limits.mime_boundary_chars > _BOUNDARY_CHARS:
        yield f"limits.mime_boundary_chars must be at most {_BOUNDARY_CHARS} (RFC 2046 5.1.1)"
    if limits.documents >= limits.mime_parts:
        yield "limits.documents must be less than limits.mime_parts: the envelope is a part too"


def _is_oid(text: str) -> bool:
    return len(text) <= _OID_CHARS and _OID.fullmatch(text) is not None


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no number up to 65535
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)
