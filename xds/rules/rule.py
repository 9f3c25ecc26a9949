"""The layer that rules live in: a rule is one function from a case to what it found, and one entry in a book.

A rule yields ``(location, what)`` for each thing that is wrong; the book adds the error code, the remedy and
the rule's id, and the policy says whether it counts. No rule stops another: the sender gets all findings.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final, Generic, Literal, TypeVar

from xds.model import CodeKey, Severity, XdsError

Level = Literal["off", "warning", "error"]
Strictness = Literal["field", "strict"]
Profile = Literal["ihe", "ontario"]
"""`ihe` is the standard and nothing more; another profile adds rules of its own to it."""

Found = tuple[str, str]
"""Location ("objectId attributeOrSlot") and what was found there, without the remedy."""

SAID: Final = 600
"""Characters of a location, and of what was found, that an answer repeats."""

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)
"""What a rule looks at: one on any registration looks at an update too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """The codes of an affinity domain; what counts is code and codingScheme together (3.42.4.1.3.3.3)."""

    codes: Mapping[str, frozenset[CodeKey]] = field(default_factory=dict)
    """Attribute as the standard spells it ("classCode") → its codes; one that is not here takes any code."""
    mime_types: frozenset[str] | None = None  # lower case, without parameters; None takes any


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What a sender may call its own: a partner what came with its sourceIds, anybody else what is no partner's."""

    name: str | None = None  # of a partner that has proven who it is; None for anybody else
    source_ids: frozenset[str] = frozenset()  # SubmissionSet.sourceId (ITI TF-3 4.2.3.3.9): the partner's …
    taken: frozenset[str] = frozenset()  # … or those of all partners
    repository_ids: frozenset[str] = frozenset()  # repositoryUniqueId of the partner's entries; empty: any …
    taken_repositories: frozenset[str] = frozenset()  # … that is not another partner's
    reads_own: bool = False  # whether it retrieves its own documents only

    def has(self, source_id: str | None) -> bool:
        """Tell whether what came with a sourceId is the sender's; what came with none that is known is no partner's."""
        return source_id in self.source_ids if self.name is not None else source_id not in self.taken

    def has_repository(self, unique_id: str) -> bool:
        """Tell whether entries of the sender may bear a repositoryUniqueId."""
        if self.repository_ids:
            return unique_id in self.repository_ids
        return unique_id not in self.taken_repositories


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RulePolicy:
    """What an affinity domain asks of its partners; the figures are the limits of one message.

    Make one per partner and keep it: which rules count is worked out once for each object.
    """

    strictness: Strictness = "field"
    profile: Profile = "ihe"
    owner: Owner | None = None  # of everything that a message may change; None asks nobody
    unknown_patients: Literal["refuse", "accept"] = "refuse"  # accept: known by its first use (Lite)
    patient_authority: str | None = None  # OID of the domain's patient ids; None takes any authority
    device_id: str | None = None  # OID that HL7 V3 messages name as their receiver; None takes any
    home_community_id: str | None = None  # "urn:oid:…"; None takes any on a submission
    codes: CodeSet | None = None  # None takes any code
    levels: Mapping[str, Level] = field(default_factory=dict)  # rule id → level, before strictness
    max_objects: int = 2_000  # metadata objects of a submission
    max_slot_values: int = 1_000  # values of one Slot
    max_value_length: int = 4_096  # characters of one value
    max_document_bytes: int = 256 * 1024 * 1024
    max_documents: int = 200  # documents of one ITI-41
    max_query_ids: int = 1_000  # values of one list of a stored query
    max_query_parameters: int = 64
    max_query_wildcards: int = 8  # % and _ in one pattern
    max_findings: int = 500  # of one message, so that an answer stays small


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule(Generic[C_contra]):
    """One rule of the standard, or of ours where the standard leaves it open."""

    id: str  # stable: settings and `xds rules explain` name it
    section: str  # of the standard, "ITI TF-2 3.42.4.1.3.3.2"
    error: type[XdsError]
    title: str  # what must hold, in one sentence
    remedy: str  # how a sender mends it
    find: Callable[[C_contra], Iterable[Found]]
    transactions: tuple[str, ...] = ("ITI-42",)
    profile: Profile = "ihe"  # one of another profile is off unless the policy asks for that profile
    strict_only: bool = False  # partners get it wrong without harm: off in `field`
    essential: bool = False  # storing what breaks it would break the registry: no level lowers it
    default_level: Level = "error"  # where it is on and no level is set; "warning" for what should be

    def level(self, policy: RulePolicy) -> Level:
        """Return whether the rule counts under `policy`: set for it, else by profile and strictness."""
        if self.essential:
            return "error"
        return policy.levels.get(self.id) or self.preset(policy.strictness, policy.profile)

    def preset(self, strictness: Strictness, profile: Profile) -> Level:
        """Return the level that the rule has when no setting names it."""
        if self.profile not in ("ihe", profile) or (self.strict_only and strictness == "field"):
            return "off"
        return self.default_level

    def finding(self, found: Found, severity: Severity) -> XdsError:
        """Return what was found as the error that the rule stands for."""
        location, what = (_cut(text) for text in found)
        return self.error(f"{what}. {self.remedy}", location=location, severity=severity, rule=self.id)


