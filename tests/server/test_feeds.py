"""The door for patient feeds: what keeps it shut is told in one sentence that names the setting."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import free_port
from xds.pki import PkiError
from xds.server.feeds import open_feed_door
from xds.server.http import HttpError
from xds.settings import FeedSettings, Settings


def with_feeds(**values: object) -> Settings:
    return replace(Settings(), feeds=FeedSettings(**values))  # type: ignore[arg-type]


def test_no_port_no_door() -> None:
    assert open_feed_door(Settings()) is None


def test_the_port_is_taken_at_once() -> None:
    port = free_port()
    door = open_feed_door(with_feeds(mllp_port=port))
    assert door is not None
    assert (door.listener.getsockname()[1], door.tls) == (port, None)
    with pytest.raises(HttpError, match=r"choose another feeds\.mllp_port"):
        open_feed_door(with_feeds(mllp_port=port))
    door.listener.close()


def test_an_address_of_another_machine() -> None:
    with pytest.raises(HttpError, match=r"choose another feeds\.mllp_host"):
        open_feed_door(with_feeds(mllp_port=free_port(), mllp_host="192.0.2.1"))


def test_files_that_are_no_certificates(tmp_path: Path) -> None:
    file = tmp_path / "some.pem"
    file.write_text("no certificate\n", "utf-8")
    port = free_port()
    with pytest.raises(PkiError, match=r"some\.pem holds no certificate"):
        open_feed_door(with_feeds(mllp_port=port, certificate=file))
    with socket.create_server(("127.0.0.1", port)):
        pass  # it was not taken
