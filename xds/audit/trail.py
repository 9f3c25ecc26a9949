"""The audit log as the house writes it: one trail for each request, and alerts and other events one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from xds.access import NOBODY, AccessContext, Caller
from xds.audit.catalogue import ROWS, Side, System, kind_of
from xds.audit.event import AuditEvent, Outcome, event_time, new_event_id
from xds.model import RegistryResponse, ResponseStatus
from xds.rules import BREACHES


class AuditUnavailable(Exception):
    """An event cannot be kept: what it tells of must not happen."""


class Ledger(Protocol):
    """Where events are kept."""

    def keep(self, events: Sequence[AuditEvent]) -> None:
        """Keep events; on return they are durable beside the metadata.

        Raises
        ------
        AuditUnavailable
            They are not.
        """

    def note(self, events: Sequence[AuditEvent]) -> None:
        """Keep events of what was refused: beside the metadata, or on this machine until that is back.

        Raises
        ------
        AuditUnavailable
            Neither can be written.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """Who we are in the audit log."""

    source: str = ""  # AuditSourceID
    enterprise_site: str = ""  # AuditEnterpriseSiteID
    host: str = ""  # our network access point: a name or address
    process: str = ""  # our process id
    base_url: str = ""  # under which our end points are


class Trail:
    """What one request leaves in the audit log.

    Beside the event of a refusal for ownership stands a Security Alert (security digest 3, A1). The transaction tells
    of its facts with `about`. One that changes something writes `events` in the transaction of
    the change and says so to `answered`; `close` keeps what was not written by then.
    """

    def __init__(self, base: dict[str, Any], ledger: Ledger | None, *, is_own: bool = False) -> None:
        self._base = base
        self._ledger = ledger
        self._is_own = is_own
        self._facts: dict[str, Any] = {}
        self._failed: dict[str, Any] = {}
        self._changes: tuple[tuple[str, str], ...] = ()
        self._response: RegistryResponse | None = None
        self._is_written = False
        self._outcome = Outcome.SERIOUS_FAILURE

    @property
    def is_silent(self) -> bool:
        """Whether nothing is kept: facts that cost something need not be made."""
        return self._ledger is None

    def about(self, **facts: Any) -> None:
        """Tell facts: fields of `AuditEvent`."""
        self._facts.update(facts)

    def fact(self, name: str, default: Any) -> Any:
        """A fact as it was told."""
        return self._facts.get(name, default)

    def about_failed(self, **facts: Any) -> None:
        """Tell facts of the part that failed, where the answer may be a PartialSuccess (3.18.5.1, 3.43.6.1)."""
        self._failed.update(facts)

    def about_changes(self, *changes: tuple[str, str]) -> None:
        """Tell what is done with each patient, as (EventActionCode, patient id): an event each (3.44.5.1)."""
        self._changes = changes

    def events(self, response: RegistryResponse | None = None) -> tuple[AuditEvent, ...]:
        """The events of an answer; without one those of a success."""
        if self._ledger is None:
            return ()
        if response is None or response.is_success:
            return tuple(self._of(Outcome.SUCCESS, self._facts))
        described = {"description": response.outcome()}
        failed = self._of(Outcome.MINOR_FAILURE, {**self._facts, **self._failed, **described})
        alerts = self._alerts(response)
        if response.status is ResponseStatus.PARTIAL_SUCCESS:
            return (*self._of(Outcome.SUCCESS, self._facts), *failed, *alerts)
        return (*failed, *alerts)

    def answered(self, response: RegistryResponse, *, is_written: bool = False) -> None:
        """Tell the answer.

        Parameters
        ----------
        is_written
            Whether `events` of it were committed with what it changed.
        """
        self._response, self._is_written = response, is_written

    def written(self) -> None:
        """Tell that `events` of a success were committed with what was changed."""
        self._response, self._is_written = RegistryResponse(), True

    def accepted(self) -> None:
        """Tell that it is a success; what `written` has told stays."""
        self._response = self._response or RegistryResponse()

    def failed(self, outcome: Outcome) -> None:
        """Tell that the transaction did not come to an answer of its own, whatever it told before."""
        self._response, self._is_written, self._outcome = None, False, outcome

    def close(self, description: str = "") -> None:
        """Keep what is not written yet; committed on return.

        Parameters
        ----------
        description
            Of a request that the transaction did not answer itself.

        Raises
        ------
        AuditUnavailable
            It cannot be kept: no answer may leave.
        """
        if self._ledger is None or self._is_written:
            return
        self._is_written = True
        if self._response is None:
            facts = {**self._facts, **self._failed, "description": description}
            self._ledger.note(tuple(self._of(self._outcome, facts)))
        elif self._response.status is ResponseStatus.FAILURE:
            self._ledger.note(self.events(self._response))
        else:
            self._ledger.keep(self.events(self._response))

    def _alerts(self, response: RegistryResponse) -> Iterable[AuditEvent]:
        """A Security Alert when the sender reached for what is another's, kept with its event in one commit."""
        rules = dict.fromkeys(item.rule for item in response.findings if item.rule in BREACHES)
        if self._is_own or not rules:
            return
        yield AuditEvent(
            event_id=new_event_id(),
            time=event_time(),
            outcome=int(Outcome.SERIOUS_FAILURE),
            **{
                **self._base,
                "kind": str(System.RESTRICTED_FUNCTION),
                "description": f"refused by {', '.join(rules)}",
            },
        )

    def _of(self, outcome: Outcome, facts: dict[str, Any]) -> Iterable[AuditEvent]:
        """An event for each change or, of several patients, for each patient (ITI TF-2 3.20.7.1, 3.51.5.1)."""
        patients = facts.get("patients", ())
        if self._changes:
            each = [{"action": action, "patients": (patient,)} for action, patient in self._changes]
        elif len(patients) > 1 and ROWS[self._base["kind"]].names_patient:
            each = [{"patients": (patient,)} for patient in patients]
        else:
            each = [{}]
        now = event_time()
        for own in each:
            merged = {**self._base, **facts, **own}
            yield AuditEvent(event_id=new_event_id(), time=now, outcome=int(outcome), **merged)


