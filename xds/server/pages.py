"""Pages for people: where they are, what answers there, and requests to copy; no scripts needed to read them."""

import base64
import hashlib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from xds import __version__
from xds.model import RepositoryMetadataError, StoredQuery, TooManyResults
from xds.rules import PARAMETERS, QUERIES_OF, query_name
from xds.sandbox import DOCUMENT_COUNT, PATIENTS, SAMPLE_PATIENT
from xds.server.samples import SCENARIOS, samples, zeep_snippet
from xds.settings import GIB, KIB, MIB, ServerSettings, Settings
from xds.transactions import RAD_69, Role, Transaction, of_role

_PURPOSES: Final = {
    Role.REGISTRY: "Knows every document's metadata: it registers submissions and answers queries.",
    Role.GATEWAY: "Reaches the other communities, and answers theirs: queries and retrievals across communities.",
    Role.IMAGING: "Fetches images from the archives that hold them, by what a manifest says of them.",
    Role.REPOSITORY: "Keeps the documents themselves: it takes submissions, registers them and gives documents out.",
}
_REMEDIES: Final = {
    "database": "PostgreSQL does not answer: see that it runs and that its address in the settings is right."
    " The service goes on by itself as soon as it answers.",
    "documents": "The folder of the documents cannot be written: see that its volume is mounted and has room.",
}
_ICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%230a4fb0'/%3E"
    "%3Cpath d='M4 4l8 8M12 4l-8 8' stroke='white' stroke-width='2'/%3E%3C/svg%3E"
)
_LABEL: Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST: Final = re.compile(
    rf"(?=.{{1,255}}\Z)(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]{{2,45}}\])(?::[0-9]{{1,5}})?\Z"
)
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound


def _text(name: str) -> str:
    return files("xds.server").joinpath("templates", name).read_text("utf-8")


