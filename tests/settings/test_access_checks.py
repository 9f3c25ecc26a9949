"""Settings about users that contradict themselves, or let in whom nobody meant to."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xds.settings import (
    AssertionSettings,
    ConsentSettings,
    IdentityProviderSettings,
    PartnerSettings,
    PolicySettings,
    Settings,
    SettingsError,
    from_mapping,
)
from xds.settings.checks import check

HERE = Path(__file__)
PROVIDER = IdentityProviderSettings(issuer="urn:oid:2.999.8.1", certificates=(HERE,))
VALID = Settings(
    identity_providers=(PROVIDER,),
    assertions=AssertionSettings(audiences=("urn:oid:2.999.3",)),
    partners=(PartnerSettings(name="north", networks=("10.1.0.0/16",)),),
    policies=(PolicySettings(transactions=("ITI-18",), roles=("r",), partners=("north",)),),
)


def test_the_valid_one_passes() -> None:
    check(VALID)
    check(replace(VALID, policies=()))
    check(
        replace(
            VALID,
            assertions=AssertionSettings(),
            server=replace(VALID.server, public_url="https://a.example"),
        )
    )


def provider(**changes: Any) -> Settings:
    return replace(VALID, identity_providers=(replace(PROVIDER, **changes),))


def policy(**changes: Any) -> Settings:
    return replace(VALID, policies=(replace(VALID.policies[0], **changes),))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (provider(issuer=""), "identity provider 1 has no issuer"),
        (provider(certificates=()), "certificates are needed"),
        (provider(certificates=(Path("nowhere.pem"),)), "nowhere.pem is not a file"),
        (replace(VALID, identity_providers=(PROVIDER, PROVIDER)), "two identity providers"),
        (
            replace(VALID, assertions=AssertionSettings(), server=replace(VALID.server, host="0.0.0.0")),  # noqa: S104
            "assertions.audiences is needed",
        ),
        (replace(VALID, assertions=replace(VALID.assertions, skew_seconds=-1)), "assertions.skew_seconds"),
        (replace(VALID, assertions=replace(VALID.assertions, life_minutes=0)), "assertions.life_minutes"),
        (
            replace(VALID, assertions=replace(VALID.assertions, authentication_hours=0)),
            "assertions.authentication_hours",
        ),
        (replace(VALID, identity_providers=()), "there is no [[identity_providers]] to believe"),
        (policy(transactions=()), "names no transactions"),
        (policy(assertion="ignored"), "ignores assertions"),
        (policy(assertion="optional"), "who sends no assertion would pass"),
        (policy(partners=("south",)), "south is not the name of one of the [[partners]]"),
        (
            replace(VALID, consent=ConsentSettings(api_partners=("north",))),
            "north is not the name of one of the [[partners]] with a certificate",
        ),
        (
            replace(VALID, identity_providers=(), policies=(), consent=ConsentSettings(api_roles=("r",))),
            "consent.api_roles needs [[identity_providers]]",
        ),
    ],
)
def test_what_is_wrong_is_said(settings: Settings, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(settings)
    assert said in str(caught.value)


def test_a_transaction_that_does_not_exist() -> None:
    with pytest.raises(SettingsError, match=r"policies\.transactions must be"):
        from_mapping({"policies": [{"transactions": ["ITI-19"]}]}, HERE.parent)
