"""Who may use the API for consent: a partner that TLS proves, or a user whose role an assertion proves."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

from xds.access import Caller, has_role, speaks_of
from xds.saml import Arrival, AssertionVerifier, lone_assertion
from xds.saml.refusals import SENDER, UNREADABLE
from xds.server.consent_request import ApiRefusal, ConsentRequest
from xds.server.endpoint import Environ
from xds.settings import ConsentSettings
from xds.soap import security_fault
from xds.wss import Refused


class ConsentGate:
    """Lets in whom the settings name, and nobody else.

    Parameters
    ----------
    settings
        Name the partners and roles.
    users
        Believes assertions; None where no identity provider is enrolled.
    addresses
        What the API is called, for an assertion's audience and recipient.
    takes_any_sender
        Whether senders that have proven nothing may bring an assertion.
    """

    def __init__(
        self,
        settings: ConsentSettings,
        users: AssertionVerifier | None,
        addresses: Callable[[Environ], Collection[str]],
        *,
        takes_any_sender: bool,
    ) -> None:
        self._settings = settings
        self._users = users
        self._addresses = addresses
        self._takes_any_sender = takes_any_sender

    def admit(self, request: ConsentRequest, caller: Caller, environ: Environ) -> Caller:
        """Return the sender, with the user of its assertion if it brought one.

        Raises
        ------
        ApiRefusal
            403.
        StoreUnavailable, StoreBusy
            Nobody knows whether the assertion was used before.
        """
        if request.assertion:
            try:
                caller = self._with_user(request.assertion, caller, environ)
            except Refused as refused:
                fault = security_fault(refused)
                raise ApiRefusal(
                    403, fault.kind.id, fault.reason(), log_detail=refused.detail, counts=True
                ) from None
        if not self._is_named(caller):
            raise ApiRefusal(
                403,
                "not-allowed",
                "This API is for partners that consent.api_partners names, known by their TLS client certificate, and"
                " for users with a role of consent.api_roles, known by the assertion that the request brings.",
            )
        if not speaks_of(caller.user, request.patient):
            raise ApiRefusal(
                403,
                "other-patient",
                "The user's assertion is for one patient (resource-id), and the request is about another.",
            )
        return caller

    def _with_user(self, assertion: str, caller: Caller, environ: Environ) -> Caller:
        if self._users is None:
            raise ApiRefusal(
                403, "no-identity-provider", "No identity provider is enrolled here; send no assertion."
            )
        if not (_is_known(caller) or self._takes_any_sender):
            raise Refused(SENDER)
        try:
            octets = b64decode("".join(assertion.split()), validate=True)
        except (binascii.Error, ValueError):
            raise Refused(UNREADABLE) from None
        certificates = frozenset() if caller.certificate is None else frozenset({caller.certificate})
        arrival = Arrival(
            now=datetime.now(UTC), urls=frozenset(self._addresses(environ)), certificates=certificates
        )
        return replace(caller, user=self._users.verify(lone_assertion(octets), arrival))

    def _is_named(self, caller: Caller) -> bool:
        if _is_known(caller) and caller.partner in self._settings.api_partners:
            return True
        return caller.user is not None and has_role(caller.user, self._settings.api_roles)


def _is_known(caller: Caller) -> bool:
    """Whether TLS, or the proxy that is trusted, has proven which partner it is."""
    return caller.certificate is not None and caller.partner is not None
