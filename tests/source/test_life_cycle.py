"""What a message does to what was published before, over every order of messages."""

from hypothesis import given
from hypothesis import strategies as st

from xds.source import Action, Published, Stage, decide

REPORTS = (Stage.PRELIMINARY, Stage.FINAL, Stage.CORRECTED)


def played(stages: list[Stage]) -> list[tuple[Stage, Action, list[Published]]]:
    """Each message's action, and what is Approved after it, as a registry would have it."""
    approved: list[Published] = []
    steps = []
    for number, stage in enumerate(stages):
        step = decide(stage, approved)
        if step.action is Action.WITHDRAW:
            assert list(step.targets) == [item.unique_id for item in reversed(approved)]
            approved = []
        elif step.action in (Action.PUBLISH, Action.REPLACE, Action.APPEND):
            if step.action is Action.REPLACE:  # what was added to it goes with it
                approved = []
            approved = [*approved, Published(unique_id=str(number), stage=stage)]
        steps.append((stage, step.action, approved))
    return steps


@given(st.lists(st.sampled_from(list(Stage)), max_size=12))
def test_an_exam_has_one_report_and_a_withdrawn_one_none(stages: list[Stage]) -> None:
    for stage, _action, approved in played(stages):
        reports = [item for item in approved if item.stage is not Stage.ADDENDUM]
        assert len(reports) <= 1
        assert reports or not approved, "an addendum stands alone"
        if stage in (Stage.WITHDRAWN, Stage.CANCELLED):
            assert approved == []


@given(st.lists(st.sampled_from(list(Stage)), max_size=12))
def test_a_preliminary_report_never_takes_the_place_of_a_signed_one(stages: list[Stage]) -> None:
    before: list[Published] = []
    for stage, action, approved in played(stages):
        if stage is Stage.PRELIMINARY and any(item.stage in REPORTS[1:] for item in before):
            assert action is Action.NOTHING
            assert approved == before
        before = approved


def test_the_usual_life() -> None:
    stages = [Stage.PRELIMINARY, Stage.FINAL, Stage.ADDENDUM, Stage.CORRECTED, Stage.WITHDRAWN, Stage.FINAL]
    assert [action for _, action, _ in played(stages)] == [
        Action.PUBLISH,
        Action.REPLACE,
        Action.APPEND,
        Action.REPLACE,
        Action.WITHDRAW,
        Action.PUBLISH,
    ]


def test_what_is_impossible_says_what_to_do() -> None:
    assert decide(Stage.ADDENDUM, ()).action is Action.IMPOSSIBLE
    assert "xds update" in decide(Stage.WITHDRAWN, ()).reason
    assert decide(Stage.CANCELLED, ()).action is Action.NOTHING
