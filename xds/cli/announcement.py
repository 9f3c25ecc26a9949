"""What a service says when it is ready: where it is, what it holds messages to, how a tool is pointed at it."""

from collections.abc import Iterator

from xds.codes import load_codes
from xds.server.footing import unguarded
from xds.server.pages import paths_of, received
from xds.server.site import service_url
from xds.settings import Settings, SettingsError, is_enrolled
from xds.transactions import Role


def announcement(settings: Settings, url: str) -> str:
    """Return the lines that a service writes to its terminal.

    Parameters
    ----------
    url
        Its address as this machine reaches it, without a path.
    """
    return "\n".join([f"Serving on {url}", *_lines(settings, settings.server.public_url or url)])


def _lines(settings: Settings, base: str) -> Iterator[str]:
    base = base.rstrip("/")
    for role, path in _paths(settings).items():
        numbers = ", ".join(dict.fromkeys(row.number for row in received(role, settings.server)))
        yield f"  {role.value:<13}{base}{path}  ({numbers}; WSDL at ?wsdl)"
    feed = _feed(settings)
    if feed:
        yield f"  patient feed mllp://{feed}  (HL7 v2 over MLLP)"
    yield f"  identity     repositoryUniqueId {settings.repository.unique_id}, {_home(settings)}"
    yield f"  rules        {settings.rules.strictness}, profile {settings.rules.profile}{_partners(settings)}"
    yield from _proof(settings)
    if "registry" in settings.server.roles:
        yield f"  patients     {_patients(settings)}"
        yield f"  codes        {_codes(settings)}"
    for missing in unguarded(settings):
        yield f"  no real data {missing}"
    yield f"  try it       xds conformance run {' '.join(_tool(settings, base, feed))}"


def _proof(settings: Settings) -> Iterator[str]:
    """What senders have to prove, and who they are; nothing where nobody is enrolled."""
    server, signed = settings.server, settings.security.signed
    enrolled = [partner for partner in settings.partners if is_enrolled(partner)]
    if server.certificate is not None:
        is_mutual = server.client_certificates == "required"
        yield f"  TLS          1.2 and 1.3{', every client shows its certificate' if is_mutual else ''}"
    elif enrolled:
        yield "  TLS          none: what a signature proves is not compared with a client certificate"
    if signed:
        yield f"  signed       {', '.join(signed)}, by a partner; wsa:To is the address above, to the letter"
        free = [number for number in ("ITI-18", "ITI-43") if number not in signed]
        if free:
            yield f"  unsigned     {' and '.join(free)} need neither signature nor assertion"
    for partner in enrolled:
        owned = ", ".join(partner.source_ids) or "no sourceId: it submits nothing"
        yield f"  partner      {partner.name}: sourceId {owned}"
        if partner.allow_sha1:
            yield f"  warning      {partner.name}'s signatures with SHA-1 are taken, which can be forged (allow_sha1)"


def _paths(settings: Settings) -> dict[Role, str]:
    server = settings.server
    return {role: path for role, path in paths_of(server).items() if role.value in server.roles}


def _feed(settings: Settings) -> str:
    """Where the patient feed is reached from this machine; nothing where there is none."""
    feeds = settings.feeds
    address = service_url(feeds.mllp_host, feeds.mllp_port).removeprefix("http://")
    return address if feeds.mllp_port else ""


def _home(settings: Settings) -> str:
    home = settings.registry.home_community_id
    return f"homeCommunityId {home}" if home else "no homeCommunityId"


def _partners(settings: Settings) -> str:
    own = (p for p in settings.partners if p.strictness or p.profile or p.levels)
    names = ", ".join(partner.name for partner in own)
    return f"; rules of their own for {names}" if names else ""


def _patients(settings: Settings) -> str:
    registry = settings.registry
    whose = f" of {registry.patient_authority}" if registry.patient_authority else ""
    if registry.unknown_patients == "accept":
        return f"any id{whose} is accepted, by its first use"
    return f"ids{whose or ' of any authority'} that a feed has made known; others are refused"


def _codes(settings: Settings) -> str:
    path = settings.registry.codes_file
    if path is None:
        return "any code is accepted; --codes FILE enforces lists, and the plan unknown-code needs that"
    try:
        lists = load_codes(path)
    except SettingsError:  # it has changed since it was read for the service
        return f"those of {path} are enforced"
    less = f"; {len(lists.left_out)} left out, as `xds codes check` says" if lists.left_out else ""
    return f"the {lists.size} of {path} are enforced{less}"


def _tool(settings: Settings, base: str, feed: str) -> Iterator[str]:
    for role in (Role.REGISTRY, Role.REPOSITORY):
        if role not in _paths(settings):
            continue
        yield f"--{role.value} {base}{_paths(settings)[role]}"
    if feed:
        yield f"--pid-feed {feed}"
