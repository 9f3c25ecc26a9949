"""Runs plans against a target: each step sent over a real socket, its answer judged as it came."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from xds import __version__
from xds.conformance.answer import Answer, UnreadableAnswer
from xds.conformance.checks import Asked, expected, judge
from xds.conformance.compose import compose, compose_hl7, message_id
from xds.conformance.exchange import Exchange, post, reachable, send_hl7
from xds.conformance.names import Names, NoPatientLeft, UnknownName
from xds.conformance.plan import Expectation, Hl7Spec, Plan, PlanError, Step
from xds.conformance.report import (
    Judgement,
    PlanResult,
    Report,
    StepResult,
    TargetRecord,
    Verdict,
    counted,
)
from xds.conformance.target import OPTIONS, Target, tls_context
from xds.conformance.wire import wires

HL7_TRANSACTIONS: Final = {"ITI-8": "ITI TF-2 3.8.4.1.4", "ITI-64": "ITI TF-2 3.64.4.1.3"}
_FEED: Final = "feed"
Observer = Callable[[Plan, Step], None]


class Unreachable(Exception):
    """Nobody listens at an address of the target; the text names it and says why."""


class Run:
    """One run: its seed, the target, and who watches.

    Parameters
    ----------
    observer
        Told of each step before it is sent.
    seed
        Makes the fresh ids; by default a new one.
    """

    def __init__(self, target: Target, *, observer: Observer | None = None, seed: str | None = None) -> None:
        self.target = target
        self.seed = seed or uuid.uuid4().hex
        self._observer = observer or (lambda _plan, _step: None)
        self._patients = iter(target.patients)

    def plan(self, plan: Plan) -> PlanResult:
        """Run a plan to its end; a step whose names an earlier answer failed to give is not run."""
        reason = self.reason_not_to_run(plan)
        if reason:
            return self._result(plan, (), {}, reason)
        names = Names(plan, self.target, seed=self.seed, patients=self._patients)
        try:
            steps = tuple(self.step(plan, step, names) for step in self.steps_of(plan, names))
        except NoPatientLeft:
            return self._result(plan, (), {}, "the list of patients that the registry knows is used up")
        return self._result(plan, steps, names.known, "")

    def reason_not_to_run(self, plan: Plan) -> str:
        """Say what of the target a plan lacks; empty when it can run."""
        target = self.target
        given = {
            "registry": (target.registry is not None, "the address of a registry (--registry)"),
            "repository": (target.repository is not None, "the address of a repository (--repository)"),
            "pid-feed": (target.pid_feed is not None, "a patient identity feed (--pid-feed)"),
            "known-patients": (
                target.knows_its_patients,
                "a registry that refuses unknown patients: --pid-feed or --patients",
            ),
        }
        lacking = [given[item][1] for item in plan.needs if not given[item][0]]
        if lacking:
            return f"it needs {', '.join(lacking)}"
        for option in plan.options:
            if option in target.without:
                return f"not claimed: {OPTIONS[option]}"
        return ""

    def steps_of(self, plan: Plan, names: Names) -> Iterator[Step]:
        """The plan's steps, after those that make its patients known."""
        if self.target.pid_feed is not None:
            for patient in plan.patients:
                yield feeding(patient)
        else:
            for patient in plan.patients:
                names[f"cx.{patient}"]
        yield from plan.steps

    def step(self, plan: Plan, step: Step, names: Names) -> StepResult:
        """Send one step and judge its answer."""
        self._observer(plan, step)
        if step.wait:
            time.sleep(step.wait)
        try:
            exchange = self._send(step, names)
            asked = [(item, ask(item, names)) for item in expectations(step, names)]
            where = {name: names.text(path) for name, path in step.capture.items()}
        except UnknownName as error:
            return _blocked(step, f"{error} is not known: an earlier step did not give it")
        return judged(step, exchange, asked, where, names)

    def _send(self, step: Step, names: Names) -> Exchange:
        target = self.target
        if step.hl7 is not None:
            if target.pid_feed is None:
                raise PlanError(f"{step.id} needs the patient identity feed; the plan does not say so")
            octets = compose_hl7(step.id, step.hl7, names)
            tls = (target.tls or tls_context(None, None)) if target.pid_feed_tls else None
            return send_hl7(target.pid_feed, octets, target.timeout, tls)
        role = role_of(step)
        url = target.registry if role == "registry" else target.repository
        if url is None:
            raise PlanError(f"{step.id} needs a {role}; the plan does not say so")
        return post(url, compose(step, names, url), target.timeout, target.tls)

    def _result(
        self, plan: Plan, steps: tuple[StepResult, ...], known: dict[str, str], reason: str
    ) -> PlanResult:
        return PlanResult(
            id=plan.id,
            title=plan.title,
            about=plan.about,
            covers=plan.covers,
            transactions=plan.transactions,
            digest=plan.digest,
            verdict=Verdict.of(step.verdict for step in steps) if not reason else Verdict.NOT_RUN,
            reason=reason,
            names=dict(known),
            steps=steps,
        )


