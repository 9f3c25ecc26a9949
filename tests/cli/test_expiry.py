"""What `xds doctor` says of certificates and revocation lists before they run out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.pki.made import write_pair
from xds.cli.expiry import credentials
from xds.cli.report import State
from xds.pki import Authority
from xds.settings import PartnerSettings, Settings

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.made()


@pytest.mark.parametrize(
    ("days", "state", "said"),
    [
        (61, State.OK, "in 61 days"),
        (59, State.WARN, "in 59 days, less than 60"),
        (29, State.WARN, "in 29 days, less than 30"),
        (6, State.FAIL, "in 6 days, less than 7"),
        (-2, State.FAIL, "that was 2 days ago"),
    ],
)
def test_a_certificate(tmp_path: Path, authority: Authority, days: int, state: State, said: str) -> None:
    ends = NOW + timedelta(days=days, hours=1)
    path = write_pair(tmp_path, "a", *authority.issue("a", starts=NOW - timedelta(days=9), ends=ends))
    lists = tmp_path / "ca.crl"
    lists.write_bytes(authority.revoke(ends=ends).public_bytes(Encoding.PEM))
    partner = PartnerSettings(name="a", certificates=(path,), revocation_list=lists)
    found = {item.name: item for item in credentials(Settings(partners=(partner,)))}
    for name in ("partner a", "revocation list"):
        assert (found[name].state, said in found[name].said) == (state, True), found[name]
        assert bool(found[name].remedy) == (state is not State.OK)


def test_what_keeps_a_service_from_starting(tmp_path: Path, authority: Authority) -> None:
    path = write_pair(tmp_path, "server", *authority.issue("server", hosts=("localhost",)))
    path.with_suffix(".key").chmod(0o644)
    settings = Settings()
    server = replace(
        settings.server, certificate=path, key=path.with_suffix(".key"), client_certificates="off"
    )
    first, second = credentials(replace(settings, server=server))
    assert (first.name, first.state) == ("credentials", State.FAIL)
    assert "chmod 600" in first.said
    assert (second.name, second.state) == ("server.certificate", State.OK)


def test_signatures_with_sha1(tmp_path: Path, authority: Authority) -> None:
    path = write_pair(tmp_path, "a", *authority.issue("a"))
    partner = PartnerSettings(name="a", certificates=(path,), allow_sha1=True)
    warned = [item for item in credentials(Settings(partners=(partner,))) if "SHA-1" in item.said]
    assert [(item.name, item.state) for item in warned] == [("partner a", State.WARN)]
    fine = credentials(Settings(partners=(replace(partner, allow_sha1=False),)))
    assert not [item for item in fine if "SHA-1" in item.said]


def test_nothing_is_said_where_there_is_none() -> None:
    assert list(credentials(Settings())) == []