def _cut(text: str) -> str:
    """Keep an answer small whatever a sender wrote into an id; what is prescribed stands at the start."""
    return text if len(text) <= SAID else text[:SAID] + "…"


class RuleBook(Generic[C]):
    """Rules in the order in which they were written down."""

    def __init__(self, section: str, transactions: tuple[str, ...], profile: Profile = "ihe") -> None:
        self._section = section
        self._transactions = transactions
        self._profile = profile
        self._rules: list[Rule[C]] = []

    @property
    def rules(self) -> tuple[Rule[C], ...]:
        """All rules so far."""
        return tuple(self._rules)

    def rule(  # noqa: PLR0913  # each is a column of docs/rules.md
        self,
        rule_id: str,
        *,
        error: type[XdsError],
        title: str,
        remedy: str,
        section: str = "",
        strict_only: bool = False,
        essential: bool = False,
        default_level: Level = "error",
        transactions: tuple[str, ...] = (),
    ) -> Callable[[Callable[[C], Iterable[Found]]], Callable[[C], Iterable[Found]]]:
        """Register the decorated function; it stays callable by itself.

        Parameters
        ----------
        transactions
            Where the rule holds, if not in those of the book.

        Raises
        ------
        ValueError
            If the id is taken.
        """
        if any(known.id == rule_id for known in self._rules):
            raise ValueError(f"rule {rule_id} is registered twice")

        def register(find: Callable[[C], Iterable[Found]]) -> Callable[[C], Iterable[Found]]:
            self._rules.append(
                Rule(
                    id=rule_id,
                    section=section or self._section,
                    error=error,
                    title=title,
                    remedy=remedy,
                    find=find,
                    transactions=transactions or self._transactions,
                    profile=self._profile,
                    strict_only=strict_only,
                    essential=essential,
                    default_level=default_level,
                )
            )
            return find

        return register


def run(rules: tuple[Rule[C], ...], case: C, policy: RulePolicy) -> list[XdsError]:
    """Run every rule on `case` and return all findings, in the order of the rules.

    Beyond ``policy.max_findings`` they are not listed; the last finding says so.
    """
    findings: list[XdsError] = []
    for rule, severity in counting(rules, policy):
        for found in rule.find(case):
            if len(findings) >= policy.max_findings:
                more = (found[0], "There are more findings than are listed")
                return [*findings, rule.finding(more, severity)]
            findings.append(rule.finding(found, severity))
    return findings


@lru_cache(maxsize=256)
def counting(rules: tuple[Rule[Any], ...], policy: RulePolicy) -> tuple[tuple[Rule[Any], Severity], ...]:
    """Return the rules that count under a policy, each with the severity of what it finds."""
    levels = ((rule, rule.level(policy)) for rule in rules)
    return tuple(
        (rule, Severity.WARNING if level == "warning" else Severity.ERROR)
        for rule, level in levels
        if level != "off"
    )


def wrong_levels(rules: Iterable[Rule[C]], levels: Mapping[str, Level]) -> list[str]:
    """Say which entries of ``RulePolicy.levels`` cannot be meant: unknown ids, rules that always count."""
    known = {rule.id: rule for rule in rules}
    sentences = []
    for rule_id, level in levels.items():
        if rule_id not in known:
            near = get_close_matches(rule_id, known, n=1)
            sentences.append(f"there is no rule {rule_id}" + (f"; did you mean {near[0]}?" if near else ""))
        elif known[rule_id].essential and level != "error":
            sentences.append(f"rule {rule_id} cannot be set to {level}: it always counts")
    return sentences
