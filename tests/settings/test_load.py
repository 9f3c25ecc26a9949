"""The settings file: what it may say, and the sentence for everything else."""

import os
from pathlib import Path
from typing import Any

import pytest

from xds.settings import (
    GIB,
    MIB,
    PartnerSettings,
    RulesSettings,
    Settings,
    SettingsError,
    from_mapping,
    lite_settings,
    load,
)

BASE = Path("/etc/xds")
WHOLE = """
data_dir = "data"

[server]
host = "0.0.0.0"
port = 8443
public_url = "https://xds.example.org"
workers = 4
threads = 64
roles = ["repository"]
registry_path = "/r"
repository_path = "/p"

[store]
dsn = "host=/run/postgresql dbname=xds"
pool_size = 20

[rules]
strictness = "strict"

[registry]
patient_authority = "2.999.1.1"
unknown_patients = "accept"
home_community_id = "urn:oid:2.999.3"
query_unknown_patient = "error"

[repository]
unique_id = "2.999.2.7"
registry_url = "https://registry.example.org/dics/registry"
registry_seconds = 5

[limits]
request_bytes = 1073741824

[log]
level = "warning"
form = "text"
"""


def refusal(mapping: dict[str, Any]) -> str:
    with pytest.raises(SettingsError) as caught:
        from_mapping(mapping, BASE)
    return str(caught.value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "xds.toml"
    path.write_text(WHOLE, encoding="utf-8")
    path.chmod(0o640)
    return path


def test_every_value_arrives(file: Path) -> None:
    settings = load(file, environ={})
    assert settings.server.roles == ("repository",)
    assert (settings.server.port, settings.server.threads, settings.server.public_url) == (
        8443,
        64,
        "https://xds.example.org",
    )
    assert settings.store.pool_size == 20
    assert settings.rules.strictness == "strict"
    assert settings.registry.unknown_patients == "accept"
    assert settings.repository.registry_seconds == 5
    assert settings.limits.request_bytes == GIB
    assert settings.limits.document_bytes == 256 * MIB, "what the file leaves out has its default"
    assert settings.log.form == "text"
    assert not settings.lite


def test_rules_and_partners_arrive(tmp_path: Path) -> None:
    path = tmp_path / "xds.toml"
    path.write_text(
        """
        [rules]
        profile = "ontario"
        levels = { "42-author" = "off" }
        [[partners]]
        name = "North"
        networks = ["10.1.0.0/16", "2001:db8::7"]
        [[partners]]
        name = "Lab"
        source_ids = ["2.999.7"]
        strictness = "strict"
        [partners.levels]
        "42-codes" = "warning"
        """,
        encoding="utf-8",
    )
    settings = load(path, environ={})
    assert settings.rules == RulesSettings(profile="ontario", levels={"42-author": "off"})
    assert settings.partners == (
        PartnerSettings(name="North", networks=("10.1.0.0/16", "2001:db8::7")),
        PartnerSettings(
            name="Lab", source_ids=("2.999.7",), strictness="strict", levels={"42-codes": "warning"}
        ),
    )


def test_empty_file_is_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "xds.toml"
    path.write_text("", encoding="utf-8")
    assert load(path, environ={}) == Settings(data_dir=tmp_path / "xds-data")


def test_relative_paths_start_at_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert load(file, environ={}).data_dir == file.parent / "data"
    assert from_mapping({"data_dir": "/srv/xds"}, BASE).data_dir == Path("/srv/xds")
    assert from_mapping({"log": {"file": "xds.log"}}, BASE).log.file == BASE / "xds.log"


def test_a_relative_settings_file_gives_absolute_paths(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load(Path("xds.toml"), environ={}).data_dir == file.parent / "data"


def test_environment_overrides_the_database(file: Path) -> None:
    url = "postgresql://xds@db.example.org/xds"
    assert load(file, environ={"XDS_DATABASE_URL": url}).store.dsn == url
    assert load(file, environ={"XDS_DATABASE_URL": ""}).store.dsn == "host=/run/postgresql dbname=xds"
    assert load(file, environ={"XDS_SERVER_PORT": "1"}).server.port == 8443


def test_the_process_environment_is_the_default(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDS_DATABASE_URL", "postgresql://other/xds")
    assert load(file).store.dsn == "postgresql://other/xds"
    assert lite_settings("127.0.0.1", 8080, BASE).store.dsn == "postgresql://other/xds"


def test_the_database_is_not_shown() -> None:
    settings = from_mapping({"store": {"dsn": "postgresql://xds:secret-word@db/xds"}}, BASE)
    assert "secret-word" not in repr(settings)
    assert "secret-word" not in refusal({"store": {"dsn": "secret-word"}})


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"server": {"prot": 1}}, "server.prot is not a setting; did you mean server.port?"),
        ({"servr": {}}, "servr is not a setting; did you mean server?"),
        ({"port": 8080}, "port is not a setting; did you mean server.port?"),
        ({"server": {"dsn": "x"}}, "server.dsn is not a setting; did you mean store.dsn?"),
        ({"server": {"Port": 1}}, "server.Port is not a setting; did you mean server.port?"),
        (
            {"partners": [{"network": []}]},
            "partners.network is not a setting; did you mean partners.networks?",
        ),
        (
            {"registry": {"strictness": "field"}},
            "registry.strictness is not a setting; did you mean rules.strictness?",
        ),
        ({"log": {"qqqq": 1}}, "log.qqqq is not a setting; known here: log.file, log.form, log.level"),
    ],
)
def test_unknown_key_names_the_nearest(mapping: dict[str, Any], sentence: str) -> None:
    assert refusal(mapping) == sentence


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        ({"server": {"port": "8080"}}, "server.port must be a whole number, not a text"),
        ({"server": {"port": True}}, "server.port must be a whole number, not true or false"),
        ({"limits": {"documents": 1.5}}, "limits.documents must be a whole number, not a number with a fraction"),
        (
            {"registry": {"unknown_patients": True}},
            'registry.unknown_patients must be "refuse" or "accept", not true or false',
        ),
        ({"rules": {"strictness": "lenient"}}, 'rules.strictness must be "field" or "strict"'),
        ({"rules": {"strictness": 1}}, 'rules.strictness must be "field" or "strict", not a whole number'),
        (
            {"server": {"roles": "registry"}},
            'server.roles must be a list of "registry" or "repository" or "gateway" or "imaging", not a text',
        ),
        (
            {"server": {"roles": ["viewer"]}},
            'server.roles must be a list of "registry" or "repository" or "gateway" or "imaging"',
        ),
        ({"server": 8080}, "server is a table, written [server], not a whole number"),
        ({"data_dir": 1}, "data_dir must be a path as text, not a whole number"),
        ({"data_dir": ""}, "data_dir must be a path as text"),
        ({"store": {"dsn": ["x"]}}, "store.dsn must be a text, not a list"),
        ({"rules": {"levels": "off"}}, "rules.levels is a table, written [rules.levels], not a text"),
        ({"rules": {"levels": {"42-author": "no"}}}, 'rules.levels."42-author" must be "off" or "warning" or "error"'),
        ({"partners": {"name": "N"}}, "partners are tables, each written [[partners]], not a table"),
        ({"partners": ["N"]}, "partners are tables, each written [[partners]], not a text"),
        ({"partners": [{"networks": "10.0.0.0/8"}]}, "partners.networks must be a list of texts, not a text"),
    ],
)  # fmt: skip
def test_wrong_type_says_what_was_expected(mapping: dict[str, Any], sentence: str) -> None:
    assert refusal(mapping) == sentence


