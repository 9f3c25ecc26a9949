"""What `xds doctor` looks at: the process and what it stands on, each end point by a real message, the settings."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import requests

from xds.cli.expiry import credentials
from xds.cli.report import Check, State
from xds.client import ClientError, RegistryClient, RepositoryClient, SoapFault
from xds.client.transport import new_session
from xds.model import (
    DocumentRequest,
    DocumentUniqueIdError,
    ResponseStatus,
    ReturnType,
    StoredQuery,
    UnknownRepositoryId,
    XdsError,
    new_oid,
    new_uuid_urn,
)
from xds.server.footing import unguarded, untested
from xds.server.policies import policies
from xds.settings import GIB, Settings, SettingsError
from xds.soap.permission import ASSERTION_MISSING
from xds.store import (
    AuditReader,
    Backlog,
    EmbeddedPostgres,
    StoreBusy,
    StoreUnavailable,
    locate_binaries,
    open_pool,
    unreliable,
)

_CLOCK_WARN: Final = 5.0  # seconds; the Date header has whole ones
_CLOCK_FAIL: Final = 60.0
_AUDIT_WARN: Final = 300.0  # seconds that an audit event waited for its receiver
_AUDIT_FAIL: Final = 86_400.0
_AUDIT_SECONDS: Final = 10.0  # of a statement
_EXAMPLE_ARC: Final = "2.999"  # ITU-T X.660: for examples only
_Ask = Callable[[str, float, requests.Session], str]
_NOT_HERE: Final = frozenset({DocumentUniqueIdError.code, UnknownRepositoryId.code})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """The service to be examined."""

    base: str  # http://host:port
    registry: str | None  # its end point; None where it has none
    repository: str | None
    settings: Settings | None = None  # where its settings file is at hand


def examine(service: Patient, timeout: float, connections: requests.Session | None = None) -> Iterator[Check]:
    """Yield every check, whatever the ones before it said; `connections` know what to show over TLS."""
    with connections or new_session(service.base) as session:
        yield from _process(session, service.base, timeout)
        if service.registry is not None:
            yield _asked("registry", service.registry, _ask_registry, timeout, session)
        if service.repository is not None:
            yield _asked("repository", service.repository, _ask_repository, timeout, session)
    if service.settings is not None:
        yield _disk(service.settings)
        yield _rules(service.settings)
        yield from audit_deliveries(service.settings)
        yield from credentials(service.settings)
        yield from footing(service.settings)
        yield from assumptions(service.settings)


def _process(session: requests.Session, base: str, timeout: float) -> Iterator[Check]:
    try:
        health = session.get(f"{base}/healthz", timeout=timeout)
    except requests.RequestException:
        yield Check(
            name="process",
            state=State.FAIL,
            said=f"{base} does not answer",
            remedy="start it with xds serve, or say its address with --to",
        )
        return
    if health.ok:
        yield Check(name="process", state=State.OK, said=f"{base} is up")
    else:
        yield Check(
            name="process",
            state=State.FAIL,
            said=f"{base}/healthz answers HTTP {health.status_code}",
            remedy="is this an xds service, is a proxy before it?",
        )
        return
    yield _clock(health.headers.get("Date"))
    yield from _readiness(session, base, timeout)


def _readiness(session: requests.Session, base: str, timeout: float) -> Iterator[Check]:
    try:
        ready = session.get(f"{base}/readyz", timeout=timeout).json()
        parts = {name: bool(value) for name, value in ready.items() if name != "status"}
    except (requests.RequestException, ValueError, AttributeError):
        said, remedy = f"{base}/readyz gives no usable answer", "see the service's log"
        yield Check(name="readiness", state=State.FAIL, said=said, remedy=remedy)
        return
    for name, is_good in parts.items():
        if is_good:
            yield Check(name=name, state=State.OK, said="reachable")
            continue
        remedy = f"see the service's log; is the {name} running and writable?"
        yield Check(name=name, state=State.FAIL, said="the service cannot reach it", remedy=remedy)


def _clock(date: str | None) -> Check:
    try:
        there = parsedate_to_datetime(date or "")
    except ValueError:
        return Check(
            name="clock",
            state=State.WARN,
            said="the service sends no Date",
            remedy="compare its clock by hand",
        )
    seconds = abs((datetime.now(UTC) - there).total_seconds())
    state = State.FAIL if seconds > _CLOCK_FAIL else State.WARN if seconds > _CLOCK_WARN else State.OK
    if state is State.OK:
        return Check(name="clock", state=state, said="the service's clock agrees with this one")
    return Check(
        name="clock",
        state=state,
        said=f"the service's clock and this one are {seconds:.0f} s apart",
        remedy="run a time service (NTP) on both; audit records and signatures need it (ITI TF-1 7, CT)",
    )


def _asked(name: str, url: str, ask: _Ask, timeout: float, session: requests.Session) -> Check:
    began = time.perf_counter()
    try:
        problem = ask(url, timeout, session)
    except SoapFault as fault:
        if fault.detail == ASSERTION_MISSING.id:
            return Check(name=name, state=State.OK, said=f"{url} answers, and asks whom it is asked for")
        return Check(name=name, state=State.FAIL, said=str(fault), remedy="see the service's log")
    except ClientError as error:
        return Check(name=name, state=State.FAIL, said=str(error), remedy="see the service's log")
    if problem:
        return Check(name=name, state=State.FAIL, said=f"{url}: {problem}", remedy="see the service's log")
    milliseconds = (time.perf_counter() - began) * 1000
    return Check(name=name, state=State.OK, said=f"{url} answers, in {milliseconds:.0f} ms")


def _ask_registry(url: str, timeout: float, session: requests.Session) -> str:
    """ITI-18 for an entry that nobody has: Success with nothing in it."""
    with RegistryClient(url, timeout=timeout, session=session) as client:
        answer = client.stored_query(
            StoredQuery.GET_DOCUMENTS, {"entryUUID": [new_uuid_urn()]}, return_type=ReturnType.OBJECT_REF
        )
    return "" if answer.status is ResponseStatus.SUCCESS else _refusal("ITI-18", answer.findings)


def _ask_repository(url: str, timeout: float, session: requests.Session) -> str:
    """ITI-43 for a document that nobody has: that it is not there is the right answer."""
    unknown = DocumentRequest(repository_unique_id=new_oid(), document_unique_id=new_oid())
    with RepositoryClient(url, timeout=timeout, session=session) as client:
        response = client.retrieve_bytes([unknown]).response
    if response.findings and all(finding.code in _NOT_HERE for finding in response.findings):
        return ""
    return _refusal("ITI-43", response.findings)


def _refusal(number: str, findings: tuple[XdsError, ...]) -> str:
    said = "; ".join(f"{finding.code}: {finding.context}" for finding in findings)
    return f"{number} is answered with {said or 'a Failure without a reason'}"


def _disk(settings: Settings) -> Check:
    folder, floor = settings.data_dir, settings.limits.free_space_bytes
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(
            name="disk",
            state=State.FAIL,
            said=f"the data folder {folder} cannot be read ({error.strerror})",
            remedy="mount it, or correct data_dir in the settings",
        )
    state = State.FAIL if free < floor else State.WARN if free < 2 * floor else State.OK
    said = f"{free / GIB:.1f} GiB free in {folder}"
    if state is State.OK:
        return Check(name="disk", state=state, said=said)
    return Check(
        name="disk",
        state=state,
        said=f"{said}; below {floor / GIB:.1f} GiB nothing is accepted any more",
        remedy="make room, or lower limits.free_space_bytes",
    )


def _rules(settings: Settings) -> Check:
    """Levels and code lists as the service reads them at its next start; code lists also while it runs."""
    try:
        policies(settings)
    except SettingsError as error:
        return Check(
            name="rules",
            state=State.FAIL,
            said=str(error),
            remedy="mend it: a service that runs keeps the rules it has, and the next start would be refused",
        )
    rules, partners = settings.rules, len(settings.partners)
    of_their_own = f", {partners} with rules of their own" if partners else ""
    return Check(
        name="rules", state=State.OK, said=f"{rules.strictness}, profile {rules.profile}{of_their_own}"
    )


def audit_deliveries(settings: Settings) -> Iterator[Check]:
    """Yield what each receiver of audit messages waits for: events are never dropped, so a backlog only grows."""
    if not settings.audit.receivers:
        return
    dsn = settings.store.dsn or EmbeddedPostgres(settings.data_dir / "postgresql", locate_binaries()).dsn
    pool = open_pool(
        dsn, size=2, statement_timeout=_AUDIT_SECONDS, idle_in_transaction_timeout=_AUDIT_SECONDS
    )
    try:
        found = {item.receiver: item for item in AuditReader(pool).backlog()}
    except (StoreUnavailable, StoreBusy):
        yield Check(
            name="audit",
            state=State.WARN,
            said="the database does not tell what audit receivers wait for",
            remedy="see the service's log",
        )
        return
    finally:
        pool.close()
    for receiver in settings.audit.receivers:
        yield _delivery(receiver.name, found.get(receiver.name))


def footing(settings: Settings) -> Iterator[Check]:
    """Yield what the next start would be refused for, and whom the service lets in unasked (security digest 10)."""
    dsn = settings.store.dsn or EmbeddedPostgres(settings.data_dir / "postgresql", locate_binaries()).dsn
    try:
        wrongs = [*untested(), *unreliable(dsn)]
    except StoreUnavailable as error:
        wrongs = [str(error)]
    for wrong in wrongs:
        yield Check(
            name="footing", state=State.FAIL, said=wrong, remedy="mend it: the next start would be refused"
        )
    if not wrongs:
        yield Check(name="footing", state=State.OK, said="what is acknowledged is on the database's disk")
    for missing in unguarded(settings):
        yield Check(name="guard", state=State.WARN, said=missing, remedy="before real patients are in")


def _delivery(name: str, backlog: Backlog | None) -> Check:
    if backlog is None:
        said, state = "was never sent anything", State.WARN
    else:
        waited = backlog.oldest_seconds
        state = State.FAIL if waited > _AUDIT_FAIL else State.WARN if waited > _AUDIT_WARN else State.OK
        said = f"{backlog.events} events wait" + (f", the oldest {waited:.0f} s" if backlog.events else "")
    remedy = "" if state is State.OK else "see the service's log for the reason; nothing is lost meanwhile"
    return Check(name=f"audit {name}", state=state, said=said, remedy=remedy)


def assumptions(settings: Settings) -> Iterator[Check]:
    """Yield what the affinity domain has to decide and the settings leave as it was (ontario-di A1, A3, A4, A12)."""
    registry, repository, server = settings.registry, settings.repository, settings.server
    defaults = Settings()
    authority, home = registry.patient_authority, registry.home_community_id
    if authority is None or _is_example(authority):
        yield _open("A1 patient ids", authority, "any authority is taken", "registry.patient_authority")
    if _is_example(repository.unique_id):
        yield _open("A3 repository", repository.unique_id, "", "repository.unique_id")
    if home is None or _is_example(home.removeprefix("urn:oid:")):
        yield _open("A3 community", home, "no homeCommunityId is sent", "registry.home_community_id")
    if registry.codes_file is None:
        yield _open("A4 code lists", None, "any code is taken", "registry.codes_file")
    paths = (server.registry_path, server.repository_path)
    if paths == (defaults.server.registry_path, defaults.server.repository_path):
        yield _open("A12 paths", " and ".join(paths), "", "server.registry_path and server.repository_path")


def _is_example(oid: str) -> bool:
    return oid == _EXAMPLE_ARC or oid.startswith(f"{_EXAMPLE_ARC}.")


def _open(name: str, value: str | None, effect: str, setting: str) -> Check:
    said = f"not set: {effect}" if value is None else f"{value} is what we assumed"
    return Check(
        name=name,
        state=State.WARN,
        said=said,
        remedy=f"agree on it in the affinity domain, then set {setting}",
    )
