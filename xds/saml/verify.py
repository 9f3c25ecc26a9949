"""The steps of the security digest, section 5, in their order: whether an assertion is believed here and now.

Steps 1 and 2 are `xds.saml.signature`; 9, what it has to say, is policy (`xds.access.policy`); 10, who brings it,
is the gate's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from cryptography import x509
from lxml import etree

from xds.access import AccessContext, AmbiguousAttribute, access_context
from xds.model import SubjectConfirmation
from xds.saml.assertion import Assertion, Confirmation, read_assertion
from xds.saml.providers import IdentityProvider
from xds.saml.refusal import AssertionRefused, Fault, invalid_token
from xds.saml.signature import ISSUER, AssertionLimits, verify_signature


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
    end_points: frozenset[str]  # the URLs of the end point that it was sent to
    certificates: frozenset[bytes] = frozenset()  # DER: of keys that the sender proved to hold


class AssertionLedger(Protocol):
    """Remembers which assertions were used, across processes."""

    def use(self, issuer: str, assertion_id: str, content: bytes, *, until: datetime, one_time: bool) -> bool:
        """Record a use; return False when that may not be.

        The id was used with other content (of which `content` is the SHA-256), or may be used once and was.
        """


class AssertionVerifier:
    """Believes an assertion, or says why not."""

    def __init__(
        self, providers: Sequence[IdentityProvider], rules: AssertionRules, ledger: AssertionLedger
    ) -> None:
        self._providers: Mapping[str, IdentityProvider] = {item.issuer: item for item in providers}
        self._rules = rules
        self._ledger = ledger

    def verify(self, element: etree._Element, arrival: Arrival) -> AccessContext:
        """Return the user that a message's assertion speaks of (`find_assertion` finds it).

        Raises
        ------
        AssertionRefused
        """
        claimed = (element.findtext(ISSUER) or "").strip()
        provider = self._providers.get(claimed)
        if provider is None:
            raise invalid_token(
                "issuer not enrolled",
                "its Issuer is not enrolled here",
                "son Issuer n'est pas enregistré ici",
            )
        certificates = list(provider.certificates_at(arrival.now))
        result = verify_signature(element, certificates, now=arrival.now, limits=self._rules.limits)
        assert result.signed_xml is not None  # noqa: S101  # verify_signature looked
        assertion = read_assertion(result.signed_xml)
        if assertion.issuer != provider.issuer:
            raise invalid_token(
                "issuer", "its Issuer is not its signer", "son Issuer n'est pas son signataire"
            )
        self._check_times(assertion, provider, arrival.now)
        self._check_audience(assertion, arrival)
        self._check_confirmation(assertion, arrival)
        self._check_replay(assertion, sha256(result.signed_data).digest(), arrival.now)
        return self._user(assertion, provider)

    def _check_times(self, assertion: Assertion, provider: IdentityProvider, now: datetime) -> None:
        rules = self._rules
        begin, end = assertion.not_before, assertion.not_on_or_after
        if begin is None or end is None:
            raise invalid_token(
                "conditions",
                "its Conditions need NotBefore and NotOnOrAfter",
                "ses Conditions ont besoin de NotBefore et NotOnOrAfter",
            )
        if now + rules.skew < begin:
            raise invalid_token("not yet valid", "it is not valid yet", "elle n'est pas encore valide")
        if now - rules.skew >= end:
            raise invalid_token("expired", "it has expired", "elle est expirée")
        if end - begin > rules.life:
            minutes = int(rules.life.total_seconds() // 60)
            raise invalid_token(
                "life",
                f"it is valid for more than {minutes} minutes",
                f"elle est valide plus de {minutes} minutes",
            )
        if not assertion.authenticated_at or assertion.authentication is None:
            raise invalid_token(
                "AuthnStatement",
                "it needs an AuthnStatement with AuthnInstant and AuthnContextClassRef",
                "il lui faut un AuthnStatement avec AuthnInstant et AuthnContextClassRef",
            )
        if any(
            not now - rules.authentication_age - rules.skew <= instant <= now + rules.skew
            for instant in assertion.authenticated_at
        ):
            raise invalid_token(
                "AuthnInstant",
                "its user authenticated too long ago, or in the future",
                "son utilisateur s'est authentifié il y a trop longtemps, ou dans le futur",
            )
        if provider.authentications and assertion.authentication not in provider.authentications:
            raise invalid_token(
                "authentication",
                "how its user authenticated is not accepted here",
                "la façon dont son utilisateur s'est authentifié n'est pas acceptée ici",
            )

    def _check_audience(self, assertion: Assertion, arrival: Arrival) -> None:
        """One Audience of every AudienceRestriction is us; there is at least one (SAML 2.0 errata E46)."""
        us = self._rules.audiences | arrival.end_points
        if not assertion.audiences or any(not restriction & us for restriction in assertion.audiences):
            raise invalid_token(
                "audience",
                "its Audience is not this service or its affinity domain",
                "son Audience n'est ni ce service ni son domaine d'affinité",
            )

    def _check_confirmation(self, assertion: Assertion, arrival: Arrival) -> None:
        """One SubjectConfirmation holds (SAML 2.0 core 2.4.1.1); InResponseTo belongs to another conversation."""
        refusals = [self._unconfirmed(item, arrival) for item in assertion.confirmations]
        if not refusals:
            raise invalid_token(
                "confirmation",
                "its Subject needs a SubjectConfirmation, bearer or holder-of-key",
                "son Subject a besoin d'une SubjectConfirmation, bearer ou holder-of-key",
            )
        if None not in refusals:
            raise next(item for item in refusals if item is not None)

    def _unconfirmed(self, item: Confirmation, arrival: Arrival) -> AssertionRefused | None:
        skew = self._rules.skew
        if (item.not_before is not None and arrival.now + skew < item.not_before) or (
            item.not_on_or_after is not None and arrival.now - skew >= item.not_on_or_after
        ):
            return invalid_token(
                "confirmation's time",
                "its SubjectConfirmation is not valid now",
                "sa SubjectConfirmation n'est pas valide maintenant",
            )
        if item.recipient is not None and item.recipient not in arrival.end_points:
            return invalid_token(
                "recipient",
                "its Recipient is not this end point",
                "son Recipient n'est pas cette adresse",
            )
        if item.method == SubjectConfirmation.BEARER:
            return None
        if item.method == SubjectConfirmation.HOLDER_OF_KEY:
            return None if _holds_key(item, arrival) else _not_held()
        return invalid_token(
            "confirmation method",
            "its SubjectConfirmation is neither bearer nor holder-of-key",
            "sa SubjectConfirmation n'est ni bearer ni holder-of-key",
        )

    def _check_replay(self, assertion: Assertion, content: bytes, now: datetime) -> None:
        until = (assertion.not_on_or_after or now) + 2 * self._rules.skew
        if not self._ledger.use(
            assertion.issuer, assertion.id, content, until=until, one_time=assertion.one_time
        ):
            raise AssertionRefused(
                Fault.FAILED_CHECK,
                "replay",
                "The assertion was used before with this ID, and may not be again",
                "L'assertion a déjà servi avec cet ID et ne peut plus servir",
            )

    def _user(self, assertion: Assertion, provider: IdentityProvider) -> AccessContext:
        try:
            return access_context(assertion.claims, provider.attribute_prefix)
        except AmbiguousAttribute as error:
            raise invalid_token(
                "ambiguous attribute",
                f"{error} has different values where one is expected",
                f"{error} a des valeurs différentes là où une seule est attendue",
            ) from None


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


def _not_held() -> AssertionRefused:
    return AssertionRefused(
        Fault.FAILED_AUTHENTICATION,
        "holder of key",
        "The assertion is for the holder of a key that neither the TLS connection nor the message's signature proves",
        "L'assertion est pour le porteur d'une clé que ni la connexion TLS ni la signature du message ne prouvent",
    )
