"""Settings that contradict each other: each is the valid settings with one thing changed."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from xds.settings import Limits, PartnerSettings, Settings, SettingsError
from xds.settings.checks import check, has_password

LONG_OID = "2.999." + ".".join(["1"] * 30)  # 65 characters


def changed(section: str, **values: Any) -> Settings:
    settings = Settings()
    return replace(settings, **{section: replace(getattr(settings, section), **values)})


def test_the_defaults_pass() -> None:
    check(Settings())


@pytest.mark.parametrize(
    ("section", "values", "key"),
    [
        ("server", {"host": ""}, "server.host"),
        ("server", {"port": -1}, "server.port"),
        ("server", {"port": 65_536}, "server.port"),
        ("server", {"workers": 0}, "server.workers"),
        ("server", {"threads": 0}, "server.threads"),
        ("server", {"roles": ()}, "server.roles"),
        ("server", {"roles": ("registry", "registry")}, "server.roles"),
        ("server", {"registry_path": "registry"}, "server.registry_path"),
        ("server", {"registry_path": "/"}, "server.registry_path"),
        ("server", {"registry_path": "/a/"}, "server.registry_path"),
        ("server", {"registry_path": "/a?b"}, "server.registry_path"),
        ("server", {"repository_path": "/healthz"}, "server.repository_path"),
        ("server", {"repository_path": "/dics/registry"}, "must differ"),
        ("server", {"public_url": "xds.example.org"}, "server.public_url"),
        ("server", {"public_url": "https://xds.example.org:port"}, "server.public_url"),
        ("server", {"roles": ("repository",)}, "repository.registry_url is needed"),
        ("server", {"threads": 16}, "limits.downloads must be less than server.threads"),
        ("store", {"pool_size": 0}, "store.pool_size"),
        ("store", {"dsn": "mysql://db/xds"}, "store.dsn"),
        ("store", {"dsn": "xds"}, "store.dsn"),
        ("registry", {"patient_authority": "urn:oid:2.999.1"}, "registry.patient_authority"),
        ("registry", {"home_community_id": "2.999.3"}, "registry.home_community_id"),
        ("registry", {"home_community_id": "urn:oid:x"}, "registry.home_community_id"),
        ("registry", {"codes_file": Path("/nowhere/codes.toml")}, "registry.codes_file"),
        ("repository", {"unique_id": "2.999.02"}, "repository.unique_id"),
        ("repository", {"unique_id": "3.1"}, "repository.unique_id"),
        ("repository", {"unique_id": "2"}, "repository.unique_id"),
        ("repository", {"unique_id": LONG_OID}, "repository.unique_id"),
        ("repository", {"registry_url": "ftp://registry.example.org/"}, "repository.registry_url"),
        ("repository", {"registry_seconds": 0}, "repository.registry_seconds"),
        ("feeds", {"mllp_host": ""}, "feeds.mllp_host"),
        ("feeds", {"mllp_port": 65_536}, "feeds.mllp_port"),
        ("feeds", {"mllp_port": 8080}, "feeds.mllp_port and server.port must differ"),
        ("feeds", {"namespace_id": "DOMAIN"}, "feeds.namespace_id"),
        (
            "feeds",
            {"certificate": Path("/nowhere/xds.pem")},
            "feeds.certificate /nowhere/xds.pem is not a file",
        ),
        ("feeds", {"client_ca": Path(__file__)}, "feeds.client_ca has no use"),
        ("limits", {"mllp_connections": 7}, "limits.mllp_connections_per_peer"),
        ("limits", {"document_bytes": Limits().request_bytes + 1}, "limits.document_bytes"),
        ("limits", {"envelope_bytes": Limits().request_bytes + 1}, "limits.envelope_bytes"),
        ("limits", {"header_seconds": 601}, "limits.header_seconds"),
        ("limits", {"leaf_class_results": 25_001}, "limits.leaf_class_results"),
        ("limits", {"mime_boundary_chars": 71}, "limits.mime_boundary_chars"),
        ("limits", {"documents": 256}, "limits.documents"),
    ],
)
def test_refused(section: str, values: dict[str, Any], key: str) -> None:
    with pytest.raises(SettingsError, match=key):
        check(changed(section, **values))


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("server", {"port": 0}),
        ("server", {"port": 65_535}),
        ("server", {"threads": 17}),
        ("server", {"roles": ("registry",)}),
        ("repository", {"unique_id": LONG_OID[:-2] + "9"}),
        ("repository", {"registry_url": "http://127.0.0.1:8081/dics/registry"}),
        ("limits", {"document_bytes": Limits().request_bytes}),
        ("limits", {"documents": 255}),
        ("store", {"dsn": "postgres://db/xds"}),
        ("store", {"dsn": "dbname=xds"}),
    ],
)
def test_at_the_edge(section: str, values: dict[str, Any]) -> None:
    check(changed(section, **values))


def test_a_registry_alone_needs_no_other_registry() -> None:
    settings = changed("server", roles=("registry",))
    stray = replace(settings.repository, registry_url="https://registry.example.org/dics/registry")
    with pytest.raises(SettingsError, match="has no use"):
        check(replace(settings, repository=stray))


@pytest.mark.parametrize("name", [item.name for item in fields(Limits)])
def test_no_limit_is_negative(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"limits\.{name} must be [01] or more"):
        check(changed("limits", **{name: -1}))


NORTH = PartnerSettings(name="North", networks=("10.1.0.0/16",))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": ""}, "partner 1 has no name"),
        ({"networks": ()}, 'partner "North": say how it is known'),
        ({"networks": ("10.1.0.0/33",)}, "networks must hold addresses"),
        ({"networks": ("10.1.0.7/16",)}, "has host bits set"),
        ({"networks": ("north.example.org",)}, "networks must hold addresses"),
        ({"source_ids": ("urn:oid:2.999.7",)}, "without urn:oid:"),
    ],
)
def test_a_partner_that_cannot_be_known_is_refused(changes: dict[str, Any], told: str) -> None:
    check(replace(Settings(), partners=(NORTH,)))
    with pytest.raises(SettingsError, match=told):
        check(replace(Settings(), partners=(replace(NORTH, **changes),)))


def test_two_partners_have_two_names() -> None:
    with pytest.raises(SettingsError, match="two partners have the name North"):
        check(replace(Settings(), partners=(NORTH, NORTH)))


def test_what_can_be_off() -> None:
    check(changed("limits", requests_per_second=0, in_flight_per_peer=0, free_space_bytes=0))


@pytest.mark.parametrize(
    ("dsn", "has"),
    [
        (None, False),
        ("postgresql://xds@db/xds", False),
        ("postgresql:///xds?host=/run/postgresql", False),
        ("postgresql://xds:p%40ss@db:5432/xds", True),
        ("postgresql://db/xds?user=xds&password=p", True),
        ("host=db user=xds password = p", True),
        ("host=db passfile=/etc/xds/pgpass", False),
    ],
)
def test_has_password(dsn: str | None, has: bool) -> None:
    assert has_password(dsn) is has
