"""`xds rules`: what a message is judged by."""

from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from xds.cli.options import json_option
from xds.cli.outcome import Unreadable, write_json
from xds.rules import ALL_RULES, Level, Rule, RulePolicy
from xds.rules.document import PROFILES, STRICTNESSES, Description, described
from xds.server.policies import policies
from xds.settings import SettingsError, load

_WIDE = 300  # columns of a table that is no terminal's: a line each, whatever its length


@click.group(invoke_without_command=True, epilog="Example: xds rules explain 42-codes")
@click.pass_context
def rules(context: click.Context) -> None:
    """The rules that messages are judged by.

    Without a command it lists them.
    """
    if context.invoked_subcommand is None:
        _show(list(ALL_RULES), None)


@rules.command(name="list", epilog="Example: xds rules list --transaction ITI-42 --config xds.toml")
@click.option(
    "--transaction",
    metavar="ITI-…",
    type=click.Choice(sorted({number for rule in ALL_RULES for number in rule.transactions})),
    help="Only those of one transaction.",
)
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="Say how much each counts under a settings file.",
)  # fmt: skip
@click.option("--partner", metavar="NAME", help="… and for a partner that it names.")
@json_option
def list_rules(transaction: str | None, config: Path | None, partner: str | None, as_json: bool) -> None:
    """List the rules: what must hold, and how much it counts.

    Without --config the levels are those of the presets field and strict, where no setting names the rule;
    docs/rules.md says how levels are found.
    """
    if partner is not None and config is None:
        raise click.UsageError("--partner needs --config, the file that names the partner")
    policy = None if config is None else _policy(config, partner)
    found = [rule for rule in ALL_RULES if transaction in (None, *rule.transactions)]
    if as_json:
        write_json({"rules": [_as_json(rule, policy) for rule in found]})
    else:
        _show(found, policy)


@rules.command(epilog="Example: xds rules explain 42-entry-classCode-required")
@click.argument("rule_id", metavar="ID")
@json_option
def explain(rule_id: str, as_json: bool) -> None:
    """Explain one rule: section, error code, levels, and how to mend what breaks it."""
    known = {rule.id: rule for rule in ALL_RULES}
    if rule_id not in known:
        near = get_close_matches(rule_id, known, n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `xds rules list` shows all"
        raise click.BadParameter(f"there is no rule {rule_id}{hint}", param_hint="ID")
    rule = described(known[rule_id])
    if as_json:
        write_json(asdict(rule))
        return
    click.echo(f"{rule.id}: {rule.title}")
    for name, text in _explained(rule):
        click.echo(f"  {name:<12}{text}")


def _policy(config: Path, partner: str | None) -> RulePolicy:
    try:
        made = policies(load(config))
    except SettingsError as error:
        raise Unreadable(str(error)) from None
    if partner is None:
        return made.domain
    known = {item.name: item.policy for item in made.partners}
    if partner not in known:
        names = ", ".join(known) or "none"
        raise click.BadParameter(
            f"{config} names no partner {partner}; it names {names}", param_hint="--partner"
        )
    return known[partner]


def _as_json(rule: Rule[Any], policy: RulePolicy | None) -> dict[str, object]:
    document: dict[str, object] = asdict(described(rule))
    return document if policy is None else {**document, "level": rule.level(policy)}


def _show(found: list[Rule[Any]], policy: RulePolicy | None) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False)
    counts = ("level",) if policy is not None else STRICTNESSES
    for column in ("rule", "transactions", *counts, "code", "section", "what must hold"):
        table.add_column(column, overflow="fold")
    for rule in found:
        words = described(rule)
        levels = [rule.level(policy)] if policy is not None else _presets(words)
        table.add_row(
            rule.id, " ".join(rule.transactions), *levels, words.code, rule.section, rule.title, style=None
        )
    console.print(table)


def _presets(rule: Description) -> list[Level | str]:
    return ["always" if rule.always else level for level in rule.levels[rule.profile].values()]


def _explained(rule: Description) -> list[tuple[str, str]]:
    lines = [
        ("to mend it", rule.remedy),
        ("section", rule.section),
        ("code", rule.code),
        ("checked in", ", ".join(rule.transactions)),
    ]
    if rule.detail:
        lines.insert(0, ("detail", " ".join(rule.detail.split())))
    if rule.always:
        return [*lines, ("level", "error, always: no setting lowers it")]
    for profile in PROFILES:
        shown = ", ".join(
            f"{rule.levels[profile][strictness]} in {strictness}" for strictness in STRICTNESSES
        )
        lines.append((f"in {profile}", shown))
    return [*lines, ("to set it", f'[rules.levels] "{rule.id}" = "off", "warning" or "error"')]
