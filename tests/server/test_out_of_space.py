"""The volume fills up while a document arrives: ITI-41's own answer, and nothing of the message is left."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.transactions import samples
from tests.transactions.wire import PATH, envelope, related
from xds.documents import OutOfSpace, SpoolSink
from xds.server.wiring import House, build
from xds.settings import RegistrySettings, Settings, StoreSettings


@pytest.fixture
def house(database: str, tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        data_dir=tmp_path,
        store=StoreSettings(dsn=database, pool_size=2),
        registry=RegistrySettings(unknown_patients="accept"),
    )
    built = build(settings, database)
    yield built
    built.close()


def test_a_full_volume_in_the_middle_of_a_part(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = (samples.entry(samples.fresh_patient()) for _ in range(2))
    body, parts = samples.provide_body(
        samples.provided(samples.submission(first, second)),
        {first.entry_uuid: b"fits", second.entry_uuid: b"does not fit"},
    )
    original = SpoolSink.write

    def full(self: SpoolSink, piece: bytes) -> None:
        if b"not fit" in piece:
            self.abort()
            raise OutOfSpace("the document store is full")
        original(self, piece)

    monkeypatch.setattr(SpoolSink, "write", full)
    content_type, octets = related(envelope("ITI-41", body), *parts)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH["ITI-41"],
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(octets)),
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(octets),
    }
    started: list[tuple[str, list[tuple[str, str]]]] = []
    answer = b"".join(house.application(environ, lambda *given: started.append(given)))
    ((status, headers),) = started
    assert status == "200 OK" and ("Connection", "close") in headers
    assert b"XDSRepositoryOutOfResources" in answer and b"ResponseStatusType:Failure" in answer
    assert list((tmp_path / "documents" / "tmp").iterdir()) == []