def test_lite_is_no_setting_of_a_file() -> None:
    assert refusal({"lite": True}).startswith("lite cannot be set in a file")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no\.toml cannot be read \(No such file or directory\)"):
        load(tmp_path / "no.toml")


@pytest.mark.parametrize("text", [b"[server\n", b"port = \xff\n", b"a = 1\na = 2\n"])
def test_what_is_no_toml(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "xds.toml"
    path.write_bytes(text)
    with pytest.raises(SettingsError, match="is not valid TOML"):
        load(path)


def test_a_refusal_names_the_file(file: Path) -> None:
    file.write_text("[server]\nprot = 1\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(file, environ={})
    assert str(caught.value) == f"{file}: server.prot is not a setting; did you mean server.port?"


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://xds:word@db/xds", "host=db password=word dbname=xds", "postgresql://db/xds?password=word"],
)
def test_a_password_that_others_may_read(file: Path, dsn: str) -> None:
    file.write_text(f'[store]\ndsn = "{dsn}"\n', encoding="utf-8")
    assert load(file, environ={}).store.dsn == dsn
    file.chmod(0o644)
    with pytest.raises(SettingsError, match="holds a password and others may read it") as caught:
        load(file, environ={})
    assert "word@" not in str(caught.value)


def test_without_a_password_others_may_read(file: Path) -> None:
    file.chmod(0o644)
    assert load(file, environ={"XDS_DATABASE_URL": "postgresql://xds:word@db/xds"}).store.pool_size == 20


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_password_in_the_file_of_another_user(file: Path) -> None:
    file.write_text('[store]\ndsn = "postgresql://xds:word@db/xds"\n', encoding="utf-8")
    os.chown(file, 65534, 65534)
    with pytest.raises(SettingsError, match="belongs to another user"):
        load(file, environ={})


def test_lite() -> None:
    settings = lite_settings("127.0.0.1", 0, BASE, environ={})
    assert settings.lite
    assert settings.registry.unknown_patients == "accept"
    assert settings.rules.strictness == "field"
    assert (settings.limits.requests_per_second, settings.limits.in_flight_per_peer) == (0, 0)
    assert settings.limits.request_bytes == Settings().limits.request_bytes
    assert (settings.store.dsn, settings.log.form) == (None, "text")
    assert settings.log.file == BASE / "xds.log", "its terminal is for the two scenarios"


def test_lite_with_a_wrong_database() -> None:
    with pytest.raises(SettingsError, match="XDS_DATABASE_URL"):
        lite_settings("127.0.0.1", 0, BASE, environ={"XDS_DATABASE_URL": "mysql://db/xds"})
