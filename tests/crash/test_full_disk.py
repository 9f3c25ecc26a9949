"""The document store is on a volume of 32 MiB that is full: told so, reads go on, and room that comes back is used."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.transactions import samples
from tests.transactions.conftest import Service, base_settings, merged, running
from tests.transactions.wire import Answer, send, send_mtom

MIB = 1024 * 1024


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "volume"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=32m", "xds-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("NOT RUN: only root, with the right to mount, can make a small volume")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def publish(service: Service, content: bytes) -> tuple[Answer, str]:
    entry = samples.entry(samples.fresh_patient())
    body, parts = samples.provide_body(
        samples.provided(samples.submission(entry)), {entry.entry_uuid: content}
    )
    return send_mtom(service.port, "ITI-41", body, *parts), entry.unique_id or ""


def test_a_full_volume(volume: Path, tmp_path: Path, new_database: Callable[[], str]) -> None:
    settings = merged(base_settings(new_database(), tmp_path), {"limits": {"free_space_bytes": 0}})
    documents = tmp_path / "data" / "documents"
    documents.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(volume), str(documents)], check=True)
    try:
        with running(tmp_path, settings) as service:
            kept: dict[str, bytes] = {}
            for _ in range(12):
                content = os.urandom(4 * MIB)
                answer, unique_id = publish(service, content)
                if answer.result != "Success":
                    break
                kept[unique_id] = content
            assert 3 <= len(kept) < 12
            assert answer.codes == ["XDSRepositoryOutOfResources"], answer.body[:500]
            assert list((documents / "tmp").iterdir()) == []  # nothing of it is left
            for unique_id, content in kept.items():
                assert content in send_mtom(service.port, "ITI-43", samples.retrieve_body(unique_id)).body
            asked = samples.find_body("T1^^^&2.999.1.1&ISO")
            assert send(service.port, "ITI-18", asked).result == "Success"
            subprocess.run(["mount", "-o", "remount,size=64m", str(volume)], check=True)
            answer, unique_id = publish(service, b"room again" * 100_000)
            assert answer.result == "Success", answer.body[:500]
    finally:
        subprocess.run(["umount", str(documents)], check=True)
