"""ITI-42 over HTTP against pgbench: one transaction that inserts the rows that a registration inserts."""

import itertools
import random
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from benchmarks import audit_rows, load, messages, pgbench
from benchmarks.load import NUMBER
from benchmarks.loading import Loaded
from benchmarks.measure import Ratio, Sample, bracketed
from benchmarks.population import patient, submission
from benchmarks.service import Service
from xds.model import UUID_PREFIX, ObjectKind, Submission
from xds.store import open_pool, rows
from xds.store.bodies import BodyCodec
from xds.store.codes import CodeCache
from xds.store.submissions import COLUMNS

_DOCUMENTS: Final = 2
_TEMPLATES: Final = 100
_WARM_UP: Final = 0.3
_COLON: Final = re.compile(r"(?<!:):(?=\w)")
_numbers = itertools.count(0, 1_000_000)
_SOURCE: Final = "2.999.4.1"
_ANSWER: Final = 130  # octets of the RegistryResponse that is kept for a repeat


def register(service: Service, dsn: str, loaded: Loaded, *, seconds: float, rounds: int) -> Ratio:
    """Registrations a second, two documents each, for patients that are known."""
    rng = random.Random("ITI-42")
    made = [_numbered(patient(rng.randint(1, loaded.patients)), rng) for _ in range(_TEMPLATES)]
    requests = [messages.register(item) for item in made]
    script, variables = _script(dsn, made[0], loaded.patients)
    shares: list[float] = []

    def ours(time: float = seconds) -> Sample:
        with tempfile.TemporaryDirectory() as name:
            result = load.in_process(
                Path(name),
                service.port,
                requests,
                connections=pgbench.CLIENTS,
                seconds=time,
                expect="ResponseStatusType:Success",
                first=next(_numbers),
            )
        shares.append(result.cpu_share)
        return Sample(rate=result.per_second, p50_ms=result.p50_ms, p95_ms=result.p95_ms)

    def theirs(time: float = seconds) -> Sample:
        return pgbench.run(dsn, script, variables, seconds=time)

    ours(seconds * _WARM_UP)
    theirs(seconds * _WARM_UP)
    shares.clear()
    mine, others = bracketed(ours, theirs, rounds=rounds)
    return Ratio(
        name=f"ITI-42 {_DOCUMENTS} documents",
        limit="pgbench, same rows, audit's too",
        unit="registrations/s",
        ours=mine,
        theirs=others,
        target=0.25,
        goal=0.50,
        notes=(
            f"messages of {len(requests[0])} octets",
            f"{pgbench.CLIENTS} connections",
            f"the generator took {max(shares):.2f} of a core",
        ),
    )


def _numbered(patient_id: str, rng: random.Random) -> Submission:
    """A submission whose ids hold the generator's number."""
    made = submission(rng.randint(1, 10**6), patient_id, _DOCUMENTS, rng)
    number = NUMBER.decode()

    def own(entry_uuid: str) -> str:
        return f"{entry_uuid[: len(UUID_PREFIX) + 24]}{number}"

    return replace(
        made,
        document_entries=tuple(
            replace(item, entry_uuid=own(item.entry_uuid), unique_id=f"2.999.6.{index}.{number}")
            for index, item in enumerate(made.document_entries)
        ),
        submission_sets=tuple(
            replace(item, entry_uuid=own(item.entry_uuid), unique_id=f"2.999.7.{number}")
            for item in made.submission_sets
        ),
        associations=tuple(
            replace(item, entry_uuid=own(item.entry_uuid), source=own(item.source), target=own(item.target))
            for item in made.associations
        ),
    )


