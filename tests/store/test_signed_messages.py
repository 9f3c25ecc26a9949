"""The memory of signed messages: one that came is known in every process, and nothing else is."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from xds.store import Housekeeping, Pool, SignedMessageKey, SignedMessageStore

NOW = datetime.now(UTC)
KEY = SignedMessageKey(
    partner="partner-a",
    message_id="urn:uuid:1",
    digest=b"d" * 32,
    sender="address 192.0.2.1",
    number="ITI-42",
)


def test_the_first_is_it_and_a_repeat_gets_its_answer(pool: Pool) -> None:
    store = SignedMessageStore(pool)
    first = store.claim(KEY, NOW)
    assert (first.is_first, first.is_same, first.answer) == (True, True, None)
    again = store.claim(KEY, NOW)
    assert (again.is_first, again.is_same, again.answer) == (False, True, None)
    store.settle(KEY, b"<answer/>")
    assert SignedMessageStore(pool).claim(KEY, NOW).answer == b"<answer/>"


def test_what_is_another_message(pool: Pool) -> None:
    store = SignedMessageStore(pool)
    store.claim(KEY, NOW)
    for changed in (
        replace(KEY, digest=b"e" * 32),
        replace(KEY, sender="address 192.0.2.2"),
        replace(KEY, number="ITI-57"),
    ):
        found = store.claim(changed, NOW)
        assert (found.is_first, found.is_same) == (False, False)
    for other in (replace(KEY, partner="partner-b"), replace(KEY, message_id="urn:uuid:2")):
        assert store.claim(other, NOW).is_first


def test_of_many_at_once_one_is_first(pool: Pool) -> None:
    store = SignedMessageStore(pool)
    with ThreadPoolExecutor(4) as threads:
        claims = list(threads.map(lambda _: store.claim(KEY, NOW), range(24)))
    assert sum(claim.is_first for claim in claims) == 1
    assert all(claim.is_same for claim in claims)


def test_a_long_message_id(pool: Pool) -> None:
    store, long = SignedMessageStore(pool), replace(KEY, message_id="urn:" + "é" * 100_000)
    assert store.claim(long, NOW).is_first
    assert not store.claim(long, NOW).is_first


def test_they_are_forgotten_after_a_day_and_never_while_they_may_be_believed(pool: Pool) -> None:
    store = SignedMessageStore(pool)
    late = replace(KEY, message_id="urn:uuid:2")
    store.claim(KEY, NOW - timedelta(days=2))
    store.claim(late, NOW + timedelta(minutes=5))
    with pool.connection() as connection:
        connection.execute("UPDATE signed_message SET created_at = now() - interval '25 hours'")
    Housekeeping(pool).forget_answers()
    assert store.claim(KEY, NOW).is_first
    assert not store.claim(late, NOW).is_first
