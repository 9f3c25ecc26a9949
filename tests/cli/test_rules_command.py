"""`xds rules`: every rule is listed, and each can be explained."""

import json
from pathlib import Path

import pytest

from xds.rules import ALL_RULES

from .conftest import Run


def test_the_table_has_a_line_for_every_rule(run: Run) -> None:
    result = run("rules", "list")
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == [
        "rule",
        "transactions",
        "field",
        "strict",
        "code",
        "section",
        "what",
        "must",
        "hold",
    ]
    assert [line.split()[0] for line in lines] == [rule.id for rule in ALL_RULES]


def test_without_a_command_it_lists(run: Run) -> None:
    assert run("rules").stdout == run("rules", "list").stdout


def test_of_one_transaction(run: Run) -> None:
    document = json.loads(run("rules", "list", "--transaction", "ITI-43", "--json").stdout)
    assert document["schema_version"] == 1
    assert document["rules"]
    assert all("ITI-43" in rule["transactions"] for rule in document["rules"])
    assert len(document["rules"]) == sum("ITI-43" in rule.transactions for rule in ALL_RULES)


def test_json_says_all_of_it(run: Run) -> None:
    document = json.loads(run("rules", "list", "--json").stdout)
    (codes,) = (rule for rule in document["rules"] if rule["id"] == "42-codes")
    assert codes["section"] == "ITI TF-2 3.42.4.1.3.3.3"
    assert codes["code"] == "XDSRegistryMetadataError"
    assert codes["levels"]["ihe"] == {"field": "error", "strict": "error"}
    assert not codes["always"]
    explained = json.loads(run("rules", "explain", "42-codes", "--json").stdout)
    assert {key: explained[key] for key in codes} == codes


def test_a_rule_is_explained(run: Run) -> None:
    text = run("rules", "explain", "42-entry-sourcePatientId-required").stdout
    assert "sourcePatientId is there." in text
    assert "off in field, error in strict" in text
    assert '[rules.levels] "42-entry-sourcePatientId-required" = ' in text


def test_one_that_always_counts_cannot_be_set(run: Run) -> None:
    text = run("rules", "explain", "42-same-patient").stdout
    assert "error, always" in text
    assert "[rules.levels]" not in text


@pytest.mark.parametrize("rule_id", [rule.id for rule in ALL_RULES])
def test_each_can_be_explained(run: Run, rule_id: str) -> None:
    result = run("rules", "explain", rule_id)
    assert result.exit_code == 0
    assert result.stdout.startswith(rule_id)


def test_an_unknown_one_is_told_with_the_nearest(run: Run) -> None:
    result = run("rules", "explain", "42-code")
    assert result.exit_code == 2
    assert "there is no rule 42-code; did you mean 42-codes" in result.stderr


def test_an_unknown_transaction_is_usage(run: Run) -> None:
    assert run("rules", "list", "--transaction", "ITI-1").exit_code == 2


SETTINGS = """
[rules]
levels = { "42-codes" = "warning" }
[[partners]]
name = "North"
source_ids = ["2.999.7"]
strictness = "strict"
levels = { "42-author" = "off" }
"""
SET = ("42-codes", "42-author", "42-same-patient", "42-entry-sourcePatientId-required")


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ((), ("warning", "error", "error", "off")),
        (("--partner", "North"), ("warning", "off", "error", "error")),
    ],
)
def test_levels_under_a_settings_file(
    run: Run, tmp_path: Path, options: tuple[str, ...], levels: tuple[str, ...]
) -> None:
    path = tmp_path / "xds.toml"
    path.write_text(SETTINGS, "utf-8")
    document = json.loads(run("rules", "list", "--config", path, *options, "--json").stdout)
    found = {rule["id"]: rule["level"] for rule in document["rules"]}
    assert tuple(found[rule_id] for rule_id in SET) == levels
    table = run("rules", "list", "--config", path, *options).stdout.splitlines()
    (line,) = [line for line in table if line.startswith("42-author ")]
    # Several words of transactions, then the level.
    assert line.partition(" XDS")[0].split()[-1] == levels[1]


def test_a_settings_file_that_cannot_be_meant(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "xds.toml"
    path.write_text('[rules]\nlevels = { "42-code" = "off" }\n', "utf-8")
    result = run("rules", "list", "--config", path)
    assert result.exit_code == 2
    assert "there is no rule 42-code; did you mean 42-codes" in result.stderr
    path.write_text(SETTINGS, "utf-8")
    result = run("rules", "list", "--config", path, "--partner", "South")
    assert result.exit_code == 2
    assert "names no partner South; it names North" in " ".join(result.stderr.split())
    assert run("rules", "list", "--partner", "North").exit_code == 2
