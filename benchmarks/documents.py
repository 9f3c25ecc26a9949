"""ITI-41 and ITI-43 of one large document: octets a second, and what they do to the service's memory."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks import copying, messages, nginx, transfer
from benchmarks.load import NUMBER
from benchmarks.measure import Growth, Ratio, Sample, bracketed
from benchmarks.memory import PeakMemory
from benchmarks.population import patient, submission
from benchmarks.service import Service
from xds.server.actors import vault_folder
from xds.settings import Settings

MIB = 1024 * 1024
_SMALL = 64 * 1024  # octets of the documents that warm a worker up


@dataclass(slots=True)
class DocumentBench:
    """Uploads and downloads of documents of `size` octets."""

    service: Service
    size: int
    rounds: int
    folder: Path  # for work of the bench, on the file system of the data folder
    uploaded: list[str] = field(default_factory=list)  # uniqueIds
    _rng: random.Random = field(default_factory=lambda: random.Random("ITI-41"))

    def upload(self) -> list[Ratio | Growth]:
        """MiB/s of ITI-41 against a copy from a socket to a synced file with SHA-1."""
        for _ in range(4):
            self._provide(_SMALL)
        peak = PeakMemory(self.service.processes())
        with copying.running(self.folder) as port:

            def theirs() -> Sample:
                with self._folder() as folder:
                    head = self.size.to_bytes(8, "big")
                    done = transfer.in_process(folder, port=port, request=head, size=self.size, end=b"")
                    return Sample(rate=done["mib_per_second"])

            mine, others = bracketed(lambda: self._provide(self.size), theirs, rounds=self.rounds)
        return [
            Ratio(
                name=f"ITI-41 upload {self._mib}",
                limit="socket to synced file, SHA-1",
                unit="MiB/s",
                ours=mine,
                theirs=others,
                target=0.5,
                goal=0.9,
                notes=("SHA-1 and SHA-256, fsync, registered, both audit rows",),
            ),
            self._growth("up", peak),
        ]

    def download(self) -> list[Ratio | Growth]:
        """MiB/s of ITI-43 against nginx serving the same file."""
        if not self.uploaded:
            self._provide(self.size)
        unique_id = self.uploaded[-1]
        stored = self._stored_file()
        for _ in range(4):
            self._retrieve(unique_id)
        peak = PeakMemory(self.service.processes())
        with self._folder() as folder, nginx.serving(stored.parent, folder) as (program, port):

            def theirs() -> Sample:
                request = f"GET /{stored.name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                done = transfer.in_process(folder, port=port, request=request.encode())
                return Sample(rate=done["mib_per_second"])

            theirs()
            mine, others = bracketed(lambda: self._retrieve(unique_id), theirs, rounds=self.rounds)
        return [
            Ratio(
                name=f"ITI-43 download {self._mib}",
                limit=f"{program}, same file",
                unit="MiB/s",
                ours=mine,
                theirs=others,
                target=0.9,
                goal=1.0,
                notes=("its seal verified while it is sent, its audit row committed before",),
            ),
            self._growth("down", peak),
        ]

    @property
    def _mib(self) -> str:
        return f"{self.size // MIB} MiB"

    def _growth(self, way: str, peak: PeakMemory) -> Growth:
        return Growth(
            name=f"memory, {self._mib} {way}",
            mib=peak.growth_mib(),
            target=64,
            goal=16,
            notes=(f"{len(self.service.processes())} processes; the one that grew most",),
        )

    def _provide(self, size: int) -> Sample:
        """Send one document that is like no other, and remember the large ones."""
        number = self._rng.randint(1, 10**9)
        made = submission(number, patient(1), 1, self._rng)
        entries = tuple(
            replace(item, hash=None, size=None, repository_unique_id=None) for item in made.document_entries
        )
        head, end = messages.provide(replace(made, document_entries=entries), size)
        head = head.replace(NUMBER, b"%012d" % number)
        with self._folder() as folder:
            done = transfer.in_process(folder, port=self.service.port, request=head, size=size, end=end)
        if "ResponseStatusType:Success" not in done["answer"]:
            raise RuntimeError(f"the upload was refused: {done['answer'][-1000:]}")
        if size == self.size:
            self.uploaded.append(entries[0].unique_id or "")
        return Sample(rate=done["mib_per_second"])

    def _retrieve(self, unique_id: str) -> Sample:
        request = messages.retrieve([unique_id]).replace(NUMBER, b"%012d" % self._rng.randint(1, 10**9))
        with self._folder() as folder:
            done = transfer.in_process(folder, port=self.service.port, request=request)
        if "ResponseStatusType:Success" not in done["answer"]:
            raise RuntimeError(f"the download was refused: {done['answer'][-1000:]}")
        return Sample(rate=done["mib_per_second"])

    def _stored_file(self) -> Path:
        """The file of the last upload in the vault."""
        vault = vault_folder(Settings(data_dir=self.service.folder)) / "vault"
        found = [path for path in vault.rglob("*") if path.is_file() and path.stat().st_size == self.size]
        return max(found, key=lambda path: path.stat().st_mtime)

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        made = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)
