"""What the API for consent is asked: one JSON object, every wrong thing in it told at once."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from xds.access import DirectiveKind

Action = Literal["set", "lift", "override", "end", "list"]
MAX_HOURS: Final = 168
_ID_CHARS: Final = 256
_REASON_CHARS: Final = 1_000
_ASSERTION_CHARS: Final = 128 * 1024


class ApiRefusal(Exception):
    """A request that is not done.

    Parameters
    ----------
    status
        Of HTTP.
    error
        A stable word for programs.
    reason
        What was wrong and how to mend it; nothing of a patient.
    findings
        Each thing that is wrong, where there may be several.
    """

    def __init__(
        self,
        status: int,
        error: str,
        reason: str,
        *,
        findings: Iterable[str] = (),
        headers: tuple[tuple[str, str], ...] = (),
        log_detail: str = "",
        counts: bool = False,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.reason = reason
        self.findings = tuple(findings)
        self.headers = headers
        self.log_detail = log_detail
        self.counts = counts  # whether it is a failed authentication of the sender


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRequest:
    """A change of consent, or a look at it."""

    action: Action
    patient: str  # CX
    kind: DirectiveKind = DirectiveKind.DOMAIN
    target: str = ""
    reason: str = ""
    custodian: str = ""
    organization: str = ""
    person: str = ""
    hours: int | None = None
    number: int = 0
    assertion: str = ""  # base64 of a saml:Assertion


@dataclass(frozen=True, slots=True)
class _Text:
    chars: int = _ID_CHARS
    lines: bool = False  # whether it may have line breaks

    def wrong(self, value: object) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return "has to be a text that is not empty"
        if len(value) > self.chars:
            return f"is longer than {self.chars} characters"
        allowed = "\t\r\n" if self.lines else ""
        if any(not (char.isprintable() or char in allowed) for char in value):
            return "has characters that cannot be printed"
        return None


@dataclass(frozen=True, slots=True)
class _Number:
    most: int

    def wrong(self, value: object) -> str | None:
        if type(value) is not int or not 1 <= value <= self.most:
            return f"has to be a whole number from 1 to {self.most}"
        return None


@dataclass(frozen=True, slots=True)
class _OneOf:
    words: tuple[str, ...]

    def wrong(self, value: object) -> str | None:
        return None if value in self.words else f"has to be one of {', '.join(self.words)}"


_FIELDS: Final[Mapping[str, _Text | _Number | _OneOf]] = {
    "action": _OneOf(("set", "lift", "override", "end", "list")),
    "patient": _Text(),
    "kind": _OneOf(tuple(item.value for item in DirectiveKind)),
    "target": _Text(),
    "reason": _Text(_REASON_CHARS, lines=True),
    "custodian": _Text(),
    "organization": _Text(),
    "person": _Text(),
    "hours": _Number(MAX_HOURS),
    "number": _Number(2**63 - 1),
    "assertion": _Text(_ASSERTION_CHARS, lines=True),
}
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "set": ("patient", "kind", "reason"),
    "lift": ("patient", "kind", "reason"),
    "override": ("patient", "organization", "reason"),
    "end": ("patient", "number"),
    "list": ("patient",),
}
_OPTIONAL: Final[Mapping[str, tuple[str, ...]]] = {
    "set": ("target", "custodian"),
    "lift": ("target",),
    "override": ("person", "hours"),
    "end": (),
    "list": (),
}


def read_request(octets: bytes) -> ConsentRequest:
    """Read what is asked.

    Raises
    ------
    ApiRefusal
        400, with all that is wrong.
    """
    sent = _json_object(octets)
    findings = [] if "action" in sent else ["action is missing"]
    findings += [
        f"{name} {wrong}"
        for name, rule in _FIELDS.items()
        if name in sent and (wrong := rule.wrong(sent[name]))
    ]
    action = sent.get("action")
    if isinstance(action, str) and action in _NEEDED:
        findings += [f"{name} is missing" for name in _NEEDED[action] if name not in sent]
        known = {"action", "assertion", *_NEEDED[action], *_OPTIONAL[action]}
        findings += [
            f"{name} does not go with {action}" for name in _FIELDS if name in sent and name not in known
        ]
    # What else was sent is not told again: a field's name may be anything.
    if unknown := len(sent.keys() - _FIELDS.keys()):
        findings.append(f"{unknown} unknown: there are {', '.join(_FIELDS)}")
    if findings:
        raise ApiRefusal(400, "invalid-request", "The request is not what is expected.", findings=findings)
    values: dict[str, Any] = dict(sent)
    if "kind" in values:
        values["kind"] = DirectiveKind(values["kind"])
    return ConsentRequest(**values)


def _json_object(octets: bytes) -> Mapping[str, object]:
    try:
        sent = json.loads(octets.decode("utf-8"), object_pairs_hook=_unequivocal)
    except (ValueError, RecursionError) as error:
        where = (
            f" at line {error.lineno}, column {error.colno}"
            if isinstance(error, json.JSONDecodeError)
            else ""
        )
        raise ApiRefusal(
            400,
            "not-json",
            f"The body is not JSON in UTF-8 with each name once{where}; send one JSON object.",
        ) from None
    if not isinstance(sent, dict):
        raise ApiRefusal(400, "not-json", "The body is JSON, but no object; send one JSON object.")
    return sent


def _unequivocal(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuse a name that is there twice: two readers would read two requests."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made
