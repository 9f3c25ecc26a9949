"""What the command line says counts before the file."""

from pathlib import Path

import pytest

from xds.settings import FeedSettings, Options, RegistrySettings, ServerSettings, Settings, SettingsError

FILE = Settings(
    data_dir=Path("/srv/xds"),
    server=ServerSettings(host="192.0.2.1", port=8443),
    feeds=FeedSettings(mllp_host="192.0.2.2", mllp_port=3600),
    registry=RegistrySettings(home_community_id="urn:oid:2.999.3"),
)


def test_nothing_said_is_the_file() -> None:
    assert Options().over(FILE) == FILE


def test_what_is_said_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "codes.toml").touch()
    monkeypatch.chdir(tmp_path)
    options = Options(
        host="127.0.0.1", port=0, pid_feed_port=0, codes=Path("codes.toml"), data_dir=Path("data")
    )
    assert options.over(FILE) == Settings(
        data_dir=tmp_path / "data",
        server=ServerSettings(host="127.0.0.1", port=0),
        feeds=FeedSettings(mllp_host="127.0.0.1", mllp_port=0),
        registry=RegistrySettings(home_community_id="urn:oid:2.999.3", codes_file=tmp_path / "codes.toml"),
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (Options(codes=Path("/nowhere")), "registry.codes_file /nowhere is not a file"),
        (Options(port=3600), "feeds.mllp_port and server.port must differ"),
        (Options(host=""), "server.host must be an address"),
    ],
)
def test_it_is_checked_as_the_file_is(options: Options, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        options.over(FILE)
