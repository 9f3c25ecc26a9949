"""Test plans as they stand in their files, checked when they are loaded."""

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec

from xds.conformance.checks import CHECKS
from xds.conformance.target import OPTIONS
from xds.model import DocumentEntry, Folder, SubmissionSet

PLAN_NEEDS: Final = ("registry", "repository", "pid-feed", "known-patients")
_OBJECTS: Final = {"documents": DocumentEntry, "folders": Folder, "set": SubmissionSet}
_OWN_KEYS: Final = frozenset({"id", "without", "attach"})


class PlanError(Exception):
    """A plan file that says something it may not; the text names the file and the place."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Expectation(_Table, frozen=True, kw_only=True):
    """One assertion about an answer."""

    id: str
    check: str  # a name of checks.CHECKS
    section: str = ""  # by default the step's
    of: str = ""  # XPath on the answer's envelope, or a document's uniqueId, or a segment's field
    equals: str | int | tuple[str, ...] | None = None
    code: str | tuple[str, ...] = ()  # errorCodes, one of which is meant
    text: str = ""


class Link(_Table, frozen=True, kw_only=True):
    """An Association of a submission beside those of the SubmissionSet to its objects."""

    type: str  # a name of urns.toml, or a URN
    source: str
    target: str
    id: str = ""
    documentation: str = ""  # code^^scheme
    slots: dict[str, tuple[str, ...]] = {}
    in_set: bool = False  # whether the SubmissionSet has it as a member (needed for those of Folders)


class SubmissionSpec(_Table, frozen=True, kw_only=True):
    """Metadata of a submission; what is left out has the values of `metadata.py`."""

    documents: tuple[dict[str, Any], ...] = ()
    folders: tuple[dict[str, Any], ...] = ()
    set: dict[str, Any] = {}
    associations: tuple[Link, ...] = ()
    references: tuple[str, ...] = ()  # registered DocumentEntries that the SubmissionSet refers to
    patient: str = "${cx.patient}"


class QuerySpec(_Table, frozen=True, kw_only=True):
    """A stored query with its parameters as they travel."""

    name: str = ""  # FindDocuments
    id: str = ""  # or its UUID
    return_type: str = "LeafClass"
    home: str = ""
    parameters: tuple[tuple[str, ...], ...] = ()  # name, then each rim:Value


class RetrieveSpec(_Table, frozen=True, kw_only=True):
    """One xds:DocumentRequest."""

    document: str
    repository: str
    home: str = ""


class Hl7Spec(_Table, frozen=True, kw_only=True):
    """An HL7 v2 message; MSH and EVN are made for it."""

    event: str  # "A04"
    structure: str = ""  # "ADT_A01"
    version: str = "2.3.1"  # MSH-12
    sender: str = "CONFORMANCE"  # MSH-3
    segments: tuple[str, ...]


class Edit(_Table, frozen=True, kw_only=True):
    """A change of the body before it is sent, where `at` (XPath) is; it has to be somewhere."""

    at: str
    set: dict[str, str] = {}
    unset: tuple[str, ...] = ()
    text: str | None = None
    slots: dict[str, tuple[str, ...]] = {}
    append: str = ""  # XML
    remove: bool = False


class EnvelopeSpec(_Table, frozen=True, kw_only=True):
    """What is unusual about the envelope or the way that it is packed."""

    action: str | None = None
    message_id: str = ""
    reply_to: str = ""
    headers: str = ""  # further SOAP headers, XML
    soap11: bool = False
    content_type: str = ""
    packing: Literal["", "mtom", "inline-mtom", "plain"] = ""


class Step(_Table, frozen=True, kw_only=True):
    """A message, and what its answer has to be."""

    id: str
    says: str
    transaction: str  # a key of wire.toml, or "ITI-8", "ITI-64"
    section: str
    to: Literal["", "registry", "repository"] = ""
    answer: Literal["response", "fault", "ack"] = "response"
    submission: SubmissionSpec | None = None
    query: QuerySpec | None = None
    retrieve: tuple[RetrieveSpec, ...] = ()
    hl7: Hl7Spec | None = None
    body: str = ""  # XML, or "@" and the name of one of the plan's bodies
    edit: tuple[Edit, ...] = ()
    envelope: EnvelopeSpec = EnvelopeSpec()
    wait: float = 0.0  # seconds before it is sent
    capture: dict[str, str] = {}  # name → XPath
    expect: tuple[Expectation, ...] = ()


class Plan(_Table, frozen=True, kw_only=True):
    """A test plan."""

    id: str
    title: str
    about: str
    covers: tuple[str, ...] = ()  # ids of public test plans whose behaviour it re-creates
    needs: tuple[str, ...]  # of PLAN_NEEDS
    options: tuple[str, ...] = ()  # of target.OPTIONS
    patients: tuple[str, ...] = ("patient",)  # made known before the first step
    documents: dict[str, str] = {}  # content by name; others get a line of text
    bodies: dict[str, str] = {}  # XML that several steps send, each with edits of its own
    steps: tuple[Step, ...]
    digest: str = ""  # SHA-256 of the file; never in it

    @property
    def transactions(self) -> tuple[str, ...]:
        """Numbers of the transactions that it uses, in order, each once."""
        return tuple(dict.fromkeys(step.transaction.split()[0] for step in self.steps))


@cache
def load_plans() -> tuple[Plan, ...]:
    """Load every plan, in the order of their file names.

    Raises
    ------
    PlanError
        A file is wrong.
    """
    folder = files("xds.conformance").joinpath("plans")
    found = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name
    )
    plans: list[Plan] = []
    for item in found:
        octets = item.read_bytes()
        for plan in read_plans(octets, item.name):
            if plan.id in {known.id for known in plans}:
                raise PlanError(f"{item.name}: there is another plan {plan.id}")
            plans.append(plan)
    return tuple(plans)


def read_plans(octets: bytes, name: str) -> tuple[Plan, ...]:
    """Read the plans of one file: each a table of the array ``plans``.

    Raises
    ------
    PlanError
        No TOML, an unknown key, or a plan that contradicts itself.
    """
    try:
        tables = tomllib.loads(octets.decode("utf-8")).get("plans", [])
        plans = msgspec.convert(tables, tuple[Plan, ...], strict=True)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise PlanError(f"{name}: {error}") from None
    digested = []
    for plan, table in zip(plans, tables, strict=True):
        _check(plan, name)
        digest = hashlib.sha256(msgspec.json.encode(table, order="sorted")).hexdigest()
        steps = tuple(_with_body(step, plan, name) for step in plan.steps)
        digested.append(msgspec.structs.replace(plan, digest=digest, steps=steps))
    return tuple(digested)


def _with_body(step: Step, plan: Plan, name: str) -> Step:
    if not step.body.startswith("@"):
        return step
    body = plan.bodies.get(step.body[1:])
    if body is None:
        raise PlanError(f"{name}: {plan.id}/{step.id}: the plan has no body {step.body[1:]}")
    return msgspec.structs.replace(step, body=body)


def _check(plan: Plan, name: str) -> None:
    where = f"{name}: {plan.id}"
    for word in set(plan.needs) - set(PLAN_NEEDS):
        raise PlanError(f"{where} needs {word}; a plan may need {', '.join(PLAN_NEEDS)}")
    for word in set(plan.options) - set(OPTIONS):
        raise PlanError(f"{where} has the option {word}; known are {', '.join(OPTIONS)}")
    _each_once([step.id for step in plan.steps], f"{where}: step")
    for step in plan.steps:
        _check_step(step, f"{where}/{step.id}")


def _check_step(step: Step, where: str) -> None:
    kinds = [bool(item) for item in (step.submission, step.query, step.retrieve, step.hl7, step.body)]
    if sum(kinds) != 1:
        raise PlanError(f"{where} needs one of submission, query, retrieve, hl7 and body")
    _each_once([item.id for item in step.expect], f"{where}: assertion")
    for item in step.expect:
        if item.check not in CHECKS:
            raise PlanError(
                f"{where}/{item.id}: no check is named {item.check}; known are {', '.join(CHECKS)}"
            )
    if step.submission is not None:
        _check_keys(step.submission, where)


def _check_keys(submission: SubmissionSpec, where: str) -> None:
    tables = {"documents": submission.documents, "folders": submission.folders, "set": (submission.set,)}
    for kind, items in tables.items():
        known = {item.name for item in fields(_OBJECTS[kind])} | _OWN_KEYS
        for table in items:
            if strange := set(table) - known:
                raise PlanError(f"{where}: {kind} have no {', '.join(sorted(strange))}")


def _each_once(ids: Sequence[str], what: str) -> None:
    for item in ids:
        if ids.count(item) > 1:
            raise PlanError(f"{what} {item} is there {ids.count(item)} times")
