"""The commands of docs/operations.md, as they stand there, against a real PostgreSQL."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from xds.store import locate_binaries, migrate

PAGE = (Path(__file__).parents[1] / "docs" / "operations.md").read_text(encoding="utf-8")


def documented(program: str) -> list[str]:
    """The options of a command of the page, without the file and the database."""
    (command,) = {match.replace("\n", " ") for match in re.findall(rf"`{program} (--[^`]*)`", PAGE)}
    return [
        word for word in command.split() if word.startswith("--") and "=$" not in word and '="$' not in word
    ]


def run(program: str, *arguments: str) -> None:
    command = [locate_binaries() / program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def content(dsn: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(dsn) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [str(name) for (name,) in tables.fetchall()]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in names}


def test_a_backup_is_restored(database: str, postgres: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO patient (cx) VALUES ('P1^^^&2.999.1&ISO'), ('É2^^^&2.999.1&ISO')")
    dump = tmp_path / "xds.dump"
    form, file = documented("pg_dump")
    assert file == "--file=xds.dump"
    run("pg_dump", form, f"--file={dump}", database)
    name = f"{conninfo_to_dict(database)['dbname']}_restored"
    restored = make_conninfo(postgres, dbname=name)
    try:
        run("createdb", f"--maintenance-db={postgres}", name)
        run("pg_restore", f"--dbname={restored}", str(dump))
        assert content(restored) == content(database)
        assert migrate(restored) == []
        with psycopg.connect(restored) as connection:  # identities go on where they were
            connection.execute("INSERT INTO patient (cx) VALUES ('P3^^^&2.999.1&ISO')")
        run("pg_restore", "--clean", f"--dbname={restored}", str(dump))
        assert content(restored) == content(database)
    finally:
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def test_the_owner_migrates_by_the_command_of_the_page(
    new_database: Callable[[], str], postgres: str
) -> None:
    dsn = new_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    (line,) = re.findall(r"^\$ \S+/xds (db migrate --dsn) '.*'$", PAGE, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, "-m", "xds", *line.split(), dsn],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "0001_pre_registry" in done.stdout
    assert migrate(dsn) == []


def test_the_sentences_of_the_page_are_those_of_the_code() -> None:
    """What the first table quotes can be found in the package, so that a search leads to the page."""
    sources = "\n".join(
        path.read_text("utf-8") for path in Path(__file__).parents[1].joinpath("xds").rglob("*.py")
    )
    flat = re.sub(r'"\s*\n\s*f?"', "", sources)
    table = PAGE.partition("| it says | do |")[2].partition("\n\n")[0]
    quotes = re.findall(r"`([^`]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()[2:]))
    missing = [
        part
        for quote in quotes
        for part in re.split(r"\s*…,?\s*", quote)
        if len(part) > 3 and part not in flat
    ]
    assert len(quotes) >= 10
    assert missing == []


def test_every_event_of_the_log_is_explained() -> None:
    events = set()
    for path in Path(__file__).parents[1].joinpath("xds").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Name(id="log"), attr="debug" | "info" | "warning" | "error" | "exception"
                    ),
                    args=[first, *_],
                ):
                    # One of two, where the call decides between them.
                    words = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                    events |= {str(word.value) for word in words if isinstance(word, ast.Constant)}
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log"), attr="log"),
                    args=[_, ast.Constant(value=word), *_],
                ):
                    events.add(str(word))
    table = PAGE.partition("| event | level |")[2].partition("\n\n")[0]
    explained = {
        name for row in table.splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    assert events | {"uncaught", "unraisable"} == explained
