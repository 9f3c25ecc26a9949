"""What `xds doctor` says of certificates and revocation lists: 60, 30 and 7 days before they run out; and of SHA-1."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from xds.cli.report import Check, State
from xds.pki import PkiError, days_left, read_certificates, read_revocation_lists
from xds.server.credentials import Credentials, sha1_partners
from xds.settings import Settings

SOON: Final = (7, 30, 60)
"""Days ahead."""


def credentials(settings: Settings) -> Iterator[Check]:
    """Yield whether the service could start with its keys and certificates, and what runs out when."""
    try:
        Credentials(settings)
    except PkiError as error:
        yield Check(
            name="credentials",
            state=State.FAIL,
            said=str(error),
            remedy="mend it: a service that runs keeps what it has, and the next start would be refused",
        )
    for name in sha1_partners(settings):
        yield Check(
            name=f"partner {name}",
            state=State.WARN,
            said="its signatures with SHA-1 are taken, which can be forged",
            remedy="agree on SHA-256 with it, then take allow_sha1 out",
        )
    for name, path in _certificates(settings):
        yield _certificate(name, path)
    for name, path in _revocation_lists(settings):
        yield _revocation_list(name, path)


def _certificates(settings: Settings) -> Iterator[tuple[str, Path]]:
    for name, path in (
        ("server.certificate", settings.server.certificate),
        ("server.client_ca", settings.server.client_ca),
        ("security.certificate", settings.security.certificate),
        ("feeds.certificate", settings.feeds.certificate),
        ("feeds.client_ca", settings.feeds.client_ca),
        ("repository.registry_certificate", settings.repository.registry_certificate),
    ):
        if path is not None:
            yield name, path
    for partner in settings.partners:
        for path in (*partner.certificates, *filter(None, (partner.issuer,))):
            yield f"partner {partner.name}", path


def _revocation_lists(settings: Settings) -> Iterator[tuple[str, Path]]:
    if settings.server.revocation_list is not None:
        yield "server.revocation_list", settings.server.revocation_list
    for path in dict.fromkeys(filter(None, (item.revocation_list for item in settings.partners))):
        yield "revocation list", path


def _certificate(name: str, path: Path) -> Check:
    try:
        days = min(days_left(item) for item in read_certificates(path))
    except PkiError as error:
        return Check(name=name, state=State.FAIL, said=str(error), remedy="put a good one in its place")
    return _judged(
        name, f"{path.name} expires", days, "have it renewed; the new file is taken without a restart"
    )


def _revocation_list(name: str, path: Path) -> Check:
    try:
        lists = read_revocation_lists(path)
    except PkiError as error:
        return Check(name=name, state=State.FAIL, said=str(error), remedy="fetch it again from its issuer")
    ends = [item.next_update_utc for item in lists if item.next_update_utc is not None]
    if not ends:
        return Check(name=name, state=State.OK, said=f"{path.name} names no next issue")
    days = int((min(ends) - datetime.now(UTC)).total_seconds() // 86_400)
    return _judged(
        name,
        f"{path.name} is followed by the next",
        days,
        "fetch the next issue: from then on nobody is let in",
    )


def _judged(name: str, what: str, days: int, remedy: str) -> Check:
    if days < 0:
        return Check(name=name, state=State.FAIL, said=f"{what}: that was {-days} days ago", remedy=remedy)
    said = f"{what} in {days} days"
    if days >= SOON[-1]:
        return Check(name=name, state=State.OK, said=said)
    ahead = next(limit for limit in SOON if days < limit)
    state = State.FAIL if ahead == SOON[0] else State.WARN
    return Check(name=name, state=state, said=f"{said}, less than {ahead}", remedy=remedy)
