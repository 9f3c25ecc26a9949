"""The steps of the security digest, section 5, in their order: whether an assertion is believed here and now.

Steps 1 and 2 are `xds.saml.signature`; 9, what it has to say, is policy (`xds.access.policy`); 10, who brings it,
is the gate's.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from cryptography import x509
from lxml import etree

from xds.access import AccessContext, AmbiguousAttribute, access_context
from xds.model import SubjectConfirmation
from xds.saml import refusals
from xds.saml.assertion import Assertion, Confirmation, read_assertion
from xds.saml.providers import IdentityProvider
from xds.saml.signature import ISSUER, AssertionLimits, verify_signature
from xds.wss import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """What an affinity domain asks of assertions."""

    audiences: frozenset[str] = frozenset()  # that are the domain, or this service, beside its end points
    skew: timedelta = timedelta(minutes=2)
    life: timedelta = timedelta(minutes=60)  # from NotBefore to NotOnOrAfter
    authentication_age: timedelta = timedelta(hours=12)  # since AuthnInstant
    limits: AssertionLimits = field(default_factory=AssertionLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """How an assertion came: what it is compared with."""

    now: datetime
    urls: frozenset[str]  # the URLs of the end point that it was sent to
    certificates: frozenset[bytes] = frozenset()  # DER: of keys that the sender proved to hold


class AssertionLedger(Protocol):
    """Remembers which assertions were used, across processes."""

    def use(self, issuer: str, assertion_id: str, content: bytes, *, until: datetime, one_time: bool) -> bool:
        """Record a use; return False when that may not be.

        The id was used with other content (of which `content` is the SHA-256), or may be used once and was.
        """


class AssertionVerifier:
    """Believes an assertion, or says why not.

    Parameters
    ----------
    providers
        Gives those that are enrolled now.
    ledger
        Which assertions were used.
    """

    def __init__(
        self,
        providers: Callable[[], Iterable[IdentityProvider]],
        rules: AssertionRules,
        ledger: AssertionLedger,
    ) -> None:
        self._providers = providers
        self._rules = rules
        self._ledger = ledger

    def verify(self, element: etree._Element, arrival: Arrival) -> AccessContext:
        """Return the user that a message's assertion speaks of (`find_assertion` finds it).

        Raises
        ------
        Refused
        """
        claimed = (element.findtext(ISSUER) or "").strip()
        provider = next((item for item in self._providers() if item.issuer == claimed), None)
        if provider is None:
            raise Refused(refusals.ISSUER)
        certificates = list(provider.certificates_at(arrival.now))
        result = verify_signature(element, certificates, now=arrival.now, limits=self._rules.limits)
        assert result.signed_xml is not None  # noqa: S101  # verify_signature looked
        assertion = read_assertion(result.signed_xml)
        if assertion.issuer != provider.issuer:
            raise Refused(refusals.SIGNED_NODE)
        self._check_times(assertion, provider, arrival.now)
        self._check_audience(assertion, arrival)
        self._check_confirmation(assertion, arrival)
        self._check_replay(assertion, sha256(result.signed_data).digest(), arrival.now)
        return self._user(assertion, provider)

    def _check_times(self, assertion: Assertion, provider: IdentityProvider, now: datetime) -> None:
        rules = self._rules
        begin, end = assertion.not_before, assertion.not_on_or_after
        if begin is None or end is None:
            raise Refused(refusals.CONDITIONS)
        if now + rules.skew < begin:
            raise Refused(refusals.NOT_YET_VALID)
        if now - rules.skew >= end:
            raise Refused(refusals.EXPIRED)
        if end - begin > rules.life:
            minutes = int(rules.life.total_seconds() // 60)
            raise Refused(refusals.LIFE, minutes=minutes)
        if not assertion.authenticated_at or assertion.authentication is None:
            raise Refused(refusals.AUTHENTICATION_MISSING)
        if any(
            not now - rules.authentication_age - rules.skew <= instant <= now + rules.skew
            for instant in assertion.authenticated_at
        ):
            raise Refused(refusals.AUTHENTICATION_AGE)
        if provider.authentications and assertion.authentication not in provider.authentications:
            raise Refused(refusals.AUTHENTICATION)

    def _check_audience(self, assertion: Assertion, arrival: Arrival) -> None:
        """One Audience of every AudienceRestriction is us; there is at least one (SAML 2.0 errata E46)."""
        us = self._rules.audiences | arrival.urls
        if not assertion.audiences or any(not restriction & us for restriction in assertion.audiences):
            raise Refused(refusals.AUDIENCE)

    def _check_confirmation(self, assertion: Assertion, arrival: Arrival) -> None:
        """One SubjectConfirmation holds (SAML 2.0 core 2.4.1.1); InResponseTo belongs to another conversation."""
        unconfirmed = [self._unconfirmed(item, arrival) for item in assertion.confirmations]
        if not unconfirmed:
            raise Refused(refusals.CONFIRMATION_MISSING)
        if None not in unconfirmed:
            raise next(item for item in unconfirmed if item is not None)

    def _unconfirmed(self, item: Confirmation, arrival: Arrival) -> Refused | None:
        skew = self._rules.skew
        if (item.not_before is not None and arrival.now + skew < item.not_before) or (
            item.not_on_or_after is not None and arrival.now - skew >= item.not_on_or_after
        ):
            return Refused(refusals.CONFIRMATION_TIME)
        if item.recipient is not None and item.recipient not in arrival.urls:
            return Refused(refusals.RECIPIENT)
        if item.method == SubjectConfirmation.BEARER:
            return None
        if item.method == SubjectConfirmation.HOLDER_OF_KEY:
            return None if _holds_key(item, arrival) else Refused(refusals.HOLDER_OF_KEY)
        return Refused(refusals.CONFIRMATION_METHOD)

    def _check_replay(self, assertion: Assertion, content: bytes, now: datetime) -> None:
        until = (assertion.not_on_or_after or now) + 2 * self._rules.skew
        if not self._ledger.use(
            assertion.issuer, assertion.id, content, until=until, one_time=assertion.one_time
        ):
            raise Refused(refusals.REPLAY)

    def _user(self, assertion: Assertion, provider: IdentityProvider) -> AccessContext:
        try:
            return access_context(assertion.claims, provider.attribute_prefix)
        except AmbiguousAttribute as error:
            raise Refused(refusals.AMBIGUOUS, attribute=str(error)) from None


def _holds_key(item: Confirmation, arrival: Arrival) -> bool:
    """Whether the sender proved one of the keys: by its certificate, or by another one for the same key."""
    if not item.certificates:
        return False
    if arrival.certificates & set(item.certificates):
        return True
    try:
        wanted = [x509.load_der_x509_certificate(each).public_key() for each in item.certificates]
        return any(
            x509.load_der_x509_certificate(each).public_key() in wanted for each in arrival.certificates
        )
    except (ValueError, TypeError):
        return False
