"""What is proven of requests before they are dispatched, from the settings: first the message, then its user."""

from xds.audit import AuditLog
from xds.saml import AssertionLedger
from xds.server.endpoint import Gate
from xds.server.gate import Gates, SignatureGate, end_point_addresses
from xds.server.trust import TrustWatch
from xds.server.users import AssertionGate, ProvidersWatch, access_policy, assertion_verifier
from xds.settings import Settings, is_enrolled


class Entrance:
    """The gates of a service and the tables they look into, kept as their files say.

    Parameters
    ----------
    ledger
        Which assertions were used.
    """

    def __init__(self, settings: Settings, ledger: AssertionLedger, audit: AuditLog) -> None:
        self._settings = settings
        self.access = access_policy(settings)
        self._ledger = ledger
        self._audit = audit
        enrolled = any(map(is_enrolled, settings.partners))
        self.trust = TrustWatch(settings) if settings.security.signed or enrolled else None
        self.providers = ProvidersWatch(settings) if settings.identity_providers else None

    def start(self) -> None:
        """Take changes of the tables from now on; call it in each worker."""
        for watch in (self.trust, self.providers):
            if watch is not None:
                watch.start()

    def stop(self) -> None:
        """End at the next beat."""
        for watch in (self.trust, self.providers):
            if watch is not None:
                watch.stop()

    def gate(self, path: str) -> Gate | None:
        """What an end point has proven of its requests; None where nothing is."""
        server, trust, providers = self._settings.server, self.trust, self.providers
        gates: list[Gate] = []
        if trust is not None:
            gates.append(SignatureGate(lambda: trust.trust, server, path))
        if providers is not None:
            gates.append(
                AssertionGate(
                    assertion_verifier(self._settings, providers, self._ledger),
                    self.access,
                    lambda environ: end_point_addresses(server, path, environ),
                    takes_any_sender=self._settings.assertions.senders == "any",
                    audit=self._audit,
                )
            )
        return Gates(*gates) if gates else None
