"""The settings of a feed, from a TOML file (docs/feed.md lists them)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from xds.model import is_oid
from xds.settings import SettingsError

AccessionField = Literal["OBR-2", "OBR-3", "OBR-18", "OBR-19", "OBR-20"]
StageWord = Literal["preliminary", "final", "corrected", "withdrawn", "cancelled"]

STATUSES: Final[Mapping[str, StageWord]] = {
    "P": "preliminary", "R": "preliminary", "A": "preliminary", "I": "preliminary", "S": "preliminary",
    "F": "final", "C": "corrected", "D": "withdrawn", "W": "withdrawn", "X": "cancelled",
}  # fmt: skip
"""OBR-25 (HL7 table 0123, and D and W of the regional profile) → what it is to the report's life."""


class Sender(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One system that sends: what its messages do not say themselves."""

    institution_name: str
    institution_oid: str
    facility: str = ""  # a component of MSH-4 or MSH-3; empty is any sender
    zone: ZoneInfo = ZoneInfo("America/Toronto")  # of times that carry no offset
    language: str = "en-CA"
    is_clinic: bool = False  # healthcareFacilityTypeCode: ambulatory, not hospital
    accession_field: AccessionField = "OBR-3"
    accession_issuer: str | None = None  # OID, where the field names none
    code_system: str | None = None  # OID of the procedure codes, where OBR-4 names none
    author_authority: str | None = None  # OID of the readers' licences, where the field names none


class Listener(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages are taken in over MLLP."""

    host: str = "127.0.0.1"
    port: int = 0  # 0 is off
    certificate: Path | None = None  # PEM; with it the port speaks TLS
    key: Path | None = None  # PEM; else it stands with the certificate
    client_ca: Path | None = None  # PEM: whose certificates may connect; None asks for none
    frame_bytes: int = 64 * 1024 * 1024
    connections: int = 64


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One feed."""

    data_dir: Path  # the queue lies here
    repository: str  # end point of ITI-41
    registry: str  # end point of ITI-18 and ITI-57
    source_id: str  # SubmissionSet.sourceId, an OID
    patient_authority: str  # OID of the affinity domain's patient ids
    senders: tuple[Sender, ...]
    folder: Path | None = None  # message files are taken from here too
    mllp: Listener = Listener()
    status_port: int = 0  # page and metrics, on the loopback interface; 0 is off
    concept_map: Path | None = None
    processing_ids: tuple[str, ...] = ("P",)  # MSH-11
    authorities: Mapping[str, str] = {}  # what senders write for an assigning authority → its OID
    code_systems: Mapping[str, str] = {}  # what senders write for a coding system → its OID
    statuses: Mapping[str, StageWord] = {}  # OBR-25 of these senders, beside or instead of STATUSES
    patient_wait_hours: float = 72.0  # how long a patient whom the registry does not know is waited for
    longest_pause_seconds: float = 300.0  # between two attempts

    @property
    def stages(self) -> Mapping[str, StageWord]:
        """OBR-25 → what it is to the report's life."""
        return {**STATUSES, **self.statuses}

    def sender_of(self, names: set[str]) -> Sender | None:
        """The sender that one of the names means, else the one for any; None where there is none."""
        named = next((item for item in self.senders if item.facility and item.facility in names), None)
        return named or next((item for item in self.senders if not item.facility), None)


def load_feed_settings(path: Path) -> FeedSettings:
    """Read the settings of a feed; relative paths start at the file's folder.

    Raises
    ------
    SettingsError
        The file cannot be read, or says something that it may not.
    """
    base = path.absolute().parent
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not valid TOML: {error}") from None

    def special(hint: Any, value: Any) -> Any:
        if hint is ZoneInfo:
            return _zone(value)
        return base / value if hint is Path and isinstance(value, str) else value

    try:
        settings = msgspec.convert(values, FeedSettings, dec_hook=special)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from None
    if wrong := _wrongs(settings):
        raise SettingsError(f"{path}: {'; '.join(wrong)}")
    return settings


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError):
        raise msgspec.ValidationError(
            f"{value!r} is no time zone here; write it like America/Toronto"
        ) from None


def _wrongs(settings: FeedSettings) -> list[str]:
    oids = {
        "source_id": settings.source_id,
        "patient_authority": settings.patient_authority,
        **{f"authorities.{name}": oid for name, oid in settings.authorities.items()},
        **{f"code_systems.{name}": oid for name, oid in settings.code_systems.items()},
    }
    for number, sender in enumerate(settings.senders):
        for name in ("institution_oid", "accession_issuer", "code_system", "author_authority"):
            oid = getattr(sender, name)
            if oid is not None:
                oids[f"senders[{number}].{name}"] = oid
    found = [f"{name} must be an OID" for name, oid in oids.items() if not is_oid(oid)]
    found += [
        f"{name} must be an address, http://… or https://…"
        for name in ("repository", "registry")
        if not getattr(settings, name).startswith(("http://", "https://"))
    ]
    if settings.mllp.certificate is None and (settings.mllp.key or settings.mllp.client_ca):
        found.append("mllp.key and mllp.client_ca go with mllp.certificate")
    if not settings.senders:
        found.append("senders: name at least one, [[senders]] with institution_name and institution_oid")
    if not settings.mllp.port and settings.folder is None:
        found.append("nothing is fed: say mllp.port or folder")
    return found
