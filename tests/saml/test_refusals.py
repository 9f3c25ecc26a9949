"""Each rule that an assertion, or its user, can break is in docs/security.md, with its code."""

import re
from pathlib import Path

import pytest

from xds.saml import refusals
from xds.soap import DENIALS, permission
from xds.wss import Refusal

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
OURS = [
    item for module in (refusals, permission) for item in vars(module).values() if isinstance(item, Refusal)
]


@pytest.mark.parametrize("refusal", OURS, ids=lambda refusal: refusal.id)
def test_it_is_in_the_page(refusal: Refusal) -> None:
    assert f"| `{refusal.id}` | `{refusal.code.value}` | " in PAGE


def test_ids_are_unique_and_the_page_has_no_others() -> None:
    ids = [item.id for item in OURS]
    assert len(set(ids)) == len(ids)
    told = set(re.findall(r"^\| `((?:assertion-[a-z-]+)|not-allowed|other-patient)` \|", PAGE, re.MULTILINE))
    assert told == set(ids)
    assert set(ids) >= DENIALS


@pytest.mark.parametrize("refusal", OURS, ids=lambda refusal: refusal.id)
def test_both_languages_are_filled_alike(refusal: Refusal) -> None:
    places = [set(re.findall(r"\{(\w+)\}", text)) for text in (refusal.en, refusal.fr)]
    assert places[0] == places[1]