def _source(text: str) -> str:
    """A text as a source of a Content-Security-Policy: by its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_CSS: Final = _text("page.css")
_SCRIPT: Final = _text("copy.js")
PAGE_HEADERS: Final[list[tuple[str, str]]] = [
    (
        "Content-Security-Policy",
        f"default-src 'none'; script-src {_source(_SCRIPT)}; style-src {_source(_CSS)}; img-src data:;"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""What goes out with every page: only our own style and script run, nothing is fetched, kept or told to others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPoint:
    """An end point as a page shows it."""

    role: Role
    path: str
    url: str
    transactions: tuple[Transaction, ...]

    @property
    def name(self) -> str:
        return self.role.value.capitalize()

    @property
    def purpose(self) -> str:
        return _PURPOSES[self.role]

    @property
    def scenario(self) -> str:
        return SCENARIOS[self.role]

    @property
    def served(self) -> tuple[str, ...]:
        """Number and name of each transaction, once where it has several messages."""
        return tuple(dict.fromkeys(f"{row.number} {row.name}" for row in self.transactions))


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A row of the table of stored queries."""

    name: str
    number: str  # of its transaction
    id: str
    needs: str  # the parameters without which it is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A row of the table of limits."""

    what: str
    most: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line and what it does."""

    what: str
    line: str


def base_url(environ: Mapping[str, Any], public_url: str | None) -> str:
    """Return the address of the service without a slash at its end: what pages and WSDLs build theirs from.

    The Host header is the peer's: what is not a plain host name or address, with or without a port, is not
    used, and the address that the server listens on stands in its place.

    Parameters
    ----------
    environ
        The WSGI environment of the request.
    public_url
        The setting; where it is set, it wins.
    """
    if public_url is not None:
        return public_url.rstrip("/")
    scheme = environ["wsgi.url_scheme"]
    host = str(environ.get("HTTP_HOST", ""))
    if _HOST.match(host) is None:
        name = str(environ.get("SERVER_NAME", ""))
        name = _WILDCARDS.get(name, name)
        host = f"{f'[{name}]' if ':' in name else name}:{environ['SERVER_PORT']}"
    return f"{scheme}://{host}"


def start_page(settings: Settings, base: str, ready: Mapping[str, bool]) -> bytes:
    """Return the page of ``/``: health, end points, sample patients, what to do next.

    Parameters
    ----------
    base
        The address of the service, as of `base_url`.
    ready
        What the service needs, by name, and whether it is there.
    """
    checks = [
        {"name": name.capitalize(), "ready": is_ready, "remedy": _REMEDIES.get(name, f"{name} is missing.")}
        for name, is_ready in ready.items()
    ]
    return _render(
        "start.html",
        settings,
        base,
        here="/",
        checks=checks,
        all_ready=all(ready.values()),
        commands=_next_steps(settings, base),
        patients=PATIENTS,
        document_count=DOCUMENT_COUNT,
    )


def endpoint_page(role: Role, settings: Settings, base: str) -> bytes:
    """Return the page of an end point: what it is, and samples of its scenario, good and failing."""
    end_point = _end_point(role, settings, base)
    repository = settings.repository.unique_id
    made = samples(role, endpoint_url=end_point.url, repository_unique_id=repository)
    return _render(
        "endpoint.html",
        settings,
        base,
        here=end_point.path,
        end_point=end_point,
        queries=_queries() if role is Role.REGISTRY else [],
        scenario=SCENARIOS[role],
        good=[sample for sample in made if sample.error_code is None],
        failing=[sample for sample in made if sample.error_code is not None],
        snippet=zeep_snippet(role, endpoint_url=end_point.url, repository_unique_id=repository),
        commands=_commands(role, settings, base),
        notes=_notes(role, settings),
        limits=_limits(role, settings),
    )


def not_found_page(settings: Settings, base: str) -> bytes:
    """Return the page of an address that is none of ours; it repeats nothing of the request."""
    return _render("not_found.html", settings, base, here=None)


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("xds.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _render(name: str, settings: Settings, base: str, **values: Any) -> bytes:
    end_points = [_end_point(Role(role), settings, base) for role in settings.server.roles]
    page = _templates().get_template(name)
    return page.render(
        settings=settings,
        end_points=end_points,
        version=__version__,
        icon=_ICON,
        css=Markup(_CSS),  # noqa: S704  # our own files
        script=Markup(_SCRIPT),  # noqa: S704
        **values,
    ).encode()


def paths_of(server: ServerSettings) -> dict[Role, str]:
    """The path of each role's end point."""
    return {
        Role.REGISTRY: server.registry_path,
        Role.REPOSITORY: server.repository_path,
        Role.GATEWAY: server.gateway_path,
        Role.IMAGING: server.imaging_path,
    }


def received(role: Role, server: ServerSettings) -> tuple[Transaction, ...]:
    """The transactions of a role that its end point takes here: images are asked for only where they are played."""
    has_images = Role.IMAGING.value in server.roles
    return tuple(row for row in of_role(role) if has_images or row is not RAD_69)


def _end_point(role: Role, settings: Settings, base: str) -> EndPoint:
    path = paths_of(settings.server)[role]
    return EndPoint(role=role, path=path, url=base + path, transactions=received(role, settings.server))


def _query_line(settings: Settings, base: str) -> str:
    patient = SAMPLE_PATIENT if settings.lite else "ID^^^&OID&ISO"
    url = _end_point(Role.REGISTRY, settings, base).url
    return f"echo {shlex.quote(patient)} |\n  xds query FindDocuments --patient - --to {shlex.quote(url)}"


def _commands(role: Role, settings: Settings, base: str) -> list[Command]:
    find = _query_line(settings, base)
    if role is Role.GATEWAY:
        asked = find.partition(" --to ")[0]
        url = shlex.quote(_end_point(role, settings, base).url)
        return [Command(what="Ask every community for a patient’s documents", line=f"{asked} --to {url}")]
    if role is Role.REGISTRY:
        return [
            Command(what="Ask for a patient’s documents, as a table", line=find),
            Command(what="The same as JSON, replaced entries too", line=f"{find} --all-status --json"),
            Command(what="Check a message before sending it", line="xds validate message.xml"),
        ]
    url = shlex.quote(_end_point(role, settings, base).url)
    if role is Role.IMAGING:
        line = f"xds kos retrieve manifest.dcm -o images --from {url}"
        return [Command(what="Fetch the images of a manifest into the folder images", line=line)]
    retrieve = "xds retrieve -o reports"
    line = (
        f"{find} --json |\n  {retrieve} --from-query - --from {url}"
        if "registry" in settings.server.roles
        else f"{retrieve} --repository-id {shlex.quote(settings.repository.unique_id)} --document OID --from {url}"
    )
    return [
        Command(what="Fetch the documents into the folder reports, hash and size verified", line=line),
        Command(
            what="Publish a report of your own (CDA or PDF); patient.txt holds the patient id",
            line=f"xds publish report.xml --patient @patient.txt --to {url}",
        ),
    ]


