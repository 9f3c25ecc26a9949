"""Decisions about consent: a table of cases, and what holds for all of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds.access import (
    DOMAIN,
    NO_USER,
    AccessContext,
    ConsentPolicy,
    Directive,
    DirectiveKind,
    DocumentFacts,
    Effect,
    Override,
    Requester,
    custodians,
    in_force,
    is_told,
    judge,
    may_override,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLINIC, OTHER = "2.999.23.1", "2.999.23.2"
POLICY = ConsentPolicy(custodian="privacy office")
USER = AccessContext(
    user="alice", issuer="idp", organization=CLINIC, licence="cpso:1", roles=frozenset({"MD^^2.999.9"})
)
REPORT = DocumentFacts(patient="p", ids=frozenset({"2.999.8.1", "urn:uuid:1"}))
ANOTHER = DocumentFacts(patient="p", ids=frozenset({"2.999.8.2"}))


def directive(
    kind: DirectiveKind, target: str = "", *, effect: Effect = Effect.RESTRICT, number: int = 1
) -> Directive:
    return Directive(
        number=number,
        patient="p",
        kind=kind,
        target=target,
        effect=effect,
        made_at=NOW - timedelta(days=2) + timedelta(minutes=number),
    )


EVERYTHING = directive(DirectiveKind.DOMAIN)
ONE_REPORT = directive(DirectiveKind.RECORD, "2.999.8.1")
MY_CLINIC = directive(DirectiveKind.HIC_AGENT, CLINIC)
BREAKING = replace(USER, purpose="BTG^^2.16.840.1.113883.5.8", override_reason="unconscious")


def ticket(**changes: object) -> Override:
    fields = {
        "number": 1,
        "patient": "p",
        "organization": CLINIC,
        "started_at": NOW - timedelta(hours=1),
        "ends_at": NOW + timedelta(hours=3),
    }
    return Override(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("directives", "user", "report", "another"),
    [
        pytest.param([], None, True, True, id="no directive, nobody"),
        pytest.param([], USER, True, True, id="no directive"),
        pytest.param([EVERYTHING], None, False, False, id="domain, nobody"),
        pytest.param([EVERYTHING], USER, False, False, id="domain"),
        pytest.param([ONE_REPORT], None, False, True, id="record, nobody"),
        pytest.param([ONE_REPORT], USER, False, True, id="record"),
        pytest.param(
            [directive(DirectiveKind.RECORD, "urn:uuid:1")], USER, False, True, id="record by another id"
        ),
        pytest.param([MY_CLINIC], None, False, False, id="organization, nobody: could be of it"),
        pytest.param([MY_CLINIC], USER, False, False, id="organization, its user"),
        pytest.param(
            [MY_CLINIC], replace(USER, organization=f"urn:oid:{CLINIC}"), False, False, id="as a URN"
        ),
        pytest.param(
            [MY_CLINIC], replace(USER, organization=OTHER), True, True, id="organization, another's user"
        ),
        pytest.param(
            [MY_CLINIC], replace(USER, organization=None), False, False, id="organization, not told"
        ),
        pytest.param([directive(DirectiveKind.AGENT, "cpso:1")], USER, False, False, id="agent by licence"),
        pytest.param([directive(DirectiveKind.AGENT, "alice")], USER, False, False, id="agent by name"),
        pytest.param([directive(DirectiveKind.AGENT, "cpso:2")], USER, True, True, id="another agent"),
        pytest.param([directive(DirectiveKind.AGENT, "cpso:2")], None, False, False, id="agent, nobody"),
        pytest.param(
            [directive(DirectiveKind.AGENT, "cpso:2")],
            replace(USER, on_behalf_of="cpso:2"),
            False,
            False,
            id="on behalf of the agent",
        ),
        pytest.param(
            [EVERYTHING, directive(DirectiveKind.DOMAIN, effect=Effect.REINSTATE, number=2)],
            USER,
            True,
            True,
            id="reinstated",
        ),
        pytest.param(
            [
                EVERYTHING,
                directive(DirectiveKind.DOMAIN, effect=Effect.REINSTATE, number=2),
                directive(DirectiveKind.DOMAIN, number=3),
            ],
            USER,
            False,
            False,
            id="restricted again",
        ),
        pytest.param(
            [EVERYTHING, directive(DirectiveKind.HIC_AGENT, CLINIC, effect=Effect.REINSTATE, number=2)],
            USER,
            False,
            False,
            id="reinstating one kind leaves the others",
        ),
        pytest.param([ONE_REPORT, MY_CLINIC], USER, False, False, id="the wider one counts"),
    ],
)
def test_decisions(
    directives: Sequence[Directive], user: AccessContext | None, report: bool, another: bool
) -> None:
    judgement = judge(directives, (), Requester(user=user), POLICY, NOW)
    assert (judgement.permits(REPORT), judgement.permits(ANOTHER)) == (report, another)
    assert judge(directives, (), DOMAIN, POLICY, NOW).permits(REPORT)


@pytest.mark.parametrize(
    ("override", "user", "shown"),
    [
        pytest.param(ticket(), USER, True, id="open"),
        pytest.param(ticket(), replace(USER, user="bob", licence=None), True, id="a colleague"),
        pytest.param(ticket(), replace(USER, organization=OTHER), False, id="another organization"),
        pytest.param(ticket(), replace(USER, organization=None), False, id="no organization"),
        pytest.param(ticket(ends_at=NOW), USER, False, id="over to the second"),
        pytest.param(ticket(started_at=NOW), USER, True, id="from the second"),
        pytest.param(ticket(started_at=NOW + timedelta(seconds=1)), USER, False, id="not yet"),
        pytest.param(ticket(ended_at=NOW - timedelta(minutes=1)), USER, False, id="ended before its time"),
        pytest.param(ticket(), None, False, id="nobody"),
    ],
)
def test_overrides(override: Override, user: AccessContext | None, shown: bool) -> None:
    judgement = judge([EVERYTHING], [override], Requester(user=user), POLICY, NOW)
    assert judgement.permits(REPORT) is shown
    assert (judgement.override is not None) is shown
    assert judgement.overridden == ((EVERYTHING,) if shown else ())


def test_an_override_of_a_person_is_theirs_alone_in_that_scope() -> None:
    policy = replace(POLICY, override_scope="person")
    mine = ticket(person="alice", issuer="idp")
    colleague = replace(USER, user="bob", licence="cpso:9")
    namesake = replace(USER, issuer="other idp")
    assert judge([EVERYTHING], [mine], Requester(user=USER), policy, NOW).permits(REPORT)
    for user in (colleague, namesake):
        assert not judge([EVERYTHING], [mine], Requester(user=user), policy, NOW).permits(REPORT)
    assert judge([EVERYTHING], [ticket()], Requester(user=colleague), policy, NOW).permits(REPORT)


@pytest.mark.parametrize(
    ("user", "may"),
    [
        pytest.param(BREAKING, True, id="purpose and reason"),
        pytest.param(replace(BREAKING, purpose="EMERGENCY"), True, id="the other purpose, without a scheme"),
        pytest.param(replace(BREAKING, purpose="TREAT^^2.16.840.1.113883.5.8"), False, id="treatment"),
        pytest.param(replace(BREAKING, purpose=None), False, id="no purpose"),
        pytest.param(replace(BREAKING, override_reason=None), False, id="no reason"),
        pytest.param(replace(BREAKING, override_reason="  "), False, id="an empty reason"),
        pytest.param(replace(BREAKING, organization=None), False, id="no organization"),
    ],
)
def test_what_begins_an_override(user: AccessContext, may: bool) -> None:
    assert may_override(user, POLICY) is may
    assert judge([EVERYTHING], (), Requester(user=user), POLICY, NOW).begins_override is may
    assert not judge([], (), Requester(user=user), POLICY, NOW).begins_override


def test_roles_that_may_override_and_roles_that_are_told() -> None:
    assert not may_override(BREAKING, replace(POLICY, override_roles=frozenset({"RN"})))
    for role in ("MD", "MD^^2.999.9"):
        assert may_override(BREAKING, replace(POLICY, override_roles=frozenset({role})))
        assert is_told(Requester(user=USER), replace(POLICY, notice_roles=frozenset({role})))
    assert not is_told(Requester(user=USER), POLICY)
    assert not is_told(NO_USER, replace(POLICY, notice_roles=frozenset({"MD"})))


def test_each_custodian_is_told_once() -> None:
    own = replace(ONE_REPORT, custodian="hospital")
    assert custodians([own, own, EVERYTHING], POLICY) == {"hospital", "privacy office"}


DIRECTIVES = st.lists(
    st.builds(
        directive,
        st.sampled_from(DirectiveKind),
        st.sampled_from(["", CLINIC, OTHER, "2.999.8.1", "2.999.8.2", "alice", "cpso:2"]),
        effect=st.sampled_from(Effect),
        number=st.integers(1, 9),
    ),
    max_size=6,
)
USERS = st.sampled_from(
    [None, USER, replace(USER, organization=OTHER), replace(USER, user="bob", licence="cpso:2")]
)
DOCUMENTS = (REPORT, ANOTHER)


@given(directives=DIRECTIVES, added=DIRECTIVES, user=USERS)
def test_a_restriction_never_shows_more(
    directives: list[Directive], added: list[Directive], user: AccessContext | None
) -> None:
    more = [*directives, *(replace(item, effect=Effect.RESTRICT) for item in added)]
    before, after = (judge(each, (), Requester(user=user), POLICY, NOW) for each in (directives, more))
    for document in DOCUMENTS:
        assert before.permits(document) or not after.permits(document)


@given(directives=DIRECTIVES, user=USERS)
def test_nobody_sees_no_more_than_anybody(directives: list[Directive], user: AccessContext | None) -> None:
    nobody, somebody = (judge(directives, (), Requester(user=each), POLICY, NOW) for each in (None, user))
    for document in DOCUMENTS:
        assert somebody.permits(document) or not nobody.permits(document)
    assert len(in_force(directives)) <= len(directives)
