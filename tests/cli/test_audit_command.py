"""`xds audit`: what it shows, exports and verifies, and that each look is in the log itself."""

import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.audit.schema import valid_message
from xds.access import AccessContext
from xds.audit import AuditEvent, event_time, new_event_id
from xds.audit.spool import Spool
from xds.cli.health import audit_deliveries
from xds.settings import AuditReceiver, AuditSettings, Settings, StoreSettings
from xds.store import AuditReader, Outbox, Pool, delivery_queue, open_pool, sealer

from .conftest import Run

A, B = "PA^^^&2.999.1.1&ISO", "PB^^^&2.999.1.1&ISO"


@pytest.fixture
def pool(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Pool]:
    """A database with three events, which the commands are told of by the environment."""
    monkeypatch.setenv("XDS_DATABASE_URL", database)
    opened = open_pool(database, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    user = AccessContext(user="dr.a", issuer="urn:idp", licence="cpso:123")
    Outbox(opened, Spool(tmp_path)).keep(
        [
            event("ITI-18 server", patients=(A,), peer="10.0.0.1", query=b"<q/>", query_id="urn:uuid:1"),
            event("ITI-42 server", patients=(B,), outcome=4, description="Failure XDSUnknownPatientId"),
            event("ITI-43 server", user=user),
        ]
    )
    yield opened
    opened.close()


def event(kind: str, **facts: object) -> AuditEvent:
    return AuditEvent(kind=kind, event_id=new_event_id(), time=event_time(), source="xds", **facts)  # type: ignore[arg-type]


def shown(run: Run, *options: str, stdin: str | None = None) -> list[str]:
    """Kinds of the events that are shown."""
    result = run("audit", "show", "--json", *options, stdin=stdin)
    assert result.exit_code == 0
    return [item["kind"] for item in json.loads(result.stdout)["events"] if item["kind"] != "audit log used"]


def test_show_by_each_filter(run: Run, pool: Pool, tmp_path: Path) -> None:
    everything = ["ITI-18 server", "ITI-42 server", "ITI-43 server"]
    assert shown(run) == everything
    assert shown(run, "--patient", "-", stdin=A) == ["ITI-18 server"]
    (tmp_path / "id.txt").write_text(f"{B}\n", "utf-8")
    assert shown(run, "--patient", f"@{tmp_path / 'id.txt'}") == ["ITI-42 server"]
    assert shown(run, "--transaction", "ITI-43") == ["ITI-43 server"]
    assert shown(run, "--user", "cpso:123") == shown(run, "--user", "dr.a") == ["ITI-43 server"]
    assert shown(run, "--user", "10.0.0.1") == ["ITI-18 server"]
    assert shown(run, "--outcome", "failure") == ["ITI-42 server"]
    assert shown(run, "--since", "2001-01-01", "--until", "2001-01-02T00:00:00Z") == []
    assert shown(run, "--since", "2001-01-01", "--outcome", "success") == ["ITI-18 server", "ITI-43 server"]


def test_lines_for_people(run: Run, pool: Pool) -> None:
    result = run("audit", "show", "--transaction", "ITI-42")
    fields = result.stdout.rstrip("\n").split("\t")
    assert fields[1:] == ["ITI-42 server", "minor failure", "-", B, "Failure XDSUnknownPatientId"]


def test_each_look_is_an_event_and_says_whose_data_it_was(run: Run, pool: Pool) -> None:
    run("audit", "show", "--patient", A, "--transaction", "ITI-18")
    run("audit", "verify")
    first, second = [item for item in AuditReader(pool).events() if item.kind == "audit log used"]
    assert first.patients == (A,)
    assert first.description == "show: transaction ITI-18"
    assert first.person
    assert second.description == "verify"


def test_export_is_valid_and_its_owners_alone(run: Run, pool: Pool, tmp_path: Path) -> None:
    out = tmp_path / "events.xml"
    result = run("audit", "export", "--out", out)
    assert result.exit_code == 0
    messages = out.read_bytes().splitlines()
    assert len(messages) == 4
    for message in messages:
        valid_message(message)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_verify(run: Run, pool: Pool, database: str) -> None:
    with sealer(pool) as mine:
        assert mine is not None
        mine.seal()
    first = run("audit", "verify")
    assert first.exit_code == 0
    noted = first.stdout.splitlines()[1]
    assert noted.startswith("3:")
    assert run("audit", "verify", "--expect", noted).exit_code == 0
    assert run("audit", "verify", "--expect", f"3:{'0' * 64}").exit_code == 1
    assert run("audit", "verify", "--expect", "nonsense").exit_code == 2
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute("UPDATE audit_event SET body = body || ' ' WHERE number = 2")
    found = run("audit", "verify", "--json")
    assert found.exit_code == 1
    assert [item["position"] for item in json.loads(found.stdout)["faults"]] == [2]


@pytest.mark.parametrize(
    "option", [("--since", "yesterday"), ("--outcome", "maybe"), ("--patient", "nobody")]
)
def test_usage(run: Run, pool: Pool, option: tuple[str, str]) -> None:
    assert run("audit", "show", *option).exit_code == 2


def test_nobody_looks_without_a_record(run: Run, pool: Pool, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE audit_event RENAME TO elsewhere")
        result = run("audit", "verify")
        administrator.execute("ALTER TABLE elsewhere RENAME TO audit_event")
    assert result.exit_code == 1
    assert "without a record" in result.stderr


def test_what_an_administrator_does_with_patients_is_recorded(run: Run, pool: Pool) -> None:
    for patient in (A, B):
        assert run("patients", "add", "--patient", patient).exit_code == 0
    assert run("patients", "merge", "--patient", A, "--into", B).exit_code == 0
    assert run("patients", "show", "--patient", B).exit_code == 0
    told = [
        (item.description, item.action, item.patients)
        for item in AuditReader(pool).events()
        if item.kind == "patient administration"
    ]
    assert told == [
        ("add", "C", (A,)),
        ("add", "C", (B,)),
        ("merge", "D", (A,)),
        ("merge", "U", (B,)),
        ("show", "R", (B,)),
    ]


def test_doctor_shows_what_a_receiver_waits_for(pool: Pool, database: str, tmp_path: Path) -> None:
    receiver = AuditReceiver(name="arr", host="arr.example.org")
    settings = Settings(
        data_dir=tmp_path,
        store=StoreSettings(dsn=database),
        audit=AuditSettings(receivers=(receiver,)),
    )
    (never,) = audit_deliveries(settings)
    assert (never.name, never.state) == ("audit arr", "warn")
    with delivery_queue(pool, "arr") as queue:
        assert queue is not None
        queue.save(0, 0)
    (fresh,) = audit_deliveries(settings)
    assert (fresh.state, fresh.said[:14]) == ("ok", "3 events wait,")
    with psycopg.connect(database, autocommit=True) as administrator:
        for age, state in (("10 minutes", "warn"), ("2 days", "fail")):
            administrator.execute(f"UPDATE audit_event SET recorded_at = now() - interval '{age}'")
            assert [item.state for item in audit_deliveries(settings)] == [state]
    with psycopg.connect(database, autocommit=True) as administrator:
        administrator.execute("UPDATE audit_event SET recorded_at = now()")
    assert list(audit_deliveries(replace(settings, audit=AuditSettings()))) == []