def _next_steps(settings: Settings, base: str) -> list[Command]:
    steps: list[Command] = []
    if "registry" in settings.server.roles:
        steps += _commands(Role.REGISTRY, settings, base)[:1]
    if "repository" in settings.server.roles:
        steps += _commands(Role.REPOSITORY, settings, base)
    return steps


def _queries() -> list[Query]:
    return [
        Query(name=query_name(query), number=number, id=query.value, needs=_needs(query))
        for number, queries in QUERIES_OF.items()
        for query in StoredQuery
        if query in queries
    ]


def _needs(query: StoredQuery) -> str:
    rows = PARAMETERS[query]
    needs = [row.name for row in rows if row.required]
    for names in ([row.name for row in rows if row.either], [row.name for row in rows if row.narrows]):
        if names:
            needs.insert(0, " or ".join(names))
    return ", ".join(needs)


def _notes(role: Role, settings: Settings) -> list[str]:
    registry = settings.registry
    notes = [
        "Give every message a wsa:MessageID of its own; the samples keep theirs only so that they can be compared.",
        "The action may stand in wsa:Action, in the Content-Type, or in both.",
    ]
    if role is Role.REPOSITORY:
        notes.append(
            "An answer takes the form of its request: MTOM after multipart, base64 inline after plain SOAP."
        )
        notes.append(
            "A lost answer to ITI-41 is fetched again with the same message under the same MessageID: nothing"
            " is stored twice."
        )
    if registry.unknown_patients == "accept":
        notes.append(
            "Any patient id of the right form, id^^^&OID&ISO, is accepted: it becomes known by its first use."
        )
    else:
        notes.append(
            "A patient id is known once a patient identity feed has announced it; others are refused."
        )
    if registry.codes_file is None:
        notes.append("Any code of any coding scheme is accepted.")
    notes.append(
        "Oddities that are common in the field are tolerated."
        if settings.rules.strictness == "field"
        else "Messages are held to the letter of the standard."
    )
    if settings.lite:
        notes.append("No security layer: send fabricated data only.")
    return notes


def _limits(role: Role, settings: Settings) -> list[Limit]:
    limits = settings.limits
    size = _octets(limits.request_bytes)
    rows = [Limit(what="A request", most=size, answer="HTTP 413")]
    if role is Role.REGISTRY:
        too_many = TooManyResults.code
        rows += [
            Limit(
                what="Objects of a LeafClass answer", most=f"{limits.leaf_class_results:,}", answer=too_many
            ),
            Limit(
                what="Objects of an ObjectRef answer", most=f"{limits.object_ref_results:,}", answer=too_many
            ),
            Limit(what="Values of one list of ids", most=f"{limits.query_ids:,}", answer=too_many),
        ]
    else:
        refused = RepositoryMetadataError.code
        rows += [
            Limit(what="One document", most=_octets(limits.document_bytes), answer=refused),
            Limit(what="Documents of one ITI-41", most=f"{limits.documents:,}", answer=refused),
            Limit(
                what="Documents of one ITI-43",
                most=f"{limits.retrieve_documents:,}",
                answer=TooManyResults.code,
            ),
        ]
    rate = limits.requests_per_second
    rows.append(
        Limit(what="Requests per second", most=f"{rate:,}" if rate else "no limit", answer="HTTP 429")
    )
    return rows


def _octets(number: int) -> str:
    """A number of octets in the largest unit that leaves it whole.

    >>> _octets(512 * 1024 * 1024)
    '512 MiB'
    """
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if number >= unit and number % unit == 0:
            return f"{number // unit:,} {name}"
    return f"{number:,} octets"
