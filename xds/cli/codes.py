"""`xds codes`: the code lists of an affinity domain."""

from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from xds.cli.options import json_option
from xds.cli.outcome import Unreadable, write_json
from xds.codes import ATTRIBUTES, CodeLists, as_toml, load_codes
from xds.settings import SettingsError

_WIDE = 300  # columns of a table that is no terminal's: a line each, whatever its length
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(epilog="Example: xds codes import codes.xml -o codes.toml")
def codes() -> None:
    """The code lists of an affinity domain."""


@codes.command(name="import", epilog="Example: xds codes import codes.xml -o codes.toml")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option("--output", "-o", type=_FILE, help="Where the lists go; without it, to standard output.")
def import_codes(path: Path, output: Path | None) -> None:
    """Turn a test tool's codes.xml into our TOML, one code a line with its display name.

    FILE is what NIST XDS Toolkit and Gazelle use: CodeType elements with Code elements. Codes of Folders are its
    folderCodeList. The settings name the result as registry.codes_file; the service takes FILE itself as well.
    """
    lists = _read(path)
    text = as_toml(lists)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
    for sentence in _notes(lists):
        click.echo(sentence, err=True)


@codes.command(name="list", epilog="Example: xds codes list codes.toml --attribute classCode")
@click.argument("path", metavar="FILE", type=_FILE)
@click.option(
    "--attribute", type=click.Choice((*ATTRIBUTES, "mimeType")), help="Only those of one attribute."
)
@json_option
def list_codes(path: Path, attribute: str | None, as_json: bool) -> None:
    """List the codes of a file in either form."""
    lists = _read(path)
    rows = [row for row in _rows(lists) if attribute in (None, row[0])]
    if as_json:
        names = ("attribute", "code", "scheme", "display")
        write_json({"codes": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=None, pad_edge=False)
    for column in ("attribute", "code", "coding scheme", "display"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


@codes.command(epilog="Example: xds codes check codes.toml")
@click.argument("path", metavar="FILE", type=_FILE)
@json_option
def check(path: Path, as_json: bool) -> None:
    """Check that the service would take a file, and say how much is in it.

    Exit codes: 0 it would, 2 it would not.
    """
    lists = _read(path)
    counts = {name: len(found) for name, found in lists.codes.items()}
    if lists.mime_types is not None:
        counts["mimeType"] = len(lists.mime_types)
    free = [name for name in (*ATTRIBUTES, "mimeType") if name not in counts]
    if as_json:
        write_json(
            {
                "counts": counts,
                "any_code": free,
                "left_out": lists.left_out,
                "assigning_authorities": lists.assigning_authorities,
            }
        )
        return
    for name, count in counts.items():
        click.echo(f"{name}: {count} {'code' if count == 1 else 'codes'}")
    if free:
        click.echo(f"any code is taken for {', '.join(free)}")
    for sentence in _notes(lists):
        click.echo(sentence, err=True)


def _read(path: Path) -> CodeLists:
    try:
        return load_codes(path)
    except SettingsError as error:
        raise Unreadable(str(error)) from None


def _rows(lists: CodeLists) -> Iterator[tuple[str, str, str, str]]:
    for attribute, listed in lists.codes.items():
        for code, scheme in sorted(listed, key=lambda key: (key[1], key[0])):
            yield attribute, code, scheme, lists.displays.get((code, scheme), "")
    for mime_type in sorted(lists.mime_types or ()):
        yield "mimeType", mime_type, "", ""


def _notes(lists: CodeLists) -> Iterator[str]:
    yield from (f"left out: {item}" for item in lists.left_out)
    if lists.assigning_authorities:
        oids = ", ".join(lists.assigning_authorities)
        yield f"assigning authorities, which code lists do not hold: {oids} (registry.patient_authority takes one)"
