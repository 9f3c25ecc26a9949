"""Several prepared statements in one exchange with the server (libpq's pipeline mode)."""

import select
from collections.abc import Iterable, Sequence

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

_BINARY = 1


def exchange(pgconn: PGconn, asked: Iterable[tuple[bytes, Sequence[bytes | None]]]) -> list[PGresult]:
    """Send each statement's name and values, then read one result of each; binary form.

    After a statement that failed the results say that theirs was not run. Waiting is ours: libpq's own would keep
    Python's lock.

    Raises
    ------
    psycopg.OperationalError
        The connection is lost.
    """
    pgconn.enter_pipeline_mode()
    try:
        for name, values in asked:
            pgconn.send_query_prepared(name, values, None, _BINARY)
        pgconn.pipeline_sync()
        _send(pgconn)
        return _results(pgconn)
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.exit_pipeline_mode()


def _send(pgconn: PGconn) -> None:
    """Send what a large submission has more than the socket takes at once, reading meanwhile: else both would wait."""
    while pgconn.flush():
        waiting = select.poll()
        waiting.register(pgconn.socket, select.POLLIN | select.POLLOUT)
        if any(event & select.POLLIN for _, event in waiting.poll()):
            pgconn.consume_input()


def _results(pgconn: PGconn) -> list[PGresult]:
    results: list[PGresult] = []
    waiting = select.poll()
    waiting.register(pgconn.socket, select.POLLIN)
    while True:
        while pgconn.is_busy():
            waiting.poll()
            pgconn.consume_input()
        result = pgconn.get_result()
        if pgconn.status != pq.ConnStatus.OK:
            raise psycopg.OperationalError(pgconn.get_error_message())
        if result is None:
            continue  # between the results of two statements
        if result.status == pq.ExecStatus.PIPELINE_SYNC:
            return results
        results.append(result)
