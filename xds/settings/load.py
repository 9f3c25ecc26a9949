"""The settings file into one typed object; whatever it may not say is refused in one clear sentence."""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from xds.settings.checks import SettingsError, check, has_password
from xds.settings.limits import Limits
from xds.settings.model import LogSettings, RegistrySettings, ServerSettings, Settings

DATABASE_VARIABLE: Final = "XDS_DATABASE_URL"
"""The one setting that the environment has a say in: it overrides ``store.dsn``."""

_SCALARS: Final = {bool: "true or false", int: "a whole number", str: "a text", Path: "a path as text"}


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read a settings file (TOML 1.0, UTF-8; docs/settings.md lists every key).

    Relative paths in it start at the file's own folder. `XDS_DATABASE_URL` overrides ``store.dsn``.

    Raises
    ------
    SettingsError
        The file cannot be read, is no TOML, or says something that it may not.
    """
    mapping, owner = _read(path)
    try:
        settings = from_mapping(mapping, path.absolute().parent)
        if has_password(settings.store.dsn):
            _check_private(owner)
        settings = _with_environment(settings, environ)
        check(settings)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None
    return settings


def _read(path: Path) -> tuple[dict[str, Any], os.stat_result]:
    """Return what a file says, and whose it is."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file), os.fstat(file.fileno())
    except OSError as error:
        raise SettingsError(f"the settings file {path} cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not valid TOML: {error}") from None


def from_mapping(mapping: Mapping[str, Any], base: Path) -> Settings:
    """Return the settings that a mapping of TOML values stands for; what it leaves out has its default.

    Parameters
    ----------
    base
        The folder at which relative paths start.

    Raises
    ------
    SettingsError
        An unknown key, a value of another type or out of its range, or settings that contradict each other.
    """
    if "lite" in mapping:
        raise SettingsError("lite cannot be set in a file; `xds serve --lite` starts the Lite service")
    settings = cast(Settings, _based(_object(Settings, mapping, ()), base))
    check(settings)
    return settings


