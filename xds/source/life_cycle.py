"""The life of an exam's report: what a message does to what was published before (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """What a message brings."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    ADDENDUM = "addendum"  # nothing but an addition to the report
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"  # the order; there may never have been a report


class Action(StrEnum):
    """What is to be done."""

    PUBLISH = "publish"
    REPLACE = "replace"  # RPLC
    APPEND = "append"  # APND
    WITHDRAW = "withdraw"  # what is Approved becomes Deprecated (ITI-57)
    NOTHING = "nothing"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A document of the exam that this feed published, and that it did not withdraw or replace."""

    unique_id: str
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a message comes to."""

    action: Action
    targets: tuple[str, ...] = ()  # uniqueIds that are replaced, added to or withdrawn
    reason: str = ""  # why nothing is done, or what a person should know


def decide(stage: Stage, earlier: Sequence[Published]) -> Step:
    """Say what a message does, given what is there in the order of publishing."""
    reports = [item for item in earlier if item.stage is not Stage.ADDENDUM]
    report = reports[-1] if reports else None
    if stage in (Stage.WITHDRAWN, Stage.CANCELLED):
        if earlier:
            # What adds to a report goes first: it may not stand alone.
            return Step(action=Action.WITHDRAW, targets=tuple(item.unique_id for item in reversed(earlier)))
        if stage is Stage.CANCELLED:
            return Step(action=Action.NOTHING, reason="the order was cancelled before a report came")
        return Step(
            action=Action.IMPOSSIBLE,
            reason="a report is withdrawn that this feed did not publish; withdraw it with"
            " `xds update UID --status deprecated` if another published it",
        )
    if stage is Stage.ADDENDUM:
        if report is None:
            return Step(
                action=Action.IMPOSSIBLE,
                reason="an addendum came without the report that it adds to; send the report, then retry",
            )
        return Step(action=Action.APPEND, targets=(report.unique_id,))
    if report is None:
        return Step(action=Action.PUBLISH)
    if stage is Stage.PRELIMINARY and report.stage is not Stage.PRELIMINARY:
        return Step(action=Action.NOTHING, reason="a preliminary report came after the final one")
    return Step(action=Action.REPLACE, targets=(report.unique_id,))
