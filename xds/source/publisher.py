"""Publishes what waits in the queue: one message after the other, each exam's in its order."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, NoReturn

from xds.client import ClientError, RegistryClient, RepositoryClient, SoapFault, status_update
from xds.hl7v2 import UnreadableMessage, read
from xds.model import (
    AvailabilityStatus,
    DocumentEntry,
    DuplicateUniqueIdInRegistry,
    RegistryResponse,
    StoredQuery,
    XdsError,
    has_error,
)
from xds.source.life_cycle import Action, Step, decide
from xds.source.oru import ExamReport, Mapping, read_report
from xds.source.queue import Queue, Waiting
from xds.source.settings import FeedSettings
from xds.source.submission import Ids, Target, make_submission

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 0.5
_FIRST_PAUSE_SECONDS: Final = 1.0
_PASSING: Final = frozenset(
    {
        "XDSRegistryBusy",
        "XDSRepositoryBusy",
        "XDSRegistryNotAvailable",
        "XDSRegistryOutOfResources",
        "XDSRepositoryOutOfResources",
        "XDSRegistryError",
        "XDSRepositoryError",
    }
)
"""Answers that say nothing against the submission: it is sent again, as long as it takes."""
_UNKNOWN_PATIENT: Final = "XDSUnknownPatientId"


class _Later(Exception):
    """Not now; the text says why."""

    def __init__(self, reason: str, *, is_patient: bool = False) -> None:
        super().__init__(reason)
        self.is_patient = is_patient  # the patient's own feed may still be under way


class _Never(Exception):
    """Not as it is: a person has to look; the text says why."""


class Publisher(threading.Thread):
    """Takes from the queue until it is stopped.

    Parameters
    ----------
    clock
        Seconds since the epoch.
    """

    def __init__(
        self,
        queue: Queue,
        settings: FeedSettings,
        repository: RepositoryClient,
        registry: RegistryClient,
        *,
        mapping: Mapping | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name="publisher", daemon=True)
        self._queue = queue
        self._settings = settings
        self._repository = repository
        self._registry = registry
        self._mapping = mapping
        self._clock = clock
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End after the message under way."""
        self._stopped.set()

    def run(self) -> None:
        """Publish until stopped."""
        while not self._stopped.is_set():
            try:
                if not self.step():
                    self._queue.wait(_BEAT_SECONDS)
            except Exception:
                log.exception("feed: the publisher failed; it goes on")
                self._stopped.wait(_FIRST_PAUSE_SECONDS)

    def step(self) -> bool:
        """Handle the message whose turn it is; False where there is none."""
        item = self._queue.next(self._clock())
        if item is None:
            return False
        try:
            self._handle(item)
        except _Never as error:
            self._bury(item, str(error))
        except _Later as error:
            self._postpone(item, str(error), is_patient=error.is_patient)
        except ClientError as error:
            if isinstance(error, SoapFault) and error.code in ("Sender", "Client"):
                self._bury(item, f"the service answered with a fault: {error}")
            else:
                self._postpone(item, str(error), is_patient=False)
        except Exception as error:
            # One message that we cannot handle must not hold the others.
            log.exception("feed: a message failed", extra={"key": item.key[:12]})
            self._bury(item, f"it could not be handled ({type(error).__name__}); the log says more")
        return True

    def _handle(self, item: Waiting) -> None:
        report = self._report(item)
        if report.exam_key != item.exam:
            self._queue.place(item.key, report.exam_key)
            item = replace(item, exam=report.exam_key)
        step = decide(report.stage, self._queue.documents(item.exam))
        if item.attempts and self._is_registered(Ids(key=item.key).submission_set):
            self._done(item, report, step)  # the answer of an earlier attempt was lost
            return
        if step.action is Action.IMPOSSIBLE:
            raise _Never(step.reason)
        if step.action is Action.NOTHING:
            self._queue.nothing(item.key, step.reason)
            log.info("feed: nothing to do", extra={"key": item.key[:12], "reason": step.reason})
            return
        self._queue.begin(item.key)
        if step.action is Action.WITHDRAW:
            for unique_id in step.targets:
                self._deprecate(unique_id)
        else:
            step = self._provide(item, report, step)
        self._done(item, report, step)

    def _report(self, item: Waiting) -> ExamReport:
        try:
            reading = read_report(read(item.octets), self._settings, self._mapping)
        except UnreadableMessage as error:
            raise _Never(error.text) from None
        if reading.report is None:
            raise _Never("; ".join(map(str, reading.errors)))
        return reading.report

    def _provide(self, item: Waiting, report: ExamReport, step: Step) -> Step:
        """Send a report; return what was really done."""
        target = None
        if step.action in (Action.REPLACE, Action.APPEND):
            entry = self._approved(step.targets[0])
            if entry is not None:
                target = Target(unique_id=step.targets[0], entry_uuid=entry.entry_uuid)
            elif step.action is Action.APPEND:
                raise _Never("the report that the addendum belongs to is not Approved at the registry")
            else:  # another withdrew or removed it: there is nothing to replace
                step = replace(
                    step, action=Action.PUBLISH, reason="the earlier report was not Approved any more"
                )
        made = make_submission(report, item.key, item.received, step.action, target, self._settings.source_id)
        response = self._repository.provide(
            made.submission,
            {made.entry.entry_uuid: made.document},
            message_id=Ids(key=item.key).message_id(item.attempts),
        )
        # A duplicate: an attempt that we gave up was carried out after all, beside this one.
        is_duplicate = any(item.code == DuplicateUniqueIdInRegistry.code for item in response.findings)
        if not (is_duplicate and self._is_registered(Ids(key=item.key).submission_set)):
            _judge(response)
        return step

    def _done(self, item: Waiting, report: ExamReport, step: Step) -> None:
        withdraws = step.action is Action.WITHDRAW
        gone: tuple[str, ...] = () if step.action is Action.APPEND else step.targets
        if step.action is Action.REPLACE:
            # The registry deprecates what was added to a report with the report (ITI TF-2 3.42.4.1.3.5).
            gone = tuple(one.unique_id for one in self._queue.documents(item.exam))
        self._queue.published(
            item,
            unique_id="" if withdraws else Ids(key=item.key).document,
            stage=report.stage,
            gone=gone,
            unmapped=None if withdraws else report.unmapped,
            reason=step.reason,
        )
        log.info(
            "feed: published",
            extra={"key": item.key[:12], "action": step.action.value, "stage": report.stage.value},
        )

    def _deprecate(self, unique_id: str) -> None:
        """Withdraw a document (ITI-57); it stays at the registry as Deprecated, and shows that it was there."""
        entry = self._approved(unique_id)
        if entry is None:
            return  # it is done
        update = status_update(entry, AvailabilityStatus.DEPRECATED, source_id=self._settings.source_id)
        _judge(self._registry.update(update))

    def _approved(self, unique_id: str) -> DocumentEntry | None:
        answer = self._registry.get_documents(unique_ids=(unique_id,))
        if has_error(answer.findings):
            _refuse(answer.findings)
        found = [
            entry
            for entry in answer.objects.document_entries
            if entry.availability_status is AvailabilityStatus.APPROVED
        ]
        return found[-1] if found else None

    def _is_registered(self, submission_set: str) -> bool:
        answer = self._registry.stored_query(
            StoredQuery.GET_SUBMISSION_SET_AND_CONTENTS, {"$XDSSubmissionSetUniqueId": submission_set}
        )
        if has_error(answer.findings):
            _refuse(answer.findings)
        return bool(answer.objects.submission_sets)

    def _postpone(self, item: Waiting, reason: str, *, is_patient: bool) -> None:
        if is_patient and self._is_over(item):
            hours = self._settings.patient_wait_hours
            self._bury(
                item, f"{reason}; waited for {hours:g} h. Feed the patient (ITI-8, ITI-44), then retry"
            )
            return
        pause = min(
            _FIRST_PAUSE_SECONDS * 2.0 ** min(item.attempts, 16), self._settings.longest_pause_seconds
        )
        # Not all exams at the same moment.
        self._queue.later(item.key, self._clock() + pause * random.uniform(0.75, 1.0), reason)  # noqa: S311
        log.warning(
            "feed: not published yet",
            extra={"key": item.key[:12], "attempt": item.attempts + 1, "seconds": round(pause)},
        )

    def _is_over(self, item: Waiting) -> bool:
        received = datetime.strptime(item.received, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        end = received + timedelta(hours=self._settings.patient_wait_hours)
        return self._clock() > end.timestamp()

    def _bury(self, item: Waiting, reason: str) -> None:
        self._queue.dead(item.key, reason)
        log.error("feed: dead letter", extra={"key": item.key[:12], "attempt": item.attempts + 1})


def _judge(response: RegistryResponse) -> None:
    if not response.is_success:
        _refuse(response.findings)


def _refuse(findings: tuple[XdsError, ...]) -> NoReturn:
    """Raise what an answer that says no means."""
    errors = [item for item in findings if item.is_error] or list(findings)
    codes = {item.code for item in errors}
    if codes and codes <= _PASSING:
        raise _Later(f"the service answered {', '.join(sorted(codes))}")
    if codes == {_UNKNOWN_PATIENT}:
        raise _Later("the registry does not know the patient", is_patient=True)
    # Contexts may quote values of the metadata: they stay in the queue, which is private, and out of the log.
    texts = [f"{item.code}: {item.context}" for item in errors] or ["it gave no reason"]
    raise _Never("the service refused it: " + "; ".join(texts))
