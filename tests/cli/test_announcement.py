"""What a service says at its start is what its settings say."""

from dataclasses import replace
from pathlib import Path

from tests.codes.test_toolkit import SAMPLE
from xds.cli.announcement import announcement
from xds.settings import FeedSettings, PartnerSettings, RegistrySettings, ServerSettings, Settings

URL = "http://127.0.0.1:8080"


def test_the_defaults() -> None:
    text = announcement(Settings(), URL)
    assert text.startswith(f"Serving on {URL}\n")
    assert "patient feed" not in text
    assert "field, profile ihe" in text
    assert "any code is accepted" in text
    assert "ids of any authority that a feed has made known; others are refused" in text
    assert "no homeCommunityId" in text


def test_only_what_it_serves() -> None:
    server = ServerSettings(roles=("repository",), public_url="https://xds.example.org/")
    text = announcement(Settings(server=server), URL)
    assert "https://xds.example.org/dics/repository" in text
    assert "/dics/registry" not in text
    assert "patients" not in text and "codes  " not in text
    assert text.endswith("xds conformance run --repository https://xds.example.org/dics/repository")


def test_patients_feed_codes_and_partners() -> None:
    settings = Settings(
        registry=RegistrySettings(
            unknown_patients="accept", patient_authority="2.999.1.1", codes_file=SAMPLE
        ),
        feeds=FeedSettings(mllp_host="0.0.0.0", mllp_port=3600),  # noqa: S104
        partners=(PartnerSettings(name="North", source_ids=("2.999.7",), strictness="strict"),),
    )
    text = announcement(settings, URL)
    assert "mllp://127.0.0.1:3600" in text and "--pid-feed 127.0.0.1:3600" in text
    assert "any id of 2.999.1.1 is accepted, by its first use" in text
    assert f"the 9 of {SAMPLE} are enforced" in text
    assert "; rules of their own for North" in text


def test_signatures_with_sha1_are_warned_of() -> None:
    partner = PartnerSettings(name="North", certificates=(Path("north.pem"),), allow_sha1=True)
    said = "warning      North's signatures with SHA-1 are taken, which can be forged (allow_sha1)"
    assert said in announcement(Settings(partners=(partner,)), URL)
    assert said not in announcement(Settings(partners=(replace(partner, allow_sha1=False),)), URL)


def test_a_file_that_went_away_meanwhile_is_no_reason_to_fail() -> None:
    registry = replace(Settings().registry, codes_file=Path("nowhere"))
    assert "those of nowhere are enforced" in announcement(Settings(registry=registry), URL)
