"""The settings of a process, as one frozen object."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from xds.settings.access import (
    AssertionSettings,
    IdentityProviderSettings,
    PolicySettings,
    TransactionNumber,
)
from xds.settings.limits import Limits

Strictness = Literal["field", "strict"]
Profile = Literal["ihe", "ontario"]
Level = Literal["off", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """``[server]``: where and how the process listens."""

    host: str = "127.0.0.1"  # address to listen on; "0.0.0.0" is every one of the machine
    port: int = 8080  # 0 takes any free one
    unix_socket: Path | None = None  # listen there and not on host and port: for a proxy of this machine
    public_url: str | None = None  # as partners reach it, for WSDLs and pages; none: from the Host header
    workers: int = 2  # processes that answer requests
    threads: int = 32  # per process; more than limits.downloads
    roles: tuple[Literal["registry", "repository", "gateway", "imaging"], ...] = (
        "registry",
        "repository",
    )  # what it is
    registry_path: str = "/dics/registry"  # of the registry's transactions
    repository_path: str = "/dics/repository"  # of ITI-41 and ITI-43
    imaging_path: str = "/dics/imaging"  # of RAD-69, which the repository's path takes too
    wado_path: str = "/dics/wado"  # of RAD-55
    dicom_web_path: str = "/dics/dicom-web"  # the base of RAD-107
    gateway_path: str = "/dics/gateway"  # of the transactions across communities
    consent_path: str = "/dics/consent"  # of the API for consent, where consent.api_… lets somebody in
    certificate: Path | None = None  # TLS: a PEM file with the server's chain; none: plain HTTP
    key: Path | None = None  # its key, PEM without a password, readable by nobody else
    client_certificates: Literal["required", "off"] = (
        "required"  # with TLS: partners show one that is enrolled, or issued under client_ca
    )
    client_ca: Path | None = None  # PEM: issuers whose certificates may connect, a partner's or not
    revocation_list: Path | None = None  # CRL of any of the issuers, PEM or DER
    trusted_proxy: Literal["none", "unix", "tls"] = (
        "none"  # who hands on the certificate of a client that it verified: whatever connects to unix_socket, or …
    )
    proxy_certificate: Path | None = None  # … what shows this certificate (PEM) from the loopback address


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """``[store]``: PostgreSQL 15 or newer."""

    # repr=False: it may hold a password
    dsn: str | None = field(default=None, repr=False)  # libpq URL or keywords; none: an embedded PostgreSQL
    pool_size: int = 12  # connections per worker process


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """``[registry]``: the affinity domain."""

    patient_authority: str | None = None  # OID of the domain's patient ids; none accepts any
    device_id: str | None = None  # OID that messages of ITI-44 name as their receiver; none accepts any
    unknown_patients: Literal["refuse", "accept"] = "refuse"  # "accept": an id becomes known by its first use
    codes_file: Path | None = None  # the domain's code lists, TOML or codes.xml; none accepts any code
    home_community_id: str | None = None  # "urn:oid:…", put on every object of an answer
    query_unknown_patient: Literal["empty", "error"] = (
        "empty"  # answer of ITI-18 about an id never fed (3.18.4.1.3)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesSettings:
    """``[rules]``: which rules count; the ids are in [rules.md](rules.md)."""

    strictness: Strictness = "field"  # preset: tolerant of oddities seen in the field, or not
    profile: Profile = "ihe"  # the standard and nothing more, or with the checks of a jurisdiction
    levels: Mapping[str, Level] = field(default_factory=dict)  # of single rules, whatever the preset says


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerSettings:
    """``[[partners]]``: who may send what, and senders with rules of their own.

    A partner with `certificates`, or with `issuer` and `subject`, is enrolled: it is known by the certificate that it
    shows in TLS or signs with, and by nothing else. What it submits has to bear one of its `source_ids`, and it
    changes or removes only what it, or another system with one of these, has submitted.

    Every other entry only gives rules to senders, and nobody has proven who they are; the first that a message fits
    counts. It fits when it has all that the entry names. The address is that of the TCP connection: a terminator's,
    where one stands in front. The sourceId is the sender's own word; only submissions have one, so that a query, a
    retrieval and the envelope of any message are judged by the address.
    """

    name: str = ""  # what you call it; needed
    certificates: tuple[Path, ...] = ()  # PEM, the partner's own: an old one and its successor may overlap
    issuer: Path | None = None  # PEM: the authority that issues its certificates; `subject` is needed then
    subject: str | None = None  # what their subject has to have, such as "CN=dir-a,O=North hospital"
    revocation_list: Path | None = None  # CRL of the issuer, PEM or DER
    networks: tuple[str, ...] = ()  # of its addresses, such as "10.1.0.0/16"; not for an enrolled one
    source_ids: tuple[str, ...] = ()  # its SubmissionSet.sourceId, OIDs without urn:oid: (ITI TF-3 4.2.3.3.9)
    repository_ids: tuple[str, ...] = ()  # repositoryUniqueId of what it registers by ITI-42; none: any
    end_points: tuple[Literal["registry", "repository", "gateway", "imaging"], ...] = (
        "registry",
        "repository",
        "gateway",
        "imaging",
    )  # which an enrolled partner may call
    reads: Literal["all", "own"] = "own"  # what an enrolled partner may retrieve by ITI-43
    algorithms: tuple[
        Literal[
            "RSA-SHA256",
            "RSA-SHA384",
            "RSA-SHA512",
            "RSA-PSS",
            "ECDSA-SHA256",
            "ECDSA-SHA384",
        ],
        ...,
    ] = ()  # of its signatures; none: all of these
    allow_sha1: bool = False  # takes its signatures with SHA-1, which can be forged; warned of at each start
    signed_answers: bool = False  # whether its signed messages are answered with signed ones
    strictness: Strictness | None = None  # none: as in [rules]
    profile: Profile | None = None  # none: as in [rules]
    levels: Mapping[str, Level] = field(default_factory=dict)  # of single rules, laid over those of [rules]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuritySettings:
    """``[security]``: what has to be signed, by WS-Security ([security.md](security.md)).

    A signature that a message bears is verified whether or not its transaction has to be signed, as soon as a partner
    is enrolled by its certificate.
    """

    signed: tuple[TransactionNumber, ...] = ()  # transactions that are refused without a partner's signature
    certificate: Path | None = (
        None  # PEM: what ITI-42 to another registry and answers are signed with; none: answers by server.certificate
    )
    key: Path | None = None  # its key, PEM without a password, readable by nobody else


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """``[repository]``: documents and where they are registered."""

    unique_id: str = "2.999.2.1"  # repositoryUniqueId: set an OID of your own, 2.999 is for examples
    registry_url: str | None = None  # where ITI-42 goes; none: the registry in this process
    on_demand: Literal["off", "fresh", "kept"] = (
        "kept"  # documents made when they are retrieved: none, anew each time, or kept and registered
    )
    registry_certificate: Path | None = None  # PEM: what it shows to that registry over TLS …
    registry_key: Path | None = None  # … and its key, readable by nobody else
    registry_ca: Path | None = (
        None  # PEM: who issues that registry's certificate; none: the system's authorities
    )
    registry_seconds: int = 60  # how long its answer is waited for; then XDSRegistryNotAvailable


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """``[feeds]``: patient feeds in HL7 v2 over MLLP (ITI-8, ITI-64), from the domain's patient identity source."""

    mllp_host: str = "127.0.0.1"  # address to listen on; "0.0.0.0" is every one of the machine
    mllp_port: int = 0  # 0 is off; 3600 is usual
    namespace_id: str | None = None  # what senders may write for registry.patient_authority: "1^^^NAMESPACE"
    certificate: Path | None = None  # TLS: a PEM file with the chain; none: no TLS
    key: Path | None = (
        None  # its key, PEM without a password, readable by nobody else; none: in the same file
    )
    client_ca: Path | None = None  # PEM; senders have to show a certificate signed by one of these


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReceiver:
    """``[[audit.receivers]]``: audit record repositories that are sent every event; none is needed.

    The name is what a receiver is remembered by: under a new one it is sent everything from the beginning. UDP loses
    what it loses, and cuts off events of more than 65507 octets.
    """

    name: str = ""  # what you call it; needed
    host: str = ""  # its name, which its certificate has to bear, or its address; needed
    port: int = 6514  # 514 is usual for UDP
    transport: Literal["tls", "udp"] = "tls"  # RFC 5425, or RFC 5426
    ca: Path | None = None  # PEM: who signs its certificate; none: whom this machine trusts
    certificate: Path | None = None  # PEM: ours, which it asks for; none: not shown
    key: Path | None = None  # its key, PEM without a password; none: in the same file


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """``[audit]``: the audit log (ATNA, ITI TF-2 3.20); it is always on, and kept in the metadata store."""

    source_id: str = "xds"  # AuditSourceID: what this service is called in audit messages
    enterprise_site_id: str | None = None  # AuditEnterpriseSiteID; none: not sent
    receivers: tuple[AuditReceiver, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunitySettings:
    """``[[gateway.communities]]``: another community, as its Responding Gateway is reached."""

    name: str = ""  # what you call it; needed
    home_community_id: str = ""  # its homeCommunityId, "urn:oid:…"; needed
    query_url: str = ""  # where ITI-38 goes; needed
    retrieve_url: str | None = None  # where ITI-39 goes; none: as query_url
    seconds: int = 30  # how long its answer is waited for; then XDSUnavailableCommunity


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """``[gateway]``: access across communities (XCA), with "gateway" among ``server.roles``."""

    communities: tuple[CommunitySettings, ...] = ()  # whom consumers of this community reach through it
    calls: int = 32  # calls to other communities under way, per worker process
    registry_url: str | None = None  # this community's registry; none: the one in this process
    repository_url: str | None = None  # this community's repository; none: the one in this process


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentSettings:
    """``[consent]``: what patients withhold, and who may override it ([consent.md](consent.md))."""

    override_hours: int = 4  # how long an override lasts
    override_scope: Literal["organization", "person"] = (
        "organization"  # whom an override that a request began is for: all users of the organization, or who asked
    )
    override_purposes: tuple[str, ...] = ("BTG", "EMERGENCY")  # purposeofuse that overrides, with a reason
    override_roles: tuple[
        str, ...
    ] = ()  # roles that may override by a request, code or code^^scheme; none: each
    notice_roles: tuple[str, ...] = ()  # roles that are told that a directive applies; none: nobody is
    custodian: str = ""  # told of overrides where a directive names no custodian
    api_partners: tuple[str, ...] = ()  # names of [[partners]] that may use the API, known by mutual TLS
    api_roles: tuple[
        str, ...
    ] = ()  # roles of users who may use the API, code or code^^scheme; neither: there is no API


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingSourceSettings:
    """``[[imaging.source]]``: an archive that holds images."""

    location_uid: str = ""  # its Retrieve Location UID in manifests, an OID without urn:oid:; needed
    kind: Literal["dicomweb", "folder", "rad69"] = (
        "dicomweb"  # WADO-RS, DICOM files, or another RAD-69 end point
    )
    url: str | None = None  # of its DICOMweb service, or of its RAD-69 end point
    folder: Path | None = None  # of its files
    seconds: int = 30  # how long its next octets are waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagingSettings:
    """``[imaging]``: images of the archives behind this service (RAD-69), with "imaging" among ``server.roles``."""

    source: tuple[ImagingSourceSettings, ...] = ()  # the archives
    fetches: int = 4  # series of one request that are fetched at the same time
    buffer_bytes: int = 4 * 1024 * 1024  # octets of each that wait for a slow consumer
    root_first_instances: int = (
        50  # up to so many, the envelope comes first; more pass as they come, it follows them
    )
    transcoders: int = 2  # processes that transcode, per worker; they start when they are needed
    transcode_seconds: int = 60  # how long one instance may take


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``[log]``: records of facts, never of patients."""

    level: Literal["debug", "info", "warning", "error"] = "info"  # the least that is logged
    form: Literal["json", "text"] = "json"  # for machines or for people
    file: Path | None = None  # the file that records are appended to; none: standard error


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, safe by default."""

    data_dir: Path = Path("xds-data")  # documents, and the embedded PostgreSQL
    lite: bool = False  # set by `xds serve --lite` only
    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    rules: RulesSettings = field(default_factory=RulesSettings)
    partners: tuple[PartnerSettings, ...] = ()
    security: SecuritySettings = field(default_factory=SecuritySettings)
    identity_providers: tuple[IdentityProviderSettings, ...] = ()
    assertions: AssertionSettings = field(default_factory=AssertionSettings)
    policies: tuple[PolicySettings, ...] = ()
    repository: RepositorySettings = field(default_factory=RepositorySettings)
    feeds: FeedSettings = field(default_factory=FeedSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)
    gateway: GatewaySettings = field(default_factory=GatewaySettings)
    consent: ConsentSettings = field(default_factory=ConsentSettings)
    imaging: ImagingSettings = field(default_factory=ImagingSettings)
    limits: Limits = field(default_factory=Limits)
    log: LogSettings = field(default_factory=LogSettings)
