"""Station 3, behind the signature: the user on whose behalf a request is made, and what they may do (ITI-40)."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from xds.access import AccessPolicy, Attribute, Demand, Policy
from xds.audit import AuditLog, AuditUnavailable
from xds.saml import (
    Arrival,
    AssertionLedger,
    AssertionLimits,
    AssertionRules,
    AssertionVerifier,
    IdentityProvider,
    find_assertion,
)
from xds.saml.refusals import NOT_COVERED, SENDER
from xds.server.endpoint import Environ
from xds.settings import PolicySettings, Settings
from xds.soap import Handler, Reply, Request, SoapFault, access_fault, security_fault
from xds.soap.faults import USERS_UNKNOWN
from xds.store import StoreBusy, StoreUnavailable
from xds.transactions import (
    CATALOGUE,
    ITI_18,
    ITI_38,
    ITI_39,
    ITI_43,
    ITI_51,
    ITI_62,
    ITI_86,
    RAD_69,
    Transaction,
    of_request,
)
from xds.wss import Refused

log = logging.getLogger(__name__)

_OF_USERS: Final = (ITI_18, ITI_51, ITI_43, ITI_38, ITI_39, RAD_69, ITI_62, ITI_86)
"""What nobody does without saying who they are, where there is somebody to vouch for users."""
_WEB: Final = ("RAD-55", "RAD-107")
"""The same by GET, which brings no assertion: a policy has to open them."""
Providers = Callable[[], Sequence[IdentityProvider]]
Addresses = Callable[[Environ], Collection[str]]


class AssertionGate:
    """Verifies the assertion of a message that has one.

    Whether a transaction needs one is asked where it is known which one was dispatched (`permitted`).

    Parameters
    ----------
    policy
        Where an assertion is not even read.
    addresses
        What the end point is called.
    takes_any_sender
        Whether senders that have proven nothing may bring an assertion.
    audit
        Is told of every user that is not believed (ITI TF-2 3.40.4.1.3).
    """

    def __init__(
        self,
        verifier: AssertionVerifier,
        policy: AccessPolicy,
        addresses: Addresses,
        *,
        takes_any_sender: bool,
        audit: AuditLog,
    ) -> None:
        self._verifier = verifier
        self._policy = policy
        self._addresses = addresses
        self._takes_any_sender = takes_any_sender
        self._audit = audit

    def admit(self, request: Request, environ: Environ) -> Request:
        """Return the request, with the user in its caller when it has an assertion that holds.

        Raises
        ------
        SoapFault
            It has one that does not.
        """
        envelope = request.envelope
        transaction = of_request(envelope.body, envelope.action or request.http_action)
        if transaction is None or not self._policy.reads_assertion(transaction.number):
            return request
        try:
            element = find_assertion(envelope.header, envelope.body)
            if element is None:
                return request
            self._check_sender(request, element)
            arrival = Arrival(
                now=datetime.now(UTC),
                urls=frozenset(self._addresses(environ)),
                certificates=frozenset(_proven(request)),
            )
            user = self._verifier.verify(element, arrival)
        except Refused as refused:
            fault = security_fault(refused)
            self._note(request, fault, environ)
            raise fault from None
        except (StoreUnavailable, StoreBusy):
            raise SoapFault(USERS_UNKNOWN) from None
        return replace(request, caller=replace(request.caller, user=user))

    def _note(self, request: Request, fault: SoapFault, environ: Environ) -> None:
        """An authentication that failed goes into the audit log; the message is refused whether it can or not."""
        said = f"{fault.kind.id}, incident {fault.values['incident']}"
        try:
            self._audit.authenticated(
                None, caller=request.caller, refused=said, endpoint=str(environ.get("PATH_INFO", ""))
            )
        except AuditUnavailable:
            log.exception("authentication failure not audited", extra={"fault": fault.kind.id})

    def _check_sender(self, request: Request, element: etree._Element) -> None:
        """The message's signature covers it, or who brings it is known by TLS (security digest, section 5, step 10)."""
        if request.verified is not None:
            if request.verified.assertion is not element:
                raise Refused(NOT_COVERED)
            return
        known = request.caller.certificate is not None and request.caller.partner is not None
        if not (known or self._takes_any_sender):
            raise Refused(SENDER)


def _proven(request: Request) -> Iterator[bytes]:
    """The certificates whose keys the sender holds: of TLS, and of the signature."""
    if request.caller.certificate is not None:
        yield request.caller.certificate
    if request.verified is not None:
        yield request.verified.certificate.public_bytes(Encoding.DER)


def permitted(transaction: Transaction, handler: Handler, policy: AccessPolicy) -> Handler:
    """Wrap a handler so that it sees only requests of callers who may do its transaction."""

    def answer(body: etree._Element, request: Request) -> Reply:
        denial = policy.decide(transaction.number, request.caller)
        if denial is not None:
            raise access_fault(transaction.number, denial)
        return handler(body, request)

    return answer


def access_policy(settings: Settings) -> AccessPolicy:
    """Return the policies of a service.

    Where an identity provider is enrolled, who reads or removes has to say who they are; any other transaction may
    bring an assertion, which then has to hold. Without a provider there is nobody to ask.
    """
    default = {}
    if settings.identity_providers:
        optional = Policy(transactions=frozenset(), assertion=Demand.OPTIONAL, attributes=())
        default = {row.number: optional for row in CATALOGUE} | {
            number: Policy(transactions=frozenset({number}))
            for number in (*(row.number for row in _OF_USERS), *_WEB)
        }
    return AccessPolicy(map(_policy, settings.policies), default)


def _policy(policy: PolicySettings) -> Policy:
    return Policy(
        transactions=frozenset(policy.transactions),
        assertion=Demand(policy.assertion),
        attributes=tuple(map(Attribute, policy.attributes)),
        roles=frozenset(policy.roles),
        organizations=frozenset(policy.organizations),
        purposes=frozenset(policy.purposes),
        partners=frozenset(policy.partners),
    )


def assertion_verifier(
    settings: Settings, providers: Providers, ledger: AssertionLedger
) -> AssertionVerifier:
    """Return what believes assertions as the settings say."""
    assertions, limits = settings.assertions, settings.limits
    rules = AssertionRules(
        audiences=frozenset(assertions.audiences),
        skew=timedelta(seconds=assertions.skew_seconds),
        life=timedelta(minutes=assertions.life_minutes),
        authentication_age=timedelta(hours=assertions.authentication_hours),
        limits=AssertionLimits(octets=limits.assertion_bytes, attributes=limits.assertion_attributes),
    )
    return AssertionVerifier(providers, rules, ledger)
