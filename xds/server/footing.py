"""What a service stands on, looked at before it serves (security digest 10), and whom it would let in unasked."""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from xds.documents import DocumentStoreError, FolderVault
from xds.settings import Settings, is_enrolled, is_loopback
from xds.store import unreliable

TESTED: Final = {"lxml": ((5, 3), (7,)), "signxml": ((5, 2), (6,))}
"""What signatures are verified with: the first version that was tested and the first that was not; as in setup.cfg."""


def unsound(settings: Settings, dsn: str) -> Iterator[str]:
    """Yield what a service must not start on, each as one sentence that says how to mend it.

    Raises
    ------
    StoreUnavailable
        The database cannot be reached.
    """
    yield from untested()
    yield from _folder(settings.data_dir / "documents")
    yield from unreliable(dsn)


def untested() -> Iterator[str]:
    """Yield which library of signatures is of a version that nobody tried here."""
    for name, (least, beyond) in TESTED.items():
        found = version(name)
        numbers = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
        if not least <= numbers < beyond:
            wanted = f"{'.'.join(map(str, least))} or newer, and older than {'.'.join(map(str, beyond))}"
            yield f"{name} {found} is installed, and signatures were tested with {wanted}: install such a one"


def _folder(folder: Path) -> Iterator[str]:
    """Its volume syncs folders, and links from where documents arrive to where they are kept."""
    try:
        FolderVault(folder)
    except DocumentStoreError as error:
        yield str(error)
    except OSError as error:
        yield f"the document store cannot be relied on ({error.strerror}): put the data folder on a local volume"


def unguarded(settings: Settings) -> Iterator[str]:
    """Yield what nobody has to prove, where real patients would need it: to be told, not to be refused.

    Whoever runs a service for test tools, or behind another that asks, means it so.
    """
    server = settings.server
    partners = any(map(is_enrolled, settings.partners))
    if not partners:
        yield "no partner is enrolled by certificate ([[partners]]): nobody knows who submits"
    elif not (settings.security.signed or _shows_certificates(settings)):
        yield (
            "partners are enrolled, and need not prove who they are: set security.signed, or"
            ' server.client_certificates = "required"'
        )
    if not settings.identity_providers:
        yield "no identity provider is enrolled ([[identity_providers]]): nobody is asked who queries and retrieves"
    if server.certificate is None and server.trusted_proxy == "none" and not _is_local(settings):
        yield "plain HTTP is served beyond this machine: set server.certificate, or put a proxy in front"


def _shows_certificates(settings: Settings) -> bool:
    server = settings.server
    return (
        server.certificate is not None and server.client_certificates == "required"
    ) or server.trusted_proxy != "none"


def _is_local(settings: Settings) -> bool:
    return settings.server.unix_socket is not None or is_loopback(settings.server.host)
