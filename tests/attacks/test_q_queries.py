"""Row Q1 of the attack list: queries that want to be expensive, or to be SQL."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.own_time import stopwatch
from tests.transactions import samples
from tests.transactions.wire import Answer, send, send_mtom
from xds.model import QuerySlot, StoredQuery

MIB = 1024 * 1024
PATIENT = "Q1^^^&2.999.1.1&ISO"


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    """Among others it knows one patient with a few documents whose author is "O'Brien"."""
    with attacked(new_database(), tmp_path_factory.mktemp("attacked")) as started:
        made = samples.submission(*(samples.entry(PATIENT) for _ in range(3)))
        assert send(started.port, "ITI-42", samples.register_body(made)).result == "Success"
        yield started


def find(target: OpenTarget, *more: QuerySlot) -> Answer:
    return send(target.port, "ITI-18", samples.find_body(PATIENT, *more))


def author(*values: str) -> QuerySlot:
    return samples.slot("$XDSDocumentEntryAuthorPerson", *values)


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("%" * 9, "XDSRegistryError"),
        ("_" * 9, "XDSRegistryError"),
        ("%_" * 50_000, "XDSRegistryError"),
        ("%a" * 9, "XDSRegistryError"),
        ("x" * MIB, None),
        ("%" + "x" * MIB + "%", None),
        ("%", None),
        ("\\" * 1000, None),
        ("%\\", None),
        ("(((((a+)+)+)+)+)+$", None),
    ],
    ids=[
        "9 %", "9 _", "100,000 wildcards", "9 pieces", "1 MB", "1 MB between %", "all", "backslashes",
        "backslash at the end", "a regular expression",
    ],
)  # fmt: skip
def test_q1_patterns(target: OpenTarget, pattern: str, code: str | None) -> None:
    with target.unharmed():
        answer = find(target, author(pattern))
    assert answer.codes == ([] if code is None else [code]), answer.body[:500]


def test_q1_8_wildcards_are_taken(target: OpenTarget) -> None:
    with target.unharmed():
        assert find(target, author("%" * 8)).result == "Success"


@pytest.mark.parametrize(
    ("count", "code"), [(1000, []), (1001, ["XDSTooManyResults"]), (100_000, ["XDSTooManyResults"])]
)
def test_q1_ids_in_a_list(target: OpenTarget, count: int, code: list[str]) -> None:
    asked = samples.query_body(
        StoredQuery.GET_DOCUMENTS,
        samples.slot("$XDSDocumentEntryUniqueId", *(f"2.999.9.{n}" for n in range(count))),
    )
    with target.unharmed(size=len(asked)):
        assert send(target.port, "ITI-18", asked).codes == code


@pytest.mark.parametrize(("count", "refused"), [(64, False), (65, True), (10_000, True)])
def test_q1_a_flood_of_parameters(target: OpenTarget, count: int, refused: bool) -> None:
    """The two of the query itself are counted too."""
    flood = [samples.slot(f"$Unknown{n}", "x") for n in range(count - 2)]
    with target.unharmed():
        answer = find(target, *flood)
    assert (answer.codes == ["XDSStoredQueryParamNumber"]) is refused, answer.body[:500]


VALUES = [
    "' OR '1'='1",
    "'; DROP TABLE document_entry; --",
    "O'Brien",
    "\\'; SELECT pg_sleep(30); --",
    "') UNION SELECT body FROM document_entry --",
    "%(ids)s",
    "$1",
    '{"a",NULL}',
    "\u2019 OR 1=1",
    "a\u0000b",
]


@pytest.mark.parametrize("unquoted", [False, True])
@pytest.mark.parametrize("value", VALUES[:-1])
@pytest.mark.parametrize(
    "parameter",
    [
        "$XDSDocumentEntryAuthorPerson",
        "$XDSDocumentEntryClassCode",
        "$XDSDocumentEntryCreationTimeFrom",
        "$XDSDocumentEntryFormatCode",
    ],
)
def test_q1_values_are_values(target: OpenTarget, parameter: str, value: str, unquoted: bool) -> None:
    """Never SQL: they select nothing, or are told to be no value of their kind."""
    given = value if unquoted or "'" not in value else value.replace("'", "''")
    with target.unharmed():
        answer = find(target, samples.slot(parameter, given, unquoted=unquoted))
        assert answer.status == 200 and answer.elements("ExtrinsicObject") == [], answer.body[:500]
    with psycopg.connect(target.dsn) as connection:
        assert connection.execute("SELECT count(*) FROM document_entry").fetchone() == (3,)


@pytest.mark.parametrize(
    "value",
    [
        "((('a')))",
        "(" * 100_000,
        "('a'" + ",'a'" * 50_000 + ")",
        "('a','b'",
        "'a','b')",
        "'" * 100_001,
        "()",
        "",
    ],
    ids=[
        "nested",
        "100,000 parentheses",
        "50,000 values",
        "not closed",
        "not opened",
        "quotes",
        "empty",
        "none",
    ],
)
def test_q1_lists_that_are_none(target: OpenTarget, value: str) -> None:
    slot = QuerySlot(name="$XDSDocumentEntryClassCode", values=(value,), is_list=False, unquoted=True)
    with target.unharmed():
        answer = find(target, slot)
        assert answer.status == 200
        assert answer.elements("ExtrinsicObject") == []


@pytest.mark.parametrize("query", list(StoredQuery))
def test_q1_no_selective_key(target: OpenTarget, query: StoredQuery) -> None:
    """A query without its required parameters never reads a table from end to end."""
    with target.unharmed():
        answer = send(target.port, "ITI-18", samples.query_body(query))
        assert answer.result == "Failure"
        assert set(answer.codes) <= {
            "XDSStoredQueryMissingParam",
            "XDSStoredQueryParamNumber",
            "XDSUnknownStoredQuery",
        }


def test_q1_the_database_ends_what_takes_too_long(
    new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """limits.query_seconds: somebody holds what a registration waits for; it is told busy, and others go on."""
    dsn = new_database()
    with (
        attacked(dsn, tmp_path_factory.mktemp("slow"), limits={"query_seconds": 1}) as slow,
        psycopg.connect(dsn) as other,
    ):
        made = samples.submission(samples.entry(PATIENT))
        assert send(slow.port, "ITI-42", samples.register_body(made)).result == "Success"
        other.execute("LOCK TABLE document_entry IN ACCESS EXCLUSIVE MODE")
        began, taken = time.monotonic(), stopwatch(slow.service.workers())
        assert find(slow).codes == ["XDSRegistryBusy"]
        assert time.monotonic() - began >= 0.9
        assert taken() < 5
        assert send_mtom(slow.port, "ITI-43", samples.retrieve_body("2.999.404")).result == "Failure"
        other.rollback()
        assert find(slow).result == "Success"
