"""Whether a report is whole and true: every verdict has to follow from the octets that it holds."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from xds.conformance.answer import Answer
from xds.conformance.checks import Asked, judge
from xds.conformance.compose import compose, compose_hl7
from xds.conformance.exchange import Octets
from xds.conformance.names import Names, UnknownName, fill
from xds.conformance.plan import Expectation, Plan, Step
from xds.conformance.report import FORMAT, PlanResult, Report, StepResult, TargetRecord, Verdict, counted
from xds.conformance.runner import ask, captured_value, expectations, feeding, role_of
from xds.conformance.target import Target

_BOUNDARY: Final = re.compile(r'boundary="MIMEBoundary-([0-9a-f-]+)"')


def verify(report: Report, plans: Sequence[Plan]) -> list[str]:
    """Make every request of a report anew, and evaluate every assertion again.

    Parameters
    ----------
    plans
        Those of this version: a report of other plans cannot be checked.

    Returns
    -------
    What is wrong, a sentence each; nothing when all is well.
    """
    problems: list[str] = []
    if report.format != FORMAT:
        problems.append(f"the report has the format {report.format}, this version reads {FORMAT}")
    if report.counts != counted(report.plans):
        problems.append("the counts are not those of its plans")
    known = {plan.id: plan for plan in plans}
    for result in report.plans:
        plan = known.get(result.id)
        if plan is None:
            problems.append(f"{result.id}: there is no such plan in this version")
        elif plan.digest != result.digest:
            problems.append(f"{result.id}: the plan of this version is another one (by its SHA-256)")
        else:
            problems += _plan(result, plan, report)
    return problems


def _plan(result: PlanResult, plan: Plan, report: Report) -> Iterator[str]:
    if result.verdict is Verdict.NOT_RUN:
        if result.steps or not result.reason:
            yield f"{plan.id}: it was not run, and has steps or no reason"
        return
    feeds = tuple(feeding(name) for name in plan.patients) if report.target.pid_feed else ()
    steps = (*feeds, *plan.steps)
    if [step.id for step in result.steps] != [step.id for step in steps]:
        yield f"{plan.id}: its steps are not those of the plan"
        return
    if result.verdict is not Verdict.of(step.verdict for step in result.steps):
        yield f"{plan.id}: {result.verdict} does not follow from its steps"
    names = _names(result, plan, report)
    for step, found in zip(steps, result.steps, strict=True):
        yield from (f"{plan.id}/{step.id}: {problem}" for problem in _step(found, step, names, report.target))


def _names(result: PlanResult, plan: Plan, report: Report) -> Names:
    """The recorded names, without those that an answer gave: they come out of the answers again."""
    target = Target(authority=report.target.authority, codes=report.target.codes)
    names = Names(plan, target, seed="", patients=iter(()))
    captured = {name for step in plan.steps for name in step.capture}
    names.known = {key: value for key, value in result.names.items() if key not in captured}
    return names


def _step(found: StepResult, step: Step, names: Names, target: TargetRecord) -> Iterator[str]:
    address = _address(step, target)
    try:
        request = _composed(step, names, address)
        wanted = [(item, ask(item, names)) for item in expectations(step, names)]
    except UnknownName as error:
        if found.verdict is not Verdict.NOT_RUN or not found.reason or found.exchange is not None:
            yield f"it was run though {error} was not known, or has no reason"
        return
    if found.verdict is Verdict.NOT_RUN:
        yield "it was not run though all that it needs was known"
        return
    if found.exchange is None:
        yield "its exchange is missing"
        return
    sent = found.exchange.request
    if found.exchange.address != address:
        yield f"it was sent to {found.exchange.address}, the system under test is {address}"
    elif _comparable(sent.header("Content-Type"), sent.body) != request:
        yield "its request is not the one that the plan sends"
    yield from _judgements(found, step, wanted, names)


def _address(step: Step, target: TargetRecord) -> str:
    if step.hl7 is not None:
        return f"mllp://{target.pid_feed}"
    return (target.registry if role_of(step) == "registry" else target.repository) or ""


def _composed(step: Step, names: Names, address: str) -> tuple[str, bytes]:
    if step.hl7 is not None:
        return _comparable("", Octets.of(compose_hl7(step.id, step.hl7, names)))
    message = compose(step, names, address)
    return _comparable(message.content_type, Octets.of(message.octets))


def _comparable(content_type: str, body: Octets) -> tuple[str, bytes]:
    """A request without the random part of its boundary; octets that cannot be read are none."""
    try:
        octets = body.octets()
    except ValueError:
        return content_type, b""
    token = _BOUNDARY.search(content_type)
    if token is None:
        return content_type, octets
    return content_type.replace(token[1], ""), octets.replace(token[1].encode(), b"")


def _judgements(
    found: StepResult, step: Step, wanted: list[tuple[Expectation, Asked]], names: Names
) -> Iterator[str]:
    assert found.exchange is not None  # noqa: S101  # looked at before
    answer = Answer(found.exchange)
    ids = [item.id for item, _ in wanted] + [f"capture-{name}" for name in step.capture]
    if [item.id for item in found.judgements] != ids:
        yield "its assertions are not those of the plan"
        return
    for recorded, (_, asked) in zip(found.judgements, wanted, strict=False):
        again = judge(answer, asked)
        if recorded.asked != asked:
            yield f"{recorded.id}: what it asks is not what the plan asks"
        elif again.passed != recorded.passed:
            yield f"{recorded.id}: recorded as {_word(recorded.passed)}, the answer says {_word(again.passed)}"
        elif again.found != recorded.found:
            yield f"{recorded.id}: it found {again.found}, the report says {recorded.found}"
    for name, path in step.capture.items():
        value, _ = captured_value(answer, fill(path, names.__getitem__))
        if value != found.captured.get(name):
            yield f"capture-{name}: the answer gives {value}, the report says {found.captured.get(name)}"
        if value is not None:
            names.known[name] = value
    passed = all(item.passed for item in found.judgements)
    if found.verdict is not (Verdict.PASSED if passed else Verdict.FAILED):
        yield f"{found.verdict} does not follow from its assertions"


def _word(passed: bool) -> str:
    return "passed" if passed else "failed"
