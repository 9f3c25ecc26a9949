"""Settings into policies, and what is refused on the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from xds.access import Caller
from xds.server.policies import policies
from xds.settings import PartnerSettings, RegistrySettings, RulesSettings, Settings, SettingsError

NORTH = PartnerSettings(name="North", networks=("10.1.0.0/16",))
SITE = Settings(
    rules=RulesSettings(strictness="strict", levels={"42-author": "off", "42-codes": "warning"}),
    partners=(NORTH,),
)


def test_a_partner_begins_with_the_rules_of_the_site() -> None:
    policy = policies(SITE).of(Caller(address="10.1.0.1"))
    assert (policy.strictness, policy.levels) == ("strict", SITE.rules.levels)


def test_what_a_partner_says_is_laid_over_them() -> None:
    north = replace(NORTH, strictness="field", levels={"42-codes": "error", "42-mime-type": "off"})
    made = policies(replace(SITE, partners=(north,)))
    assert made.domain.levels == SITE.rules.levels
    policy = made.of(Caller(address="10.1.0.1"))
    assert policy.strictness == "field"
    assert policy.levels == {"42-author": "off", "42-codes": "error", "42-mime-type": "off"}
    assert policy.max_documents == SITE.limits.documents


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            Settings(rules=RulesSettings(levels={"42-autor": "off"})),
            "rules.levels: there is no rule 42-autor; did you mean 42-author?; `xds rules list` shows all",
        ),
        (
            Settings(partners=(replace(NORTH, levels={"42-same-patient": "warning"}),)),
            'partners "North" levels: rule 42-same-patient cannot be set to warning: it always counts;'
            " `xds rules list` shows all",
        ),
    ],
)
def test_levels_that_cannot_be_meant_are_refused(settings: Settings, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        policies(settings)
    assert str(caught.value) == told


def test_code_lists_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "codes.toml"
    path.write_text("classCode = 1", "utf-8")
    with pytest.raises(SettingsError, match="table of coding schemes"):
        policies(Settings(registry=RegistrySettings(codes_file=path)))
