"""What deploy/ ships works with this version: settings, roles, unit, proxy, image."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.transactions.conftest import base_settings, launched
from xds.settings import lite_settings, load
from xds.store import EmbeddedPostgres, locate_binaries, migrate

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
SETTINGS = sorted(path for path in DEPLOY.glob("*.toml") if path.name != "codes.toml")
PRODUCTION = load(DEPLOY / "production.toml", environ={})


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_there_are_settings_files() -> None:
    assert {"production.toml", "conformance.toml"} <= {path.name for path in SETTINGS}


@pytest.mark.parametrize("path", SETTINGS, ids=lambda path: path.name)
def test_settings_file_loads(path: Path) -> None:
    settings = load(path, environ={})
    assert not settings.lite


@pytest.mark.parametrize(
    "section", ["server", "store", "registry", "rules", "repository", "feeds", "limits", "log"]
)
def test_production_shows_every_section(section: str) -> None:
    assert f"\n[{section}]\n" in read("production.toml")


def test_production_listens_behind_the_proxy_only() -> None:
    assert PRODUCTION.server.host == "127.0.0.1"
    assert (str(PRODUCTION.server.unix_socket), PRODUCTION.server.trusted_proxy) == (
        "/run/xds/xds.sock",
        "unix",
    )
    assert unit("RuntimeDirectory") == ["xds"]
    assert PRODUCTION.limits.requests_per_second > 0


def test_conformance_is_what_outside_tools_are_told() -> None:
    settings = load(DEPLOY / "conformance.toml", environ={})
    lite = lite_settings("127.0.0.1", 8080, Path("data"), environ={})
    assert settings.rules.strictness == "strict"
    assert settings.registry.unknown_patients == "refuse"
    assert settings.registry.query_unknown_patient == "error"
    assert settings.registry.patient_authority is None, "the feed says whose ids they are"
    assert (settings.repository.unique_id, settings.registry.home_community_id) == (
        "2.999.3.1",
        "urn:oid:2.999.3",
    )
    assert settings.server.registry_path == lite.server.registry_path
    assert settings.server.repository_path == lite.server.repository_path
    assert settings.server.roles == ("registry", "repository")
    assert settings.store.dsn is None
    assert settings.feeds.mllp_port == 3600


def unit(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", read("xds.service"), re.MULTILINE)


def test_the_unit_starts_the_service_as_it_is_called() -> None:
    (command,) = unit("ExecStart")
    assert shlex.split(command)[1:] == ["serve", "--config", "/etc/xds/xds.toml"]
    assert f"/var/lib/{unit('StateDirectory')[0]}" == str(PRODUCTION.data_dir)
    assert unit("User") == ["xds"]


def test_the_image_starts_the_service_as_it_is_called() -> None:
    text = read("Containerfile")
    assert 'ENTRYPOINT ["xds"]\nCMD ["serve", "--config", "/etc/xds/xds.toml"]' in text
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001"]
    for source in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE):
        assert all((ROOT / name).exists() for name in source.split()), source


def ready(config: Path) -> int:
    """What the health check of the image says."""
    (command,) = re.findall(r"^HEALTHCHECK .*\\\n +CMD (.*)$", read("Containerfile"), re.MULTILINE)
    assert json.loads(command) == ["python", "/opt/xds/ready.py", "/etc/xds/xds.toml"]
    assert "COPY deploy/ready.py /opt/xds/ready.py\n" in read("Containerfile")
    done = [sys.executable, str(DEPLOY / "ready.py"), str(config)]
    return subprocess.run(done, cwd=ROOT, check=False).returncode


@pytest.mark.parametrize("at", ["port", "socket"])
def test_the_health_check_asks_where_the_service_listens(
    at: str, new_database: Callable[[], str], tmp_path: Path
) -> None:
    """Also where it listens as in production.toml, on a Unix socket."""
    settings = base_settings(new_database(), tmp_path)
    if at == "socket":
        settings["server"]["unix_socket"] = str(tmp_path / "xds.sock")
    with launched(tmp_path, settings) as service:
        deadline = time.monotonic() + 60
        while ready(tmp_path / "xds.toml") != 0:
            assert service.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
    assert ready(tmp_path / "xds.toml") == 1


def test_the_image_has_what_the_package_needs() -> None:
    """Every folder that setup.cfg installs is copied into the stage that builds."""
    copied = re.findall(r"^COPY (?!--from)(\w+) \1$", read("Containerfile"), re.MULTILINE)
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    folders = [line.partition("=")[2].strip() for line in setup["options"]["package_dir"].split("\n") if line]
    assert set(copied) == set(folders)


def test_the_proxy_has_the_figures_of_the_settings() -> None:
    text, limits = read("nginx.conf"), PRODUCTION.limits
    assert f"client_max_body_size        {limits.request_bytes};" in text
    assert f"client_header_timeout       {limits.header_seconds}s;" in text
    assert f"keepalive_timeout           {limits.keep_alive_seconds}s;" in text
    assert f"rate={limits.requests_per_second}r/s;" in text
    assert f"limit_conn            xds_connections {limits.in_flight_per_peer};" in text
    assert f"server unix:{PRODUCTION.server.unix_socket};" in text


def test_the_proxy_streams_and_hands_on_the_certificate() -> None:
    text = read("nginx.conf")
    assert "proxy_request_buffering off;" in text
    assert "proxy_buffering         off;" in text
    assert re.findall(r"proxy_set_header\s+(X-Client-\S+)\s+(\S+);", text) == [
        ("X-Client-Certificate", "$ssl_client_escaped_cert"),
        ("X-Client-Address", "$remote_addr"),
    ]
    assert "ssl_verify_client       on;" in text


@pytest.mark.parametrize(
    "path", [path for path in sorted(DEPLOY.iterdir()) if path.is_file()], ids=lambda p: p.name
)
def test_no_secret_is_shipped(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "PRIVATE KEY" not in text
    assert not re.search(r"password\s*=\s*['\"]?\w|://\w+:\w+@", text)


@pytest.fixture(scope="module")
def own_server() -> Iterator[tuple[str, Path]]:
    """A server without the database that postgresql-roles.sql makes; its DSN and where its psql is."""
    folder = Path(tempfile.mkdtemp(prefix="xds-roles-"))
    folder.chmod(0o755)
    binaries = locate_binaries()
    try:
        with EmbeddedPostgres(folder / "postgresql", binaries) as server:
            dsn = make_conninfo(server.dsn, dbname="postgres")
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("DROP DATABASE xds")
            yield dsn, binaries / "psql"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def as_owner(own_server: tuple[str, Path]) -> str:
    """The roles made, the schema migrated by its owner, the roles made again."""
    dsn, psql = own_server
    owner = make_conninfo(dsn, dbname="xds", user="xds_owner")
    for migrated in (True, False):
        command = [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", DEPLOY / "postgresql-roles.sql", dsn]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        if migrated:
            assert migrate(owner)
    return owner


@pytest.fixture
def app(as_owner: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(make_conninfo(as_owner, user="xds_app"), autocommit=True) as connection:
        yield connection


def test_the_application_works_with_rows(app: psycopg.Connection[tuple[object, ...]]) -> None:
    app.execute("INSERT INTO patient (cx) VALUES ('P1^^^&2.999.1&ISO')")
    app.execute("UPDATE patient SET merged_into = 7 WHERE cx = 'P1^^^&2.999.1&ISO'")
    app.execute("DELETE FROM replay WHERE created_at < now()")
    for table in ("object_locator", "unique_id", "document_entry", "submission_set", "folder", "association"):
        app.execute(f"DELETE FROM {table}")
    assert app.execute("SELECT count(*) FROM patient").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM patient",
        "DELETE FROM repository_document",
        "TRUNCATE replay",
        "DROP TABLE replay",
        "CREATE TABLE mine (a int)",
        "CREATE TABLE public.mine (a int)",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (a int)",
        "UPDATE schema_migration SET number = 0",
        "UPDATE audit_event SET body = ''",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "UPDATE audit_seal SET hash = ''",
        "DELETE FROM audit_seal",
        "SET log_min_error_statement = error",
        "CREATE ROLE mine",
        "SELECT pg_read_file('/etc/hostname')",
    ],
)
def test_the_application_has_no_other_right(
    app: psycopg.Connection[tuple[object, ...]], statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_the_log_of_the_database_quotes_nothing(app: psycopg.Connection[tuple[object, ...]]) -> None:
    wanted = {
        "log_min_error_statement": "panic",
        "log_parameter_max_length_on_error": "0",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "synchronous_commit": "on",
    }
    rows = app.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(wanted),)
    ).fetchall()
    assert dict(rows) == wanted


def test_the_service_starts_as_the_application_role(as_owner: str) -> None:
    assert migrate(make_conninfo(as_owner, user="xds_app")) == []


def test_nobody_else_connects(as_owner: str) -> None:
    with psycopg.connect(as_owner) as connection:
        found = connection.execute("SELECT has_database_privilege('pg_monitor', 'xds', 'CONNECT')").fetchone()
    assert found == (False,)


def test_searches_without_a_patient_use_the_indexes_for_them(database: str) -> None:
    """The file may be run again; each index serves the search that it is for."""
    text = (DEPLOY / "multi-patient-indexes.sql").read_text("utf-8")
    statements = [part.strip() for part in re.sub(r"--.*", "", text).split(";") if part.strip()]
    searches = {
        "document_entry_class_code": "document_entry WHERE class_code = ANY('{1}') AND creation_time >= 2024",
        "document_entry_facility_type_code": "document_entry WHERE facility_type_code = ANY('{1}')",
        "document_entry_event_codes": "document_entry WHERE event_codes && '{1}'::integer[]",
        "folder_codes": "folder WHERE codes && '{1}'::integer[]",
    }
    assert [re.findall(r"EXISTS (\w+)", item)[0] for item in statements] == list(searches)
    with psycopg.connect(database, autocommit=True) as connection:
        for statement in (*statements, *statements):
            connection.execute(statement.encode())
        connection.execute("SET enable_seqscan = off")
        for index, search in searches.items():
            plan = connection.execute(f"EXPLAIN SELECT FROM {search}".encode()).fetchall()
            assert index in str(plan)
