"""Options that several commands share, and the types of what is given: addresses, patients, codes, instants."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from xds.cli.outcome import Unreadable
from xds.client import check_assertion
from xds.model import Code, LocalizedString, is_lenient_oid, parse_patient_id
from xds.settings import ServerSettings
from xds.transactions import Role

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULTS: Final = ServerSettings()
_PATHS: Final = {
    Role.REGISTRY: _DEFAULTS.registry_path,
    Role.REPOSITORY: _DEFAULTS.repository_path,
    Role.GATEWAY: _DEFAULTS.gateway_path,
    Role.IMAGING: _DEFAULTS.imaging_path,
}
DEFAULT_BASE: Final = f"http://{_DEFAULTS.host}:{_DEFAULTS.port}"


def end_point(url: str, role: Role) -> str:
    """Return the address of an end point; a bare ``http://host:port`` gets the usual path of that role.

    Raises
    ------
    click.BadParameter
        Not an http or https address.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise click.BadParameter(f"{url!r} is not an address; write it like {DEFAULT_BASE}")
    if parts.path in ("", "/"):
        return urlunsplit(parts._replace(path=_PATHS[role]))
    return url


def sibling(url: str, role: Role) -> str:
    """Return the usual address of the other role at the same host: where its path is not told."""
    return urlunsplit(urlsplit(url)._replace(path=_PATHS[role], query="", fragment=""))


def url_option(name: str, role: Role) -> Callable[[F], F]:
    """An option with the address of an end point."""
    default = DEFAULT_BASE + _PATHS[role]

    def read(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
        return end_point(value, role)

    return click.option(
        name,
        "url",
        metavar="URL",
        default=default,
        callback=read,
        show_default=True,
        help=f"The {role}: its end point, or http://host:port.",
    )


def timeout_option(command: F) -> F:
    """How long to wait."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for an answer.",
    )(command)


def json_option(command: F) -> F:
    """The answer as one JSON document."""
    return click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")(command)


def read_oid(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Take an OID only: the callback of an option."""
    if not is_lenient_oid(value):
        raise click.BadParameter(f"{value!r} is not an OID")
    return value


def assertion_option(command: F) -> F:
    """The user on whose behalf a request is made."""
    return click.option(
        "--assertion",
        metavar="FILE",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        callback=_read_assertion,
        help="SAML 2.0 assertion of the user who asks (ITI-40).",
    )(command)


def _read_assertion(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> bytes | None:
    if value is None:
        return None
    try:
        octets = value.read_bytes()
        check_assertion(octets)
    except (OSError, ValueError) as error:
        raise Unreadable(f"{value}: {error}") from None
    return octets


def quiet_option(command: F) -> F:
    """No progress bar and no notes."""
    return click.option("--quiet", "-q", is_flag=True, help="No progress, no notes.")(command)


def patient_option(
    *, required: bool, name: str = "--patient", help_text: str = "Patient id"
) -> Callable[[F], F]:
    """A patient id that need not be an argument: arguments land in shell histories and process lists."""
    return click.option(
        name,
        metavar="ID|-|@FILE",
        required=required,
        callback=_read_patient,
        help=f"{help_text}, id^^^&oid&ISO; - reads it from standard input, @FILE from a file.",
    )


def _read_patient(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    if value == "-":
        text = sys.stdin.readline()
    elif value.startswith("@"):
        try:
            text = Path(value[1:]).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Unreadable(f"the patient id cannot be read from {value[1:]}: {error}") from None
    else:
        text = value
    patient_id = text.strip()
    if parse_patient_id(patient_id) is None:
        # The value is not repeated: standard error ends in logs.
        raise click.BadParameter(
            "the patient id must be id^^^&oid&ISO, like 'P1001^^^&2.999.1.1&ISO' (in quotes)"
        )
    return patient_id


class CodeType(click.ParamType[Code]):
    """``CODE^^SCHEME[^Display]``."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Code:
        """Read a code."""
        if isinstance(value, Code):
            return value
        code, empty, scheme, display, *more = (*str(value).split("^"), "", "", "")[:5]
        if not code or empty or not scheme or any(more):
            self.fail(f"{value!r} is not a code; write CODE^^SCHEME or CODE^^SCHEME^Display", param, ctx)
        # A name is required (ITI TF-3 4.2.3.1.2); the code itself is better than none.
        return Code(code=code, scheme=scheme, display=(LocalizedString(value=display or code),))