def run_plans(plans: Iterable[Plan], target: Target, *, observer: Observer | None = None) -> Report:
    """Run plans and report.

    Raises
    ------
    Unreachable
        Nobody listens at an address; nothing was sent then.
    PlanError
        A plan is wrong.
    """
    check_reachable(target)
    began = datetime.now(UTC)
    run = Run(target, observer=observer)
    results = tuple(run.plan(plan) for plan in plans)
    return Report(
        version=__version__,
        began=began.isoformat(timespec="seconds"),
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        target=TargetRecord.of(target),
        counts=counted(results),
        plans=results,
    )


def check_reachable(target: Target) -> None:
    """Open a connection to each address of the target.

    Raises
    ------
    Unreachable
    """
    for url in (target.registry, target.repository):
        if url is not None:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            if why := reachable(parts.hostname or "", port, target.timeout):
                raise Unreachable(f"{url} cannot be reached: {why}")
    if target.pid_feed is not None and (why := reachable(*target.pid_feed, target.timeout)):
        raise Unreachable(f"the patient identity feed {target.pid_feed[0]}:{target.pid_feed[1]}: {why}")


def role_of(step: Step) -> str:
    """The actor that a step of SOAP is sent to."""
    return step.to or wires()[step.transaction].role


def feeding(patient: str) -> Step:
    """The step that makes a patient known by ITI-8."""
    return Step(
        id=f"{_FEED}-{patient}",
        says=f"A patient of this plan is made known: {patient}",
        transaction="ITI-8",
        section=HL7_TRANSACTIONS["ITI-8"],
        answer="ack",
        hl7=Hl7Spec(
            event="A04",
            structure="ADT_A01",
            segments=(f"PID|||${{cx.{patient}}}||Sample^Amélie||19710304|F", "PV1||O"),
        ),
        expect=(Expectation(id="accepted", check="field", of="MSA-1", code=("AA", "CA")),),
    )


def expectations(step: Step, names: Names) -> tuple[Expectation, ...]:
    """Everything that is asserted of a step's answer: what its transaction asks of the wire, then its own."""
    if step.hl7 is not None:
        wire = [
            Expectation(id="wire-acknowledged", check="field", of="MSA-2", code=(_control_id(step, names),)),
            Expectation(id="wire-message-type", check="field", of="MSH-9", code=_ack_types(step)),
        ]
        return (*wire, *step.expect)
    row = wires()[step.transaction]
    related = Expectation(id="wire-relates-to", check="relates-to", equals=message_id(step, names))
    section = "ITI TF-2 V.3.2"
    if step.answer == "fault":
        wire = [Expectation(id="wire-http", check="http-error", section="SOAP 1.2 Part 2, 7.5.2.2")]
        return (*wire, *step.expect)
    packed = "mtom" if row.mtom else "plain"
    media = {"mtom": "multipart/related", "plain": "application/soap+xml"}[packed]
    wire = [
        Expectation(id="wire-http", check="http", equals=200, section="SOAP 1.2 Part 2, 7.5.2.2"),
        Expectation(id="wire-content-type", check="content-type", equals=media, section="ITI TF-2 V.8.1"),
        Expectation(id="wire-action", check="action", code=row.answers, section=row.section),
        related,
        Expectation(id="wire-body", check="body", equals=row.body, section=row.section),
    ]
    if row.mtom:
        wire.append(Expectation(id="wire-xop", check="xop", section="ITI TF-2 V.9.3.1"))
    if row.schema:
        wire.append(Expectation(id="wire-schema", check="schema", section="ITI TF-3 4.2.1"))
    return (*[item if item.section else _at(item, section) for item in wire], *step.expect)


