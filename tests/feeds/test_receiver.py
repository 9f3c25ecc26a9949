"""Whatever a message says, the answer is AA or AE: nothing that a source could send in vain for ever."""

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.feeds.messages import adt, msh
from xds.feeds import EVENTS, PatientIdentityFeed, Receiver
from xds.hl7v2 import Domain
from xds.store import PatientStore, Pool, open_pool

ID = "P1^^^&2.999.1.1&ISO"


@pytest.fixture(scope="module")
def receiver(new_database: Callable[[], str]) -> Iterator[Receiver]:
    pool: Pool = open_pool(new_database(), size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    with closing(pool):
        pool.wait(30)
        feed = PatientIdentityFeed(PatientStore(pool), Domain(authority="2.999.1.1"), is_strict=False)
        yield Receiver(dict.fromkeys(EVENTS, ("ITI-8", feed)))


def answer(receiver: Receiver, message: str) -> list[str]:
    """MSA-1 and the codes of the errors."""
    text = receiver.answer(message.encode(), "test").decode()
    lines = [line.split("|") for line in text.split("\r")]
    return [lines[1][1], *(line[3].partition("^")[0] for line in lines if line[0] == "ERR")]


_TEXTS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=40)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(event=st.sampled_from(EVENTS), fields=st.tuples(_TEXTS, _TEXTS, _TEXTS, _TEXTS), prior=_TEXTS)
def test_any_field(receiver: Receiver, event: str, fields: tuple[str, ...], prior: str) -> None:
    identifier, name, birth_date, sex = fields
    for pid3 in (identifier, f"{ID}~{identifier}"):
        message = adt(event, pid3=pid3, pid5=name, pid7=birth_date, pid8=sex, mrg1=prior)
        code, *errors = answer(receiver, message)
        assert code in ("AA", "AE")
        assert set(errors) <= {"100", "101", "102", "204"}


@pytest.mark.parametrize("unlike", ["x", "é", "0123456789abcdef" * 8])
def test_values_without_measure(receiver: Receiver, unlike: str) -> None:
    """Far longer than an entry of an index may be, and nothing that compresses."""
    long = "".join(f"{unlike}{number}" for number in range(30_000))
    assert answer(receiver, adt(pid5=f"{long}^{long}", pid8=long)) == ["AA"]
    assert answer(receiver, adt(pid3=f"{ID}~{long}^^^&2.999.18.1&ISO")) == ["AA"]
    assert answer(receiver, adt(pid3=f"{long}^^^&2.999.1.1&ISO")) == ["AE", "204"]
    assert answer(receiver, adt(pid7=long)) == ["AE", "102"]


def test_nul(receiver: Receiver) -> None:
    assert answer(receiver, adt(pid5="A\0B")) == ["AE", "102"]
    assert answer(receiver, adt(pid5="A\\X00\\B")) == ["AA"]


def test_a_fault_of_ours_is_told_and_logged(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    def broken(message: object, trail: object) -> object:
        raise ZeroDivisionError

    ours = Receiver({"A04": ("ITI-8", broken)})  # type: ignore[dict-item]
    assert answer(ours, adt(header=msh("A04"))) == ["AR", "207"]
    assert "patient feed failed" in caplog.messages
