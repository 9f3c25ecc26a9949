"""The settings of a process, as one frozen object."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from xds.settings.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """``[server]``: where and how the process listens."""

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None  # as partners reach it, for WSDLs and pages; else from the Host header
    workers: int = 2  # processes
    threads: int = 32  # per process
    roles: tuple[Literal["registry", "repository"], ...] = ("registry", "repository")
    registry_path: str = "/dics/registry"
    repository_path: str = "/dics/repository"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """``[store]``: PostgreSQL 15 or newer."""

    dsn: str | None = field(
        default=None, repr=False
    )  # may hold a password; else XDS_DATABASE_URL, else embedded
    pool_size: int = 12  # connections per worker process


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySettings:
    """``[registry]``: the affinity domain."""

    strictness: Literal["field", "strict"] = "field"
    patient_authority: str | None = None  # OID of the domain's patient ids; None accepts any authority
    accept_any_patient: bool = False  # Lite: a patient id of the right form becomes known by its first use
    codes_file: Path | None = None  # the domain's code lists; None accepts any code
    home_community_id: str | None = None  # "urn:oid:…", put on every object of an answer
    unknown_patient: Literal["empty", "error"] = "empty"  # ITI-18 for an id never fed (3.18.4.1.3: policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySettings:
    """``[repository]``: documents and where they are registered."""

    unique_id: str = "2.999.2.1"  # repositoryUniqueId, an OID of your own
    registry_url: str | None = None  # ITI-42 over SOAP to a registry elsewhere; None: the one in this process
    registry_seconds: int = 60  # waiting for its answer: XDSRegistryNotAvailable


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """``[log]``: records of facts, never of patients."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    form: Literal["json", "text"] = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, safe by default."""

    data_dir: Path = Path("xds-data")
    lite: bool = False  # set by `xds serve --lite` only
    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    registry: RegistrySettings = field(default_factory=RegistrySettings)
    repository: RepositorySettings = field(default_factory=RepositorySettings)
    limits: Limits = field(default_factory=Limits)
    log: LogSettings = field(default_factory=LogSettings)
