"""How a command ends: exit 0 done, 1 the answer is no, 2 usage or unreadable input, 3 not reachable."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

import click

from xds.model import Severity, XdsError

SCHEMA_VERSION: Final = 1
"""Of every JSON document that a command writes; it grows when a field changes or goes."""
_GATEWAY_STATUSES: Final = frozenset({502, 503, 504})
"""A proxy says that it cannot reach what is behind it (RFC 9110 15.6)."""


class _Ending(click.ClickException):
    def show(self, file: IO[Any] | None = None) -> None:
        """Write the sentence to standard error."""
        click.echo(f"xds: {self.format_message()}", file=file, err=True)


class Refused(_Ending):
    """The answer is no."""

    exit_code = 1


class Unreadable(_Ending):
    """What was given cannot be read or understood."""

    exit_code = 2


class Unreachable(_Ending):
    """No answer came."""

    exit_code = 3


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a client or a file can go wrong with into one sentence and an exit code."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
        raise  # a reader of our output that has gone: click ends quietly
    except OSError as error:
        raise Unreadable(str(error)) from error
    except Exception as error:
        ending = _ending_of(error)
        if ending is None:
            raise
        raise ending from error


def _ending_of(error: Exception) -> _Ending | None:
    # Imported here: `xds --help` needs no client.
    from xds.client import (  # noqa: PLC0415
        ClientError,
        DocumentNotSent,
        ServiceUnavailable,
        SoapFault,
        UnreadableAnswer,
    )

    match error:
        case ServiceUnavailable():
            return Unreachable(str(error))
        case UnreadableAnswer(status=status) if status in _GATEWAY_STATUSES:
            return Unreachable(str(error))
        case SoapFault():
            return Refused(f"the service answered with a fault: {error}")
        case DocumentNotSent():
            return Unreadable(str(error))
        case ClientError():
            return Refused(str(error))
    return None


def severity_word(finding: XdsError) -> str:
    """``error`` or ``warning``."""
    return "warning" if finding.severity is Severity.WARNING else "error"


def finding_json(finding: XdsError) -> dict[str, str]:
    """A finding as every JSON document of a command holds it."""
    return {
        "severity": severity_word(finding),
        "code": finding.code,
        "context": finding.context,
        "location": finding.location,
    }


def show_findings(findings: Iterable[XdsError]) -> None:
    """Write findings to standard error, one each line."""
    for finding in findings:
        where = f" [{finding.location}]" if finding.location else ""
        click.echo(f"{severity_word(finding)} {finding.code}: {finding.context}{where}", err=True)


def write_json(document: dict[str, object]) -> None:
    """Write the one JSON document of a command to standard output."""
    whole = {"schema_version": SCHEMA_VERSION, **document}
    click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
