"""Connections to the remote registry: over TLS by files that are read again when they change."""

import logging
import ssl

import requests

from xds.client.transport import new_session, use_tls
from xds.pki import PkiError, client_context
from xds.server.watching import FilesWatch
from xds.settings import RepositorySettings

log = logging.getLogger(__name__)


class RegistryConnections:
    """The connections on which a repository reaches its registry.

    What is shown to the registry, and whom it is believed by, are as the files say when a connection is made.

    Raises
    ------
    PkiError
        A file cannot be used.
    """

    def __init__(self, url: str, repository: RepositorySettings) -> None:
        self._repository = repository
        files = (repository.registry_certificate, repository.registry_key, repository.registry_ca)
        self._watch = FilesWatch("registry-tls", [*filter(None, files)])
        self.session: requests.Session = new_session(url, self._context())

    def start(self) -> None:
        """Take changes from now on, from a thread of its own."""
        self._watch.start(self.take)

    def close(self) -> None:
        """Stop watching, and end the connections."""
        self._watch.stop()
        self.session.close()

    def take(self) -> None:
        """Read the files anew; ones that cannot be used are logged, and what was stays."""
        try:
            context = self._context()
        except PkiError as error:
            log.error(
                "certificates for the registry not taken, the old ones stay", extra={"reason": str(error)}
            )
            return
        if context is not None:
            use_tls(self.session, context)
        log.info("certificates for the registry taken")

    def _context(self) -> ssl.SSLContext | None:
        """None where the settings say nothing of either side."""
        certificate, authorities = self._repository.registry_certificate, self._repository.registry_ca
        if certificate is None and authorities is None:
            return None
        return client_context(
            authorities=authorities, certificate=certificate, key=self._repository.registry_key
        )
