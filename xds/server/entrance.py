"""What is proven of requests before they are dispatched, from the settings: first the message, then its user."""

from xds.audit import AuditLog
from xds.saml import AssertionLedger, AssertionVerifier
from xds.server.consent_gate import ConsentGate
from xds.server.credentials import Credentials
from xds.server.endpoint import Gate
from xds.server.gate import EndPointGate, Gates, SignatureGate, end_point_addresses
from xds.server.pages import paths_of
from xds.server.users import AssertionGate, access_policy, assertion_verifier
from xds.settings import Settings, is_enrolled


class Entrance:
    """The gates of a service.

    Parameters
    ----------
    credentials
        The tables that they look into.
    ledger
        Which assertions were used.
    """

    def __init__(
        self, settings: Settings, credentials: Credentials, ledger: AssertionLedger, audit: AuditLog
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._ledger = ledger
        self._audit = audit
        self.access = access_policy(settings)

    def gate(self, path: str) -> Gate | None:
        """Who proves what a request says of its sender and user; None where nobody is enrolled."""
        settings, credentials = self._settings, self._credentials
        gates: list[Gate] = []
        if settings.security.signed or any(map(is_enrolled, settings.partners)):
            gates.append(SignatureGate(lambda: credentials.trust, settings.server, path))
            gates += self._end_point_gates(path)
        if (users := self._users()) is not None:
            gates.append(
                AssertionGate(
                    users,
                    self.access,
                    lambda environ: end_point_addresses(settings.server, path, environ),
                    takes_any_sender=settings.assertions.senders == "any",
                    audit=self._audit,
                )
            )
        return Gates(*gates) if gates else None

    def consent_gate(self, path: str) -> ConsentGate | None:
        """Who may use the API for consent; None where the settings name nobody."""
        settings = self._settings
        if not (settings.consent.api_partners or settings.consent.api_roles):
            return None
        return ConsentGate(
            settings.consent,
            self._users(),
            lambda environ: end_point_addresses(settings.server, path, environ),
            takes_any_sender=settings.assertions.senders == "any",
        )

    def _users(self) -> AssertionVerifier | None:
        """Who believes assertions; None where no identity provider is enrolled."""
        if not self._settings.identity_providers:
            return None
        return assertion_verifier(self._settings, lambda: self._credentials.providers, self._ledger)

    def _end_point_gates(self, path: str) -> list[Gate]:
        """Where a partner may not call every end point: whatever leads to one counts, also the way by the gateway."""
        roles = {served: role.value for role, served in paths_of(self._settings.server).items()}
        allowed = {item.name: item.end_points for item in self._settings.partners if is_enrolled(item)}
        return [EndPointGate(allowed, roles[path])] if path in roles else []
