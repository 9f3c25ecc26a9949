"""`xds validate`: what is wrong with a message, without a server."""

import sys
from pathlib import Path

import click

from xds.cli.capture import UnreadableCapture, read_capture
from xds.cli.judged import Judged
from xds.cli.messages import Verdict, judge
from xds.cli.options import json_option
from xds.cli.outcome import Unreadable, write_json
from xds.codes import load_codes
from xds.server.codes import code_set
from xds.settings import SettingsError
from xds.xml import MalformedXml


@click.command(epilog="\b\nExample: xds validate message.xml --strict")
@click.argument("path", metavar="FILE|-", type=click.Path(allow_dash=True, dir_okay=False, path_type=Path))
@click.option("--strict", is_flag=True, help="Find what the field gets wrong without harm, too.")
@click.option(
    "--codes", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
    help="The domain's code lists, as the service has them; without it any code is known.",
)  # fmt: skip
@json_option
def validate(path: Path, strict: bool, codes: Path | None, as_json: bool) -> None:
    """Check a message without a server.

    FILE is XML (with or without its SOAP envelope), a multipart body, or a whole HTTP request or response as
    it was captured: any request or answer of ITI-18, 41, 42, 43, 44, 51, 57, 62, 86 and 92. Schema, envelope,
    structure, documents and rules are checked; every finding says line, section and remedy. What a submission refers to
    is taken to be registered, and any patient to be known.

    Exit codes: 0 in order, 1 findings, 2 not readable.
    """
    name = "standard input" if str(path) == "-" else str(path)
    try:
        octets = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        known = None if codes is None else code_set(load_codes(codes))
        verdict = judge(read_capture(octets), strict=strict, codes=known)
    except SettingsError as error:
        raise Unreadable(str(error)) from None
    except (UnreadableCapture, MalformedXml) as error:
        raise Unreadable(f"{name}: {error}") from None
    if as_json:
        write_json(_as_json(name, verdict))
    else:
        for finding in verdict.findings:
            click.echo(_as_text(finding))
        click.echo(f"{name}: {verdict.message}, {_summary(verdict)}", err=True)
    sys.exit(0 if verdict.is_valid else 1)


def _as_text(finding: Judged) -> str:
    severity = "error" if finding.is_error else "warning"
    where = " ".join(
        part for part in (f"line {finding.line}:" if finding.line else "", finding.location) if part
    )
    rule = f" [{finding.rule}]" if finding.rule else ""
    lines = [f"{severity} {finding.code}{rule} {where}".rstrip(), f"    {finding.what}."]
    lines += [f"    → {finding.remedy}.", f"    {finding.section}"]
    return "\n".join(lines)


def _summary(verdict: Verdict) -> str:
    errors = sum(finding.is_error for finding in verdict.findings)
    warnings = len(verdict.findings) - errors
    if not verdict.findings:
        return "in order"
    return f"{errors} {'error' if errors == 1 else 'errors'}, {warnings} {'warning' if warnings == 1 else 'warnings'}"


def _as_json(name: str, verdict: Verdict) -> dict[str, object]:
    return {
        "file": name,
        "message": verdict.message,
        "valid": verdict.is_valid,
        "findings": [
            {
                "severity": "error" if finding.is_error else "warning",
                "code": finding.code,
                "rule": finding.rule,
                "location": finding.location,
                "line": finding.line,
                "what": finding.what,
                "remedy": finding.remedy,
                "section": finding.section,
            }
            for finding in verdict.findings
        ],
    }
