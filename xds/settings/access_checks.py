"""What settings about users must not say."""

from collections.abc import Iterator
from typing import Final

from xds.settings.model import Settings

EVERY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104  # not to listen on
"""Hosts that name no address by which anybody could call a service."""


def access_wrongs(settings: Settings) -> Iterator[str]:
    """Yield what contradicts itself, or could let in whom nobody meant to."""
    yield from _providers(settings)
    assertions = settings.assertions
    for name, value, least in (
        ("skew_seconds", assertions.skew_seconds, 0),
        ("life_minutes", assertions.life_minutes, 1),
        ("authentication_hours", assertions.authentication_hours, 1),
    ):
        if value < least:
            yield f"assertions.{name} must be {least} or more"
    if (
        settings.identity_providers
        and not assertions.audiences
        and settings.server.public_url is None
        and settings.server.host in EVERY_ADDRESS
    ):
        yield (
            "assertions.audiences is needed: an assertion names whom it is for, and without server.public_url"
            " this service has no name of its own"
        )
    yield from _policies(settings)
    yield from _consent(settings)


def _providers(settings: Settings) -> Iterator[str]:
    issuers = [item.issuer for item in settings.identity_providers]
    for number, provider in enumerate(settings.identity_providers, start=1):
        if not provider.issuer:
            yield f"identity provider {number} has no issuer: each [[identity_providers]] needs one"
        where = f'identity provider "{provider.issuer}"'
        if issuers.count(provider.issuer) > 1:
            yield f"two identity providers have the issuer {provider.issuer}"
        if not provider.certificates:
            yield f"{where}: certificates are needed, of the keys that it signs with"
        for path in provider.certificates:
            if not path.is_file():
                yield f"{where}: certificates {path} is not a file"


def _policies(settings: Settings) -> Iterator[str]:
    partners = {item.name for item in settings.partners}
    for number, policy in enumerate(settings.policies, start=1):
        where = f"policy {number}"
        if not policy.transactions:
            yield f'{where} names no transactions: each [[policies]] needs some, such as transactions = ["ITI-18"]'
        if policy.assertion == "required" and not settings.identity_providers:
            yield f"{where} requires an assertion, and there is no [[identity_providers]] to believe"
        if policy.assertion == "ignored" and (policy.roles or policy.organizations or policy.purposes):
            yield f"{where} ignores assertions, which alone say roles, organizations and purposes"
        if policy.assertion == "optional" and (policy.roles or policy.organizations or policy.purposes):
            yield (
                f"{where}: who sends no assertion would pass what roles, organizations and purposes ask of the"
                ' others; set assertion = "required"'
            )
        for name in policy.partners:
            if name not in partners:
                yield f"{where}: {name} is not the name of one of the [[partners]]"


def _consent(settings: Settings) -> Iterator[str]:
    enrolled = {item.name for item in settings.partners if item.certificates or item.issuer is not None}
    for name in settings.consent.api_partners:
        if name not in enrolled:
            yield f"consent.api_partners: {name} is not the name of one of the [[partners]] with a certificate"
    if settings.consent.api_roles and not settings.identity_providers:
        yield "consent.api_roles needs [[identity_providers]]: only their assertions say what role a user has"