def _script(dsn: str, numbered: Submission, patients: int) -> tuple[str, dict[str, str]]:
    """The transaction in pgbench's notation, and its bodies; ids are made by the server."""
    sample = _sample(numbered)
    pool = open_pool(dsn, size=1, statement_timeout=60, idle_in_transaction_timeout=60)
    codes = CodeCache(pool).ids(rows.codes_of(sample))
    pool.close()
    pack = BodyCodec()
    entries = [rows.entry_row(0, item, codes, pack) for item in sample.document_entries]
    sets = [rows.submission_set_row(0, item, codes, pack) for item in sample.submission_sets]
    links = [rows.association_row(0, item, pack) for item in sample.associations]
    variables = {
        f"{name}{index}": f"\\x{row[-1].hex()}"
        for name, found in (("entry", entries), ("set", sets), ("link", links))
        for index, row in enumerate(found)
    }
    variables["answer"] = f"\\x{bytes(_ANSWER).hex()}"
    key, some_uuid, some_uid = ":key::bigint", "gen_random_uuid()", "uuid_send(gen_random_uuid())"
    with psycopg.connect(dsn) as connection:

        def values(row: rows.Row, fixed: Sequence[str], body: str) -> str:
            rest = [_literal(sql.Literal(value).as_string(connection)) for value in row[len(fixed) : -1]]
            return f"({', '.join((*fixed, *rest, f':{body}::bytea'))})"

        entry_values = ", ".join(
            values(row, (key, some_uuid, some_uuid), f"entry{index}") for index, row in enumerate(entries)
        )
        set_values = ", ".join(
            values(row, (key, some_uuid, some_uid), f"set{index}") for index, row in enumerate(sets)
        )
        link_values = ", ".join(
            values(row, (key, some_uuid, some_uuid, some_uuid), f"link{index}")
            for index, row in enumerate(links)
        )
    located = ["D"] * len(entries) + ["S"] * len(sets) + ["A"] * len(links)
    statements = (
        "BEGIN",
        "INSERT INTO unique_id (uid, patient_key, kind, hash, size) VALUES "
        + ", ".join(
            f"({some_uid}, {key}, '{kind.value}', {some_uid}, 30000)"
            for kind in (ObjectKind.SUBMISSION_SET, *[ObjectKind.DOCUMENT_ENTRY] * len(entries))
        )
        + " ON CONFLICT DO NOTHING RETURNING uid",
        "INSERT INTO object_locator (entry_uuid, patient_key, kind, source_id) VALUES "
        + ", ".join(f"({some_uuid}, {key}, '{kind}', '{_SOURCE}')" for kind in located),
        f"INSERT INTO document_entry ({', '.join(COLUMNS['document_entry'])}) VALUES {entry_values}",
        f"INSERT INTO submission_set ({', '.join(COLUMNS['submission_set'])}) VALUES {set_values}",
        f"INSERT INTO association ({', '.join(COLUMNS['association'])}) VALUES {link_values}",
        "INSERT INTO replay (message_id, digest, number, answer)"
        f" VALUES ('urn' || gen_random_uuid(), {some_uid} || {some_uid}, 'ITI-42', :answer::bytea)"
        " ON CONFLICT DO NOTHING RETURNING message_id",
        audit_rows.statement().removesuffix(";"),
        "COMMIT",
    )
    variables |= audit_rows.of_registration(sample)
    return "\n".join(
        (f"\\set key random(1, {patients})", *(f"{item};" for item in statements), "")
    ), variables


def _literal(text: str) -> str:
    """A literal in which pgbench sees no variable: it looks for colons within quotes too."""
    hidden = _COLON.sub(r"\\x3a", text)
    return text if hidden == text else f"E{hidden}"


def _sample(numbered: Submission) -> Submission:
    """The submission with a real number in its ids, as it is stored."""
    digits = str(load.FIRST_NUMBER)
    number = NUMBER.decode()
    return replace(
        numbered,
        document_entries=tuple(
            replace(item, entry_uuid=item.entry_uuid.replace(number, digits))
            for item in numbered.document_entries
        ),
        submission_sets=tuple(
            replace(item, entry_uuid=item.entry_uuid.replace(number, digits))
            for item in numbered.submission_sets
        ),
        associations=tuple(
            replace(
                item,
                entry_uuid=item.entry_uuid.replace(number, digits),
                source=item.source.replace(number, digits),
                target=item.target.replace(number, digits),
            )
            for item in numbered.associations
        ),
    )