SILENT: Final = Trail({"kind": "ITI-18 server"}, None)
"""The trail of what nobody audits: a transaction called by a test, without a service."""


class AuditLog:
    """Writes the audit log of one process.

    Parameters
    ----------
    ledger
        Where events are kept; None keeps nothing.
    """

    def __init__(self, ledger: Ledger | None, station: Station) -> None:
        self._ledger = ledger
        self.station = station

    def trail(
        self,
        number: str,
        *,
        caller: Caller = NOBODY,
        endpoint: str = "",
        side: Side = Side.SERVER,
        peer: str | None = None,
        is_own: bool = False,
    ) -> Trail:
        """Begin the trail of one request.

        Parameters
        ----------
        number
            Of the transaction, "ITI-42".
        caller
            Who sent it, or for whom we send it.
        endpoint
            URI of the side that serves; of ours the path is enough.
        peer
            Network access point of the other side; by default the caller's address.
        is_own
            Whether this process sent it to itself: whoever asked for it has a trail of their own, which has the alerts.
        """
        if self._ledger is None:
            return SILENT
        return Trail(self._base(kind_of(number, side), caller, endpoint, peer), self._ledger, is_own=is_own)

    def alert(
        self,
        what: System,
        description: str,
        *,
        caller: Caller = NOBODY,
        endpoint: str = "",
        outcome: Outcome = Outcome.SERIOUS_FAILURE,
        **facts: Any,
    ) -> None:
        """Keep a Security Alert or another event that is no transaction; durable on return.

        Parameters
        ----------
        what
            `System.NODE_AUTHENTICATION` for a peer that is not who it has to be, `System.RESTRICTED_FUNCTION` for one
            that may not do what it asked for, and so on.
        description
            The rule and a correlation id; nothing of a patient, no credential.
        facts
            Further fields of `AuditEvent`.

        Raises
        ------
        AuditUnavailable
            Neither the metadata store nor this machine's spool can be written.
        """
        if self._ledger is not None:
            self._ledger.note(
                [self.event(what, description, caller=caller, endpoint=endpoint, outcome=outcome, **facts)]
            )

    def keep(self, *events: AuditEvent) -> None:
        """Keep events beside the metadata, before what they tell of happens.

        Raises
        ------
        AuditUnavailable
            They are not kept.
        """
        if self._ledger is not None:
            self._ledger.keep(events)

    def event(
        self,
        what: System,
        description: str = "",
        *,
        caller: Caller = NOBODY,
        endpoint: str = "",
        outcome: Outcome = Outcome.SUCCESS,
        **facts: Any,
    ) -> AuditEvent:
        """An event that is no transaction, for whoever writes it with a change of their own."""
        base = self._base(str(what), caller, endpoint, None)
        return AuditEvent(
            event_id=new_event_id(),
            time=event_time(),
            outcome=int(outcome),
            **{**base, "description": description, **facts},
        )

    def authenticated(
        self, user: AccessContext | None, *, caller: Caller = NOBODY, refused: str = "", endpoint: str = ""
    ) -> None:
        """Keep that a user was let in, or not and why: an assertion of ITI-40, a login (3.40.4.1.3)."""
        self.alert(
            System.LOGIN,
            refused,
            caller=caller,
            endpoint=endpoint,
            outcome=Outcome.SERIOUS_FAILURE if refused else Outcome.SUCCESS,
            **({} if user is None else {"user": user}),
        )

    def _base(self, kind: str, caller: Caller, endpoint: str, peer: str | None) -> dict[str, Any]:
        station = self.station
        base: dict[str, Any] = {
            "kind": kind,
            "source": station.source,
            "enterprise_site": station.enterprise_site,
            "host": station.host,
            "process": station.process,
            "endpoint": station.base_url + endpoint if endpoint.startswith("/") else endpoint,
            "peer": caller.address if peer is None else peer,
        }
        if caller.partner:
            base["peer_name"] = caller.partner
        if caller.user is not None:
            base["user"] = caller.user
        return base


UNAUDITED: Final = AuditLog(None, Station())
"""Keeps nothing: for tools and tests that run no service."""
