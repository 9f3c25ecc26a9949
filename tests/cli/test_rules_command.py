"""`xds rules`: every rule is listed, and each can be explained."""

import json

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