def lite_settings(host: str, port: int, data_dir: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the Lite service: any patient, tolerant of the field, no rate limits, text log.

    Raises
    ------
    SettingsError
        The port is no port, or `XDS_DATABASE_URL` no address of a database.
    """
    settings = Settings(
        data_dir=data_dir,
        lite=True,
        server=ServerSettings(host=host, port=port),
        registry=RegistrySettings(unknown_patients="accept"),
        limits=Limits(requests_per_second=0, in_flight_per_peer=0),
        # The terminal is for the two scenarios; what a vendor sends is read in the file.
        log=LogSettings(form="text", file=data_dir / "xds.log"),
    )
    settings = _with_environment(settings, environ)
    check(settings)
    return settings


def with_keys(settings: Settings, folder: Path) -> Settings:
    """Lay a folder of `xds keys` over settings: the server's certificate and key, partners and identity providers.

    Raises
    ------
    SettingsError
        The folder has no partner table, or one that cannot be used.
    """
    table = folder / "partners.toml"
    mapping = _read(table)[0]
    for key in mapping:
        if key not in ("partners", "identity_providers"):
            raise SettingsError(
                f"{table}: {key} has no place here, only [[partners]] and [[identity_providers]]"
            )
    try:
        made = cast(Settings, _based(_object(Settings, mapping, ()), folder))
    except SettingsError as error:
        raise SettingsError(f"{table}: {error}") from None
    server = replace(settings.server, certificate=folder / "server.pem", key=folder / "server.key")
    return replace(
        settings,
        server=server,
        partners=(*settings.partners, *made.partners),
        identity_providers=(*settings.identity_providers, *made.identity_providers),
    )


def expected(hint: Any) -> str:
    """Say in words which values a type takes: "a whole number", '"field" or "strict"'."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in arguments)
    if origin is tuple:
        return "a list of texts" if arguments[0] is str else f"a list of {expected(arguments[0])}"
    if origin is Mapping:
        return f"a table of {expected(arguments[1])}"
    if origin in (Union, UnionType):
        return " or ".join(expected(each) for each in arguments if each is not NoneType)
    return "a table" if is_dataclass(hint) else _SCALARS[hint]


def _object(kind: type[Any], mapping: Mapping[str, Any], at: tuple[str, ...]) -> Any:
    """Build one dataclass from one table; `at` is where it stands in the file."""
    hints = get_type_hints(kind)
    values = {}
    for key, value in mapping.items():
        here = (*at, key)
        if key not in hints:
            raise SettingsError(_unknown(here, kind))
        values[key] = _value(hints[key], value, here)
    return kind(**values)


def _value(hint: Any, value: Any, at: tuple[str, ...]) -> Any:
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise SettingsError(f"{_dotted(at)} is a table, written [{_dotted(at)}], not {_found(value)}")
        return _object(cast(type[Any], hint), value, at)
    if get_origin(hint) is tuple and is_dataclass(entry := get_args(hint)[0]):
        return tuple(_entry(cast(type[Any], entry), item, at) for item in _entries(value, at))
    if get_origin(hint) is Mapping:
        if not isinstance(value, dict):
            raise SettingsError(f"{_dotted(at)} is a table, written [{_dotted(at)}], not {_found(value)}")
        return {key: _value(get_args(hint)[1], item, (*at, f'"{key}"')) for key, item in value.items()}
    try:
        return msgspec.convert(value, hint, dec_hook=_path)
    except msgspec.ValidationError:
        instead = "" if _is_of_kind(hint, value) else f", not {_found(value)}"
        raise SettingsError(f"{_dotted(at)} must be {expected(hint)}{instead}") from None


def _based(value: Any, base: Path) -> Any:
    """Settings with every relative path in them put under a folder."""
    if isinstance(value, Path):
        return base / value
    if isinstance(value, tuple):
        return tuple(_based(item, base) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{item.name: _based(getattr(value, item.name), base) for item in fields(value)}
        )
    return value


def _entries(value: Any, at: tuple[str, ...]) -> list[Any]:
    if not isinstance(value, list):
        raise SettingsError(f"{_dotted(at)} are tables, each written [[{_dotted(at)}]], not {_found(value)}")
    return value


def _entry(kind: type[Any], value: Any, at: tuple[str, ...]) -> Any:
    if not isinstance(value, dict):
        raise SettingsError(f"{_dotted(at)} are tables, each written [[{_dotted(at)}]], not {_found(value)}")
    return _object(kind, value, at)


def _path(hint: Any, value: Any) -> Path:
    """Make a Path of a text: the one type of the settings that msgspec leaves to us."""
    if hint is Path and isinstance(value, str) and value and "\0" not in value:
        return Path(value)
    raise msgspec.ValidationError("no path")


def _is_of_kind(hint: Any, value: Any) -> bool:
    """Tell whether a refused value has the right kind, so that naming its kind would explain nothing."""
    if get_origin(hint) is tuple:
        return isinstance(value, list)
    return isinstance(value, str) and hint not in (int, bool)


def _found(value: Any) -> str:
    """Name the kind of a TOML value, never the value itself: it may be a secret under the wrong key."""
    names = {list: "a list", dict: "a table", float: "a number with a fraction"}
    return _SCALARS.get(type(value)) or names.get(type(value), "a time")


def _unknown(at: tuple[str, ...], kind: type[Any]) -> str:
    """Name the unknown key and the one that was probably meant, wherever in the file that stands."""
    known = {item.name: _dotted((*at[:-1], item.name)) for item in fields(kind)}
    elsewhere = {leaf[-1]: _dotted(leaf) for leaf in _leaves(Settings, ())}
    if at[-1] in elsewhere:
        return f"{_dotted(at)} is not a setting; did you mean {elsewhere[at[-1]]}?"
    for candidates in (known, elsewhere):
        if near := get_close_matches(at[-1].lower(), candidates, n=1):
            return f"{_dotted(at)} is not a setting; did you mean {candidates[near[0]]}?"
    return f"{_dotted(at)} is not a setting; known here: {', '.join(sorted(known.values()))}"


def _leaves(kind: type[Any], at: tuple[str, ...]) -> list[tuple[str, ...]]:
    hints = get_type_hints(kind)
    found: list[tuple[str, ...]] = []
    for item in fields(kind):
        here = (*at, item.name)
        found += _leaves(hints[item.name], here) if is_dataclass(hints[item.name]) else [here]
    return found


def _dotted(at: tuple[str, ...]) -> str:
    return ".".join(at)


def _with_environment(settings: Settings, environ: Mapping[str, str]) -> Settings:
    dsn = environ.get(DATABASE_VARIABLE)
    if not dsn:
        return settings
    return replace(settings, store=replace(settings.store, dsn=dsn))


def _check_private(file: os.stat_result) -> None:
    """A file with a password is its owner's alone, or root's with the service's group (security digest 8)."""
    if stat.S_IMODE(file.st_mode) & 0o007:
        raise SettingsError("it holds a password and others may read it; chmod o-rwx, or connect without one")
    if file.st_uid not in (0, os.geteuid()):
        raise SettingsError(
            "it holds a password and belongs to another user; give it to root or to the service"
        )
