"""A connection's straight way gives what a cursor gives, and fails as a cursor fails."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import errors, pq

from xds.store import Conflict, Pool, StoreBusy, StoreUnavailable, access
from xds.store.access import Connection, borrowed

_TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
_NUMBERS = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture(scope="module")
def connection(postgres: str) -> Iterator[Connection]:
    with Connection.connect(postgres, autocommit=True) as opened:
        yield opened


@settings(max_examples=50)
@given(
    text=st.none() | _TEXTS,
    number=_NUMBERS,
    octets=st.binary(),
    texts=st.lists(_TEXTS | st.none()),
    numbers=st.lists(_NUMBERS),
    many=st.lists(st.binary()),
)
def test_values_come_back(
    connection: Connection,
    text: str | None,
    number: int,
    octets: bytes,
    texts: list[str | None],
    numbers: list[int],
    many: list[bytes],
) -> None:
    statement = (
        "SELECT %(text)s::text, %(number)s::bigint, %(octets)s::bytea,"
        " %(texts)s::text[], %(numbers)s::bigint[], %(many)s::bytea[], %(text)s::text"
    )
    sent = {
        "text": text,
        "number": number,
        "octets": octets,
        "texts": texts,
        "numbers": numbers,
        "many": many,
    }
    assert connection.run(statement, sent) == [(text, number, octets, texts, numbers, many, text)]


def test_no_rows_and_no_result(connection: Connection) -> None:
    assert connection.run("SELECT 1 WHERE false") == []
    assert connection.run("SET application_name = 'xds'") == []


def test_a_text_with_nul_is_refused(connection: Connection) -> None:
    with pytest.raises(psycopg.DataError):
        connection.run("SELECT %(text)s::text", {"text": "cut\0off"})


def test_an_error_of_the_server_is_psycopgs(connection: Connection) -> None:
    with pytest.raises(errors.DivisionByZero):
        connection.run("SELECT 1 / %(number)s::integer", {"number": 0})
    with pytest.raises(errors.UndefinedTable):
        connection.run("SELECT * FROM not_there")
    assert connection.run("SELECT 1") == [(1,)]


def test_a_block_is_committed_whole_or_not_at_all(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE counted (number integer)")

    def numbers() -> list[int]:
        return [row[0] for row in connection.run("SELECT number FROM counted ORDER BY number")]

    with connection.block():
        connection.run("INSERT INTO counted VALUES (1)")
    assert numbers() == [1]
    with pytest.raises(errors.DivisionByZero), connection.block():
        connection.run("INSERT INTO counted VALUES (2)")
        connection.run("SELECT 1 / %(number)s::integer", {"number": 0})
    with connection.block():
        connection.run("INSERT INTO counted VALUES (3)")
        raise psycopg.Rollback
    assert numbers() == [1]


def test_a_block_in_which_nothing_is_run_opens_nothing(connection: Connection) -> None:
    with connection.block():
        pass
    with connection.block():
        raise psycopg.Rollback
    assert connection.run("SELECT 1") == [(1,)]
    assert connection.info.transaction_status is pq.TransactionStatus.IDLE


def test_statements_run_together(connection: Connection) -> None:
    asked = [
        ("SELECT %(a)s::integer", {"a": 1}),
        ("SELECT 1 WHERE false", {}),
        ("SELECT generate_series(1, 3)", {}),
    ]
    assert connection.run_together(asked) == [[(1,)], [], [(1,), (2,), (3,)]]
    assert connection.run_together([]) == []
    assert connection.run("SELECT 4") == [(4,)]


def test_the_first_that_fails_ends_those_that_run_together(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE together (number integer PRIMARY KEY)")
    insert = "INSERT INTO together VALUES (%(number)s::integer)"
    with pytest.raises(errors.UniqueViolation), connection.block():
        connection.run_together([(insert, {"number": number}) for number in (1, 2, 2, 3)])
    assert connection.run("SELECT number FROM together") == []
    with connection.block():
        connection.run_together([(insert, {"number": number}) for number in (1, 2)])
        assert connection.info.transaction_status is pq.TransactionStatus.INTRANS
    assert connection.run("SELECT number FROM together") == [(1,), (2,)]


def test_what_is_deferred_goes_with_the_next_exchange(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE deferred (number integer PRIMARY KEY)")
    insert = "INSERT INTO deferred VALUES (%(number)s::integer)"
    count = "SELECT count(*)::integer FROM deferred"
    with connection.block():
        connection.defer([(insert, {"number": 1}), (insert, {"number": 2})])
        assert connection.info.transaction_status is pq.TransactionStatus.IDLE  # nothing was sent yet
        assert connection.run(count) == [(2,)]
        connection.defer([(insert, {"number": 3})])
    assert connection.info.transaction_status is pq.TransactionStatus.IDLE
    assert connection.run(count) == [(3,)]


def test_what_is_deferred_to_the_end_fails_as_a_whole(connection: Connection) -> None:
    connection.run("CREATE TEMPORARY TABLE late (number integer PRIMARY KEY)")
    insert = "INSERT INTO late VALUES (%(number)s::integer)"
    with pytest.raises(errors.UniqueViolation), connection.block():
        connection.run(insert, {"number": 1})
        connection.defer([(insert, {"number": 2}), (insert, {"number": 1})])
    with connection.block():
        connection.defer([(insert, {"number": 3})])
        raise psycopg.Rollback
    assert connection.run("SELECT number FROM late") == []
    assert connection.info.transaction_status is pq.TransactionStatus.IDLE


def test_more_than_the_socket_takes_at_once_in_both_directions(connection: Connection) -> None:
    octets = bytes(range(256)) * 20_000
    echo = ("SELECT %(octets)s::bytea", {"octets": octets})
    assert connection.run_together([echo] * 4) == [[(octets,)]] * 4


def test_a_connection_that_is_lost_among_statements(postgres: str) -> None:
    with Connection.connect(postgres, autocommit=True) as connection:
        asked = [("SELECT 1", {}), ("SELECT pg_terminate_backend(pg_backend_pid())", {}), ("SELECT 2", {})]
        with pytest.raises(psycopg.OperationalError), connection.block():
            connection.run_together(asked)
        assert connection.broken


def test_prepared_statements_outlive_a_rollback(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        assert connection.run("SELECT 2") == [(2,)]
    assert connection.run("SELECT 2") == [(2,)]


def test_the_oldest_prepared_statement_is_dropped(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "_PREPARED_MOST", 3)
    with Connection.connect(postgres, autocommit=True) as connection:
        for _ in range(2):
            for number in range(5):
                assert connection.run(f"SELECT {number}, 'x'") == [(number, "x")]
        assert connection.run("SELECT count(*) FROM pg_prepared_statements") == [(3,)]


def test_a_server_that_goes_away_is_unavailable(pool: Pool) -> None:
    with pytest.raises(StoreUnavailable), borrowed(pool) as borrowed_one:
        borrowed_one.run("SELECT pg_terminate_backend(pg_backend_pid())")
    with (
        pytest.raises(StoreUnavailable),
        borrowed(pool) as borrowed_one,
        psycopg.connect(pool.conninfo) as other,
    ):
        (pid,) = borrowed_one.run("SELECT pg_backend_pid()")[0]
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
        other.commit()
        for _ in range(100):
            borrowed_one.run("SELECT 1")
    with borrowed(pool) as borrowed_one:
        assert borrowed_one.run("SELECT 1") == [(1,)]


def test_a_statement_that_takes_too_long_is_busy(pool: Pool) -> None:
    with pytest.raises(StoreBusy), borrowed(pool) as borrowed_one:
        borrowed_one.run("SET statement_timeout = '10ms'")
        borrowed_one.run("SELECT pg_sleep(5)")


def test_a_taken_key_is_a_conflict(pool: Pool) -> None:
    statement = "INSERT INTO code (code, scheme) VALUES (%(code)s, '2.999')"
    with pytest.raises(Conflict), borrowed(pool) as borrowed_one:
        borrowed_one.run(statement, {"code": "twice"})
        borrowed_one.run(statement, {"code": "twice"})


def test_a_deadlock_is_a_conflict(pool: Pool) -> None:
    with borrowed(pool) as connection:
        connection.run("INSERT INTO code (code, scheme) VALUES ('1', '2.999'), ('2', '2.999')")
    together, told = threading.Barrier(2), []

    def lock(first: str, second: str) -> None:
        statement = "UPDATE code SET scheme = scheme WHERE code = %(code)s"
        try:
            with borrowed(pool) as connection, connection.transaction():
                connection.run("SET LOCAL deadlock_timeout = '50ms'")
                connection.run(statement, {"code": first})
                together.wait(10)
                connection.run(statement, {"code": second})
            told.append("done")
        except Conflict as error:
            told.append(str(error))

    threads = [threading.Thread(target=lock, args=order) for order in (("1", "2"), ("2", "1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(told) == ["DeadlockDetected", "done"]


def test_a_serialization_failure_is_a_conflict(pool: Pool) -> None:
    with borrowed(pool) as connection:
        connection.run("INSERT INTO code (code, scheme) VALUES ('1', '2.999')")
    statement = "UPDATE code SET scheme = '2.999.1' WHERE code = '1'"
    with (
        pytest.raises(Conflict, match="SerializationFailure"),
        borrowed(pool) as first,
        borrowed(pool) as second,
        second.transaction(),
    ):
        second.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        second.run("SELECT * FROM code")
        first.run(statement)
        second.run(statement)


def test_a_lock_that_is_not_given_is_busy(pool: Pool) -> None:
    with (
        pytest.raises(StoreBusy, match="LockNotAvailable"),
        borrowed(pool) as first,
        borrowed(pool) as second,
        first.transaction(),
    ):
        first.run("LOCK TABLE code")
        second.run("SET lock_timeout = '10ms'")
        second.run("SELECT * FROM code")


def test_a_conflict_leaves_nothing_and_the_connection_is_good(pool: Pool) -> None:
    statement = "INSERT INTO code (code, scheme) VALUES (%(code)s, '2.999')"
    for _ in range(2 * pool.max_size):
        with pytest.raises(Conflict), borrowed(pool) as connection, connection.transaction():
            connection.run(statement, {"code": "first"})
            connection.run(statement, {"code": "first"})
    with borrowed(pool) as connection:
        assert connection.run("SELECT count(*) FROM code") == [(0,)]


def test_a_statement_is_prepared_once_and_used_again(pool: Pool) -> None:
    with borrowed(pool) as connection:
        for number in range(5):
            connection.run("SELECT %(number)s::integer", {"number": number})
        found = connection.run(
            "SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE '%integer'"
        )
    assert found == [("SELECT $1::integer", 5)]
