"""Plan files: what they may say, what they cover, and that none says it in vain."""

import re

import pytest

from xds.conformance import OPTIONS, Plan, PlanError, load_plans
from xds.conformance.checks import CHECKS, MEANINGS
from xds.conformance.names import Names
from xds.conformance.plan import PLAN_NEEDS, read_plans
from xds.conformance.runner import expectations
from xds.conformance.target import Target
from xds.conformance.wire import wires

PLANS = load_plans()
VALID = """
[[plans]]
id = "one"
title = "One"
about = "About one."
needs = ["registry"]
[[plans.steps]]
id = "ask"
says = "Asked"
transaction = "ITI-18"
section = "ITI TF-2 3.18"
query = { name = "GetDocuments", parameters = [["$XDSDocumentEntryUniqueId", "('2.999.1')"]] }
expect = [{ id = "success", check = "status", equals = "Success" }]
"""


def test_the_sample_is_valid() -> None:
    (plan,) = read_plans(VALID.encode(), "sample.toml")
    assert (plan.id, plan.transactions, len(plan.digest)) == ("one", ("ITI-18",), 64)


@pytest.mark.parametrize(
    ("found", "put", "told"),
    [
        ('id = "one"', "id = 1", "Expected `str`"),
        ('title = "One"', 'titel = "One"', "titel"),
        ('needs = ["registry"]', 'needs = ["gateway"]', "needs gateway"),
        ('needs = ["registry"]', 'needs = ["registry"]\noptions = ["teleport"]', "the option teleport"),
        ('check = "status"', 'check = "state"', "no check is named state"),
        ("query = {", 'body = "<x/>"\nquery = {', "one of submission, query, retrieve, hl7 and body"),
        (
            '{ id = "success", check = "status", equals = "Success" }',
            '{ id = "a", check = "no-error" }, { id = "a", check = "no-error" }',
            "assertion a is there 2 times",
        ),
        (VALID[VALID.index("query = {") : VALID.index("expect")], 'body = "@absent"\n', "no body absent"),
        (
            VALID[VALID.index("query = {") : VALID.index("expect")],
            'submission = { documents = [{ id = "a", titel = "b" }] }\n',
            "documents have no titel",
        ),
        ("[[plans]]", "[[plans]", "sample.toml"),
    ],
)
def test_what_a_plan_may_not_say(found: str, put: str, told: str) -> None:
    assert found in VALID
    with pytest.raises(PlanError) as error:
        read_plans(VALID.replace(found, put, 1).encode(), "sample.toml")
    assert told in str(error.value)
    assert "sample.toml" in str(error.value)


def test_a_step_twice_is_told() -> None:
    steps = VALID[VALID.index("[[plans.steps]]") :]
    with pytest.raises(PlanError, match="step ask is there 2 times"):
        read_plans((VALID + steps).encode(), "sample.toml")


def test_the_digest_is_of_what_the_plan_says() -> None:
    (one,) = read_plans(VALID.encode(), "sample.toml")
    (same,) = read_plans(("# a comment\n" + VALID).encode(), "sample.toml")
    (other,) = read_plans(VALID.replace("Asked", "Asked once").encode(), "sample.toml")
    assert one.digest == same.digest != other.digest


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.id)
def test_every_plan_is_whole(plan: Plan) -> None:
    """It asserts something of its own in all but few steps, and names nothing that nobody gives."""
    names = Names(plan, Target(), seed="a", patients=iter(()))
    captured = {name for step in plan.steps for name in step.capture}
    names.known |= dict.fromkeys(captured, "x")
    for step in plan.steps:
        assert step.transaction in wires() or step.hl7 is not None
        for item in expectations(step, names):
            names.text(item.of)
            names.all(item.equals)
            assert item.section or step.section
    assert any(step.expect for step in plan.steps)
    assert re.fullmatch(r"[a-z0-9-]+", plan.id)
    assert plan.needs


def test_the_whole_vocabulary_is_in_use() -> None:
    """A check, a need or an option that no plan uses is dead."""
    used = set()
    for plan in PLANS:
        names = Names(plan, Target(), seed="a", patients=iter(()))
        names.known |= dict.fromkeys((name for step in plan.steps for name in step.capture), "x")
        used |= {item.check for step in plan.steps for item in expectations(step, names)}
    assert used == set(CHECKS)
    assert all(MEANINGS.values())
    assert {need for plan in PLANS for need in plan.needs} == set(PLAN_NEEDS)
    assert {option for plan in PLANS for option in plan.options} == set(OPTIONS)
    assert {step.transaction for plan in PLANS for step in plan.steps} >= set(wires())


def test_an_id_of_a_public_plan_has_its_form() -> None:
    assert all(re.fullmatch(r"[0-9]{5}", item) for plan in PLANS for item in plan.covers)
