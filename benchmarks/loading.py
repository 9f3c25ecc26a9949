"""Fills the registry: rows as `xds.store` makes them, by COPY, in several processes."""

import itertools
import os
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import psycopg

from benchmarks.population import patient, submission
from xds.model import ObjectKind, Submission
from xds.store import open_pool, rows
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.submissions import COLUMNS

TYPICAL = 8
HEAVY = 500
_DOCUMENTS = 2  # of one submission
_BATCH = 50  # patients of one COPY


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What is in the registry: patients 1 … typical, then the heavy ones."""

    typical: int  # patients of 8 entries
    heavy: int  # patients of 500

    @property
    def patients(self) -> int:
        """All of them."""
        return self.typical + self.heavy

    @property
    def entries(self) -> int:
        """DocumentEntries."""
        return self.typical * TYPICAL + self.heavy * HEAVY

    def some_typical(self, count: int) -> list[str]:
        """Ids of typical patients, spread over all."""
        return [patient(1 + index * self.typical // count) for index in range(min(count, self.typical))]

    def all_heavy(self) -> list[str]:
        """Ids of the heavy patients."""
        return [patient(self.typical + 1 + index) for index in range(self.heavy)]


def load(dsn: str, entries: int) -> Loaded:
    """Load about so many DocumentEntries, two to a submission, and say so."""
    heavy = max(1, entries // 12_500)
    loaded = Loaded(typical=max(8, (entries - heavy * HEAVY) // TYPICAL), heavy=heavy)
    began = time.monotonic()
    with psycopg.connect(dsn) as connection:
        with connection.cursor().copy("COPY patient (cx) FROM STDIN") as copy:
            for number in range(1, loaded.patients + 1):
                copy.write_row((patient(number),))
        found = connection.execute("SELECT cx, patient_key FROM patient").fetchall()
    keys: dict[str, int] = dict(found)
    numbered = [(number, keys[patient(number)]) for number in range(1, loaded.patients + 1)]
    jobs = [(dsn, batch, loaded.typical) for batch in _batches(numbered, _BATCH)]
    with ProcessPoolExecutor(os.cpu_count() or 2, mp_context=get_context("spawn")) as executor:
        for _ in executor.map(_copy_patients, jobs):
            pass
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
    print(
        f"loaded {loaded.entries} DocumentEntries of {loaded.patients} patients ({loaded.typical} of {TYPICAL},"
        f" {loaded.heavy} of {HEAVY}) in {time.monotonic() - began:.0f} s"
    )
    return loaded


def _batches(items: list[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _copy_patients(job: tuple[str, list[tuple[int, int]], int]) -> None:
    dsn, numbered, typical = job
    made: list[tuple[int, Submission]] = []
    for number, key in numbered:
        rng = random.Random(number)
        count = (TYPICAL if number <= typical else HEAVY) // _DOCUMENTS
        made += [
            (key, submission(number * 1000 + index, patient(number), _DOCUMENTS, rng))
            for index in range(count)
        ]
    pool = open_pool(dsn, size=1, statement_timeout=60, idle_in_transaction_timeout=60)
    codes = CodeCache(pool).ids(code for _, item in made for code in rows.codes_of(item))
    pool.close()
    pack = BodyCodec()
    with psycopg.connect(dsn) as connection:
        _copy(
            connection,
            "document_entry",
            (
                rows.entry_row(key, entry, codes, pack)
                for key, item in made
                for entry in item.document_entries
            ),
        )
        _copy(
            connection,
            "submission_set",
            (
                rows.submission_set_row(key, s, codes, pack)
                for key, item in made
                for s in item.submission_sets
            ),
        )
        _copy(
            connection,
            "association",
            (rows.association_row(key, a, pack) for key, item in made for a in item.associations),
        )
        _copy(connection, "object_locator", (row for key, item in made for row in _locators(key, item)))
        _copy(connection, "unique_id", (row for key, item in made for row in _unique_ids(key, item)))


def _copy(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, values: Iterable[rows.Row]
) -> None:
    """Copy rows; what a table has beyond their columns gets its default."""
    names = ", ".join(COLUMNS[table])
    with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in values:
            copy.write_row(row)


def _locators(key: int, item: Submission) -> Iterator[rows.Row]:
    for kind, objects in (
        (ObjectKind.DOCUMENT_ENTRY, item.document_entries),
        (ObjectKind.SUBMISSION_SET, item.submission_sets),
        (ObjectKind.ASSOCIATION, item.associations),
    ):
        for found in objects:
            yield rows.bare(found.entry_uuid), key, kind.value, item.submission_set.source_id


def _unique_ids(key: int, item: Submission) -> Iterator[rows.Row]:
    for entry in item.document_entries:
        yield (
            rows.uid(entry.unique_id or ""),
            key,
            ObjectKind.DOCUMENT_ENTRY.value,
            bytes.fromhex(entry.hash or ""),
            int(entry.size or 0),
        )
    for found in item.submission_sets:
        yield rows.uid(found.unique_id or ""), key, ObjectKind.SUBMISSION_SET.value, None, None
