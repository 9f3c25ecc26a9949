"""What each rule is, in words: for `xds rules`, and for docs/rules.md, which this module writes.

``python -m xds.rules.document > docs/rules.md``
"""

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from xds.rules.catalogue import ALL_RULES
from xds.rules.rule import Level, Profile, Rule, Strictness

PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)
STRICTNESSES: Final[tuple[Strictness, ...]] = get_args(Strictness)

_HEAD: Final = """\
# Rules

<!-- Made by `python -m xds.rules.document`; a test keeps it true. Change the rules in xds/rules/. -->

Everything that a message can get wrong, in the order in which it is reported: all findings of a message come in one
answer, each with its code, where it was found, what was found and how to mend it. `xds rules explain ID` says more of
one rule, `xds validate FILE` finds them in a message without a server.

How much a rule counts is its **level**: an `error` refuses the message, a `warning` is answered beside Success, and
`off` is not looked for. The level comes from the first of these that says something:

1. a rule marked **always** is an error: storing what breaks it would break the registry, or there is nothing to store;
2. `levels` of the [partner](settings.md#partners) that sent the message, then
   [`rules.levels`](settings.md#rules);
3. the profile (`rules.profile`, a partner's own if it has one): `ihe` is the standard and nothing more, `ontario` adds
   the rules whose ids begin with it;
4. the preset (`rules.strictness`, a partner's own likewise): `field` leaves out what partners commonly get wrong
   without harm, `strict` looks for everything.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """One rule in words."""

    id: str
    section: str
    code: str  # of the RegistryError
    title: str  # what must hold
    detail: str  # what else there is to know, may be empty
    remedy: str
    transactions: tuple[str, ...]
    profile: Profile
    always: bool  # an error that no setting lowers
    levels: Mapping[Profile, Mapping[Strictness, Level]]  # where no setting names the rule


def described(rule: Rule[Any]) -> Description:
    """Put a rule into words."""
    return Description(
        id=rule.id,
        section=rule.section,
        code=rule.error.code,
        title=rule.title,
        detail=inspect.getdoc(rule.find) or "",
        remedy=rule.remedy if rule.remedy.endswith("?") else f"{rule.remedy}.",
        transactions=rule.transactions,
        profile=rule.profile,
        always=rule.essential,
        levels={
            profile: {strictness: rule.preset(strictness, profile) for strictness in STRICTNESSES}
            for profile in PROFILES
        },
    )


def page() -> str:
    """Return the whole of docs/rules.md."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _HEAD
    groups: dict[tuple[tuple[str, ...], Profile], list[Rule[Any]]] = {}
    for rule in ALL_RULES:
        groups.setdefault((rule.transactions, rule.profile), []).append(rule)
    for (transactions, profile), rules in groups.items():
        in_profile = "" if profile == "ihe" else f", profile `{profile}`"
        yield f"## {', '.join(transactions)}{in_profile}\n"
        yield "| rule | what must hold | `field` | `strict` | code | section |"
        yield "|---|---|---|---|---|---|"
        yield from (_row(described(rule)) for rule in rules)
        yield ""


def _row(rule: Description) -> str:
    levels = rule.levels[rule.profile]
    shown = ["**always**" if rule.always else level for level in levels.values()]
    cells = [f"`{rule.id}`", f"{rule.title} {rule.remedy}", *shown, rule.code, rule.section]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())
