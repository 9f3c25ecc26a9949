"""`xds patients`: what it does to a real database, what it says, and with which exit code."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.store.registries import House, entry, fresh_patient, submission
from xds.store import CUT, PatientStore, Pool, open_pool

from .conftest import Run

A, B = "PA^^^&2.999.1.1&ISO", "PB^^^&2.999.1.1&ISO"


@pytest.fixture
def pool(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """The database that the commands are told by the environment."""
    monkeypatch.setenv("XDS_DATABASE_URL", database)
    opened = open_pool(database, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    yield opened
    opened.close()


def test_added_and_shown(run: Run, pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "id.txt"
    file.write_text(A + "\n", "utf-8")
    made = run(
        "patients", "add", "--patient", f"@{file}", "--identifier", "M1^^^LAKE&2.999.18.1&ISO", "--family", "Roy",
        "--given", "Ève", "--given", "Anne", "--birth-date", "19710304", "--sex", "F",
    )  # fmt: skip
    assert (made.exit_code, made.stdout) == (0, "the patient is known now\n")
    again = run("patients", "add", "--patient", "-", "--json", stdin=A)
    assert (again.exit_code, json.loads(again.stdout)["added"]) == (0, False)
    shown = run("patients", "show", "--patient", A)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        f"patient id    {A}",
        "state         in use",
        "name          Ève Anne Roy",
        "birth date    19710304",
        "sex           F",
        "identifier    M1^^^&2.999.18.1&ISO",
        "told by       a feed or an administrator",
        "documents     0",
    ]
    record = json.loads(run("patients", "show", "--patient", A, "--json").stdout)["record"]
    assert (record["family"], record["given"], record["from_feed"]) == ("Roy", ["Ève", "Anne"], True)


def test_merged_and_unmerged(run: Run, pool: Pool, tmp_path: Path) -> None:
    for patient in (A, B):
        assert run("patients", "add", "--patient", patient).exit_code == 0
    house = House.on(pool)
    old = submission(entry(A))
    assert house.register(old).is_success
    merged = run("patients", "merge", "--patient", "-", "--into", B, stdin=A)
    assert (merged.exit_code, merged.stdout) == (0, "merged\n")
    assert run("patients", "merge", "--patient", A, "--into", B).stdout == "they were merged already\n"
    assert f"merged into {B}" in run("patients", "show", "--patient", A).stdout
    new = submission(entry(B))
    assert house.register(new).is_success

    undecided = run("patients", "unmerge", "--patient", A)
    assert undecided.exit_code == 1
    assert "is not assigned yet" in undecided.stderr
    assert A not in undecided.stderr
    (row,) = csv.DictReader(io.StringIO(undecided.stdout))
    assert (row["entry_uuid"], row["assignment"]) == (new.submission_sets[0].entry_uuid, "")
    assert "3 objects" in row["what"]
    plan = json.loads(run("patients", "unmerge", "--patient", A, "--json").stdout)
    assert (plan["unmerged"], plan["undecided"]) == (False, [row["entry_uuid"]])

    file = tmp_path / "decisions.csv"
    file.write_text(undecided.stdout.replace(",,", f",{A},"), "utf-8")
    done = run("patients", "unmerge", "--patient", A, "--assign", file)
    assert (done.exit_code, done.stdout) == (0, "unmerged; 1 submissions assigned, 0 associations cut\n")
    assert len(house.documents_of(A)) == 2
    assert "undone" in run("patients", "show", "--patient", A).stdout
    assert run("patients", "unmerge", "--patient", A).exit_code == 1


def test_an_assignment_that_cannot_be(run: Run, pool: Pool, tmp_path: Path) -> None:
    for patient in (A, B):
        run("patients", "add", "--patient", patient)
    run("patients", "merge", "--patient", A, "--into", B)
    file = tmp_path / "decisions.csv"
    file.write_text(f"entry_uuid,assignment\nurn:uuid:0,{CUT}\n", "utf-8")
    refused = run("patients", "unmerge", "--patient", A, "--assign", file)
    assert refused.exit_code == 2
    assert "urn:uuid:0 is no SubmissionSet" in refused.stderr
    file.write_text("entry_uuid\n1\n", "utf-8")
    assert run("patients", "unmerge", "--patient", A, "--assign", file).exit_code == 2


def test_imported(run: Run, pool: Pool, tmp_path: Path) -> None:
    file = tmp_path / "patients.csv"
    file.write_text(
        "patient_id,family,given,birth_date,sex,identifiers\n"
        f"{A},Roy,Ève Anne,19710304,F,M1^^^&2.999.18.1&ISO~M2^^^&2.999.18.2&ISO\n"
        f"{B},,,,,\n",
        "utf-8-sig",
    )
    done = run("patients", "import", file)
    assert (done.exit_code, done.stdout) == (0, "2 added, 0 known already, 0 refused\n")
    record = PatientStore(pool).show(A).record
    assert record is not None
    assert (record.identifiers[1:], record.name.given) == (
        ("M1^^^&2.999.18.1&ISO", "M2^^^&2.999.18.2&ISO"),
        ("Ève", "Anne"),
    )
    run("patients", "merge", "--patient", A, "--into", B)
    again = run("patients", "import", file, "--json")
    assert again.exit_code == 1
    counts = json.loads(again.stdout)
    assert (counts["added"], counts["known"], counts["refused"]) == (0, 1, 1)
    assert "patient 1 of the file" in again.stderr
    assert "Roy" not in again.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("patient_id,sex\nP1,F\nP2^^^&2.999.1.1&ISO,X\n", ["line 2: patient_id", "line 3: sex"]),
        ("patient_id,birth_date\nP1^^^&2.999.1.1&ISO,4 March\n", ["line 2: birth_date"]),
        ("id\nP1\n", ["its first line names the columns"]),
        ("patient_id,colour\nP1,red\n", ["its first line names the columns"]),
        ("patient_id\nP1^^^&2.999.1.1&ISO,F\n", ["line 2 has more values"]),
    ],
)
def test_a_file_with_mistakes_is_not_begun(
    run: Run, pool: Pool, tmp_path: Path, text: str, words: list[str]
) -> None:
    file = tmp_path / "patients.csv"
    file.write_text(text, "utf-8")
    refused = run("patients", "import", file)
    assert refused.exit_code == 2
    for word in words:
        assert word in refused.stderr
    assert "March" not in refused.stderr
    with pool.connection() as connection:
        assert connection.execute("SELECT count(*) FROM patient").fetchone() == (0,)


def test_files_that_are_none(run: Run, pool: Pool, tmp_path: Path) -> None:
    assert run("patients", "import", tmp_path / "none.csv").exit_code == 2
    latin = tmp_path / "latin.csv"
    latin.write_bytes("patient_id,family\nP1^^^&2.999.1.1&ISO,Hélène\n".encode("latin-1"))
    refused = run("patients", "import", latin)
    assert (refused.exit_code, "no CSV in UTF-8" in refused.stderr) == (2, True)


def test_what_the_store_refuses(run: Run, pool: Pool) -> None:
    stranger = fresh_patient()
    for arguments in (
        ("show", "--patient", stranger),
        ("merge", "--patient", stranger, "--into", A),
        ("unmerge", "--patient", stranger),
    ):
        refused = run("patients", *arguments)
        assert refused.exit_code == 1
        assert "is not known here" in refused.stderr
        assert stranger not in refused.stderr
    run("patients", "add", "--patient", A)
    assert run("patients", "merge", "--patient", A, "--into", A).exit_code == 1
    assert run("patients", "show", "--patient", "P1").exit_code == 2


def test_the_database_is_named_by_the_settings(
    run: Run, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDS_DATABASE_URL", raising=False)
    config = tmp_path / "xds.toml"
    config.write_text(f"[store]\ndsn = {json.dumps(database)}\n", "utf-8")
    assert run("patients", "add", "--patient", A, "--config", config).exit_code == 0
    assert run("patients", "show", "--patient", A).exit_code == 2  # none is named
    config.write_text("[sore]\n", "utf-8")
    assert run("patients", "show", "--patient", A, "--config", config).exit_code == 2
    config.write_text(f'data_dir = "{tmp_path}"\n', "utf-8")  # its own database, and no service runs
    assert run("patients", "show", "--patient", A, "--config", config).exit_code == 3
    away = f"host=127.0.0.1 port={free_port()} dbname=xds"
    assert run("patients", "show", "--patient", A, "--dsn", away).exit_code == 3


def test_an_old_schema_is_told(run: Run, database: str) -> None:
    pool = open_pool(database, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    with pool.connection() as connection:
        connection.execute("DELETE FROM schema_migration WHERE number > 2")
    pool.close()
    refused = run("patients", "show", "--patient", A, "--dsn", database)
    assert (refused.exit_code, "xds db migrate" in refused.stderr) == (1, True)
