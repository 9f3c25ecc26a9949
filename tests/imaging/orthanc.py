"""A real archive: Orthanc with its DICOMweb plugin, from the Debian packages, on a free loopback port."""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import free_port

_PLUGIN: Final = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
HOW: Final = "apt-get install orthanc orthanc-dicomweb (they are in Debian)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A running Orthanc."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def dicom_web(self) -> str:
        """Base of its DICOMweb service."""
        return f"{self.url}/dicom-web"

    def store(self, octets: bytes) -> None:
        """Store one instance."""
        self._call("POST", "/instances", octets)

    def load(self, files: Iterable[tuple[str, bytes]]) -> list[str]:
        """Store instances; return their SOP Instance UIDs."""
        stored = []
        for uid, octets in files:
            self.store(octets)
            stored.append(uid)
        return stored

    def remove(self, sop_instance_uid: str) -> None:
        """Remove one instance."""
        (identifier,) = [
            item["ID"]
            for item in json.loads(self._call("POST", "/tools/lookup", sop_instance_uid.encode()))
            if item["Type"] == "Instance"
        ]
        self._call("DELETE", f"/instances/{identifier}")

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            octets: bytes = answer.read()
        return octets


def orthanc_binary() -> str:
    """Where Orthanc is; else the test is NOT RUN."""
    found = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    if found is None or not _PLUGIN.exists():
        pytest.skip(f"NOT RUN: needs the archive Orthanc: {HOW}")
    return found


@contextmanager
def running_orthanc(**changes: Any) -> Iterator[Archive]:
    """Run one for the block, as nobody where we are root."""
    binary = orthanc_binary()
    # Not pytest's own folder: nobody has to be able to reach it.
    folder = Path(tempfile.mkdtemp(prefix="xds-orthanc-"))
    folder.chmod(0o755)
    storage = folder / "storage"
    storage.mkdir()
    port = free_port()
    config = folder / "orthanc.json"
    config.write_text(json.dumps(_configuration(port, storage) | changes), "utf-8")
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(storage, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen([binary, str(config)], stdout=output, stderr=output, cwd=storage, **user)
    archive = Archive(port=port, process=process, log=log)
    try:
        _wait(archive)
        yield archive
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(port: int, storage: Path) -> dict[str, Any]:
    return {
        "Name": "xds-test",
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "Plugins": [str(_PLUGIN)],
        "HttpPort": port,
        "HttpServerEnabled": True,
        "HttpThreadsCount": 16,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": False,
        "SynchronousCMove": False,
        "KeepAlive": True,
        "TcpNoDelay": True,
        "StorageCompression": False,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Ssl": False},
    }


def _wait(archive: Archive) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(f"{archive.url}/dicom-web/studies?limit=1", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        if archive.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"Orthanc does not run: {archive.log.read_text('utf-8')[-2000:]}")
        time.sleep(0.05)


@pytest.fixture(scope="session")
def phantoms() -> Callable[[str], dict[str, bytes]]:
    """The files of a phantom by SOP Instance UID, made once."""
    from xds.sandbox.phantoms import PHANTOMS, phantom_files  # noqa: PLC0415  # numpy: only who asks waits for it

    made: dict[str, dict[str, bytes]] = {}

    def files(name: str) -> dict[str, bytes]:
        if name not in made:
            made[name] = dict(phantom_files(PHANTOMS[name]))
        return made[name]

    return files


@pytest.fixture(scope="session")
def archive(phantoms: Callable[[str], dict[str, bytes]]) -> Iterator[Archive]:
    """A real Orthanc with every phantom, for tests that only read."""
    from xds.sandbox.phantoms import PHANTOMS  # noqa: PLC0415

    with running_orthanc() as running:
        for name in PHANTOMS:
            running.load(phantoms(name).items())
        yield running


@pytest.fixture
def own_archive() -> Iterator[Archive]:
    """An empty one of a test's own."""
    with running_orthanc() as running:
        yield running
