"""What a run found, as one value: written as JSON, JUnit and HTML, and read again."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from lxml import etree

from xds.conformance.checks import Asked
from xds.conformance.exchange import Exchange
from xds.conformance.page import html
from xds.conformance.target import Target

FORMAT: Final = 1
"""Of the JSON report; it grows when a field changes or goes."""


class ReportError(Exception):
    """A file that is no report of ours; the text says why."""


class Verdict(StrEnum):
    """How a plan or a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"

    @classmethod
    def of(cls, verdicts: Iterable["Verdict"]) -> "Verdict":
        """Of the whole: failed when a part failed, or was not run for a fault of an earlier one."""
        return cls.PASSED if all(item is cls.PASSED for item in verdicts) else cls.FAILED


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Judgement(_Record, frozen=True, kw_only=True):
    """One assertion and what was found."""

    id: str
    section: str
    says: str
    asked: Asked
    passed: bool
    found: str


class StepResult(_Record, frozen=True, kw_only=True):
    """One step: what was sent, what came, how it was judged."""

    id: str
    says: str
    transaction: str
    section: str
    verdict: Verdict
    reason: str = ""
    exchange: Exchange | None = None
    judgements: tuple[Judgement, ...] = ()
    captured: dict[str, str] = {}


class PlanResult(_Record, frozen=True, kw_only=True):
    """One plan; `names` are the ids that its messages had."""

    id: str
    title: str
    about: str
    covers: tuple[str, ...]
    transactions: tuple[str, ...]
    digest: str
    verdict: Verdict
    reason: str
    names: dict[str, str]
    steps: tuple[StepResult, ...]


class Counts(_Record, frozen=True, kw_only=True):
    """How many of what."""

    plans: dict[str, int]  # by verdict
    steps: dict[str, int]
    assertions_passed: int
    assertions_failed: int


class TargetRecord(_Record, frozen=True, kw_only=True):
    """What was tested, without its list of patients."""

    registry: str | None
    repository: str | None
    pid_feed: str | None
    authority: str
    without: tuple[str, ...]
    codes: dict[str, str]
    listed_patients: int

    @classmethod
    def of(cls, target: Target) -> "TargetRecord":
        """Take a target over."""
        return cls(
            registry=target.registry,
            repository=target.repository,
            pid_feed=":".join(map(str, target.pid_feed)) if target.pid_feed else None,
            authority=target.authority,
            without=tuple(sorted(target.without)),
            codes=dict(target.codes),
            listed_patients=len(target.patients),
        )


class Report(_Record, frozen=True, kw_only=True):
    """A run of plans against a target."""

    version: str  # of xds
    began: str  # ISO 8601, UTC
    ended: str
    target: TargetRecord
    counts: Counts
    plans: tuple[PlanResult, ...]
    format: int = FORMAT

    @property
    def failed(self) -> bool:
        """Whether a plan failed, or nothing ran at all."""
        return bool(self.counts.plans[Verdict.FAILED]) or not self.counts.plans[Verdict.PASSED]


def counted(plans: Iterable[PlanResult]) -> Counts:
    """Count verdicts."""
    plans = tuple(plans)
    steps = [step for plan in plans for step in plan.steps]
    judgements = [item.passed for step in steps for item in step.judgements]
    return Counts(
        plans={verdict: sum(plan.verdict is verdict for plan in plans) for verdict in Verdict},
        steps={verdict: sum(step.verdict is verdict for step in steps) for verdict in Verdict},
        assertions_passed=sum(judgements),
        assertions_failed=len(judgements) - sum(judgements),
    )


def write_report(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write a report as JSON, HTML and JUnit into a folder; return the files.

    Raises
    ------
    OSError
        They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    began = datetime.fromisoformat(report.began)
    stem = f"conformance-{began:%Y%m%dT%H%M%SZ}"
    written = {
        ".json": msgspec.json.format(msgspec.json.encode(report), indent=1),
        ".html": html(report).encode(),
        ".junit.xml": _junit(report),
    }
    paths = []
    for suffix, octets in written.items():
        path = folder / f"{stem}{suffix}"
        path.write_bytes(octets)
        paths.append(path)
    return tuple(paths)


def read_report(path: Path) -> Report:
    """Read a JSON report.

    Raises
    ------
    ReportError
        It is none, of another format, or parts are missing.
    OSError
        It cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report, strict=True)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} is no whole conformance report: {error}") from None


def _junit(report: Report) -> bytes:
    root = etree.Element("testsuites", name="xds conformance")
    for plan in report.plans:
        cases = [(step, item) for step in plan.steps for item in step.judgements]
        failed = sum(not item.passed for _, item in cases)
        blocked = [step for step in plan.steps if step.verdict is Verdict.NOT_RUN]
        skipped = plan.verdict is Verdict.NOT_RUN
        suite = etree.SubElement(
            root,
            "testsuite",
            name=plan.id,
            tests=str(len(cases) + len(blocked) + skipped),
            failures=str(failed + len(blocked)),
            skipped=str(int(skipped)),
            timestamp=report.began,
        )
        if skipped:
            case = etree.SubElement(suite, "testcase", classname=plan.id, name=plan.title)
            etree.SubElement(case, "skipped", message=plan.reason)
        for step, item in cases:
            case = etree.SubElement(suite, "testcase", classname=f"{plan.id}.{step.id}", name=item.id)
            if not item.passed:
                failure = etree.SubElement(case, "failure", message=_xml_safe(item.says))
                failure.text = _xml_safe(f"found: {item.found} ({item.section})")
        for step in blocked:
            case = etree.SubElement(suite, "testcase", classname=f"{plan.id}.{step.id}", name="not run")
            etree.SubElement(case, "failure", message=_xml_safe(step.reason))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _xml_safe(text: str) -> str:
    return "".join(character if character >= " " or character in "\t\n" else "\ufffd" for character in text)