def _at(item: Expectation, section: str) -> Expectation:
    return Expectation(id=item.id, check=item.check, equals=item.equals, code=item.code, section=section)


def _control_id(step: Step, names: Names) -> str:
    assert step.hl7 is not None  # noqa: S101  # only called for HL7 steps
    return compose_hl7(step.id, step.hl7, names).decode().split("|")[9]


def _ack_types(step: Step) -> tuple[str, ...]:
    assert step.hl7 is not None  # noqa: S101  # only called for HL7 steps
    return ("ACK", f"ACK^{step.hl7.event}", f"ACK^{step.hl7.event}^ACK")


def ask(item: Expectation, names: Names) -> Asked:
    """Fill the names of an assertion.

    Raises
    ------
    UnknownName
    """
    equals = item.equals if isinstance(item.equals, int) or item.equals is None else names.all(item.equals)
    codes = (item.code,) if isinstance(item.code, str) else item.code
    return Asked(
        check=item.check,
        of=names.text(item.of),
        equals=equals,
        code=tuple(names.text(code) for code in codes),
        text=names.text(item.text),
    )


def judged(
    step: Step,
    exchange: Exchange,
    asked: Iterable[tuple[Expectation, Asked]],
    captures: Mapping[str, str],
    names: Names,
) -> StepResult:
    """Judge an answer and take from it what later steps need: `captures` has an XPath for each name."""
    answer = Answer(exchange)
    judgements = [judgement(answer, item, question, step.section) for item, question in asked]
    captured: dict[str, str] = {}
    for name, where in captures.items():
        value, found = captured_value(answer, where)
        if value is not None:
            captured[name] = names.known[name] = value
        judgements.append(
            Judgement(
                id=f"capture-{name}",
                section=step.section,
                says=f"The answer gives {name}: {where} is there once.",
                asked=Asked(check="capture", of=where),
                passed=value is not None,
                found=found,
            )
        )
    return StepResult(
        id=step.id,
        says=step.says,
        transaction=step.transaction,
        section=step.section,
        verdict=Verdict.PASSED if all(item.passed for item in judgements) else Verdict.FAILED,
        exchange=exchange,
        judgements=tuple(judgements),
        captured=captured,
    )


def judgement(answer: Answer, item: Expectation, asked: Asked, section: str) -> Judgement:
    """Judge one assertion."""
    found = judge(answer, asked)
    return Judgement(
        id=item.id,
        section=item.section or section,
        says=expected(asked),
        asked=asked,
        passed=found.passed,
        found=found.found,
    )


def captured_value(answer: Answer, path: str) -> tuple[str | None, str]:
    """What an XPath of a capture gives: the value, and words for the report."""
    try:
        values = [item for item in answer.texts(path) if item]
    except UnreadableAnswer as error:
        return None, str(error)
    return (values[0], values[0]) if len(values) == 1 else (None, f"{len(values)} values")


def _blocked(step: Step, reason: str) -> StepResult:
    return StepResult(
        id=step.id,
        says=step.says,
        transaction=step.transaction,
        section=step.section,
        verdict=Verdict.NOT_RUN,
        reason=reason,
    )
