"""The limit of an upload: a process that copies from a socket to a synced file and takes the SHA-1 on the way.

`python -m benchmarks.copying FOLDER` prints its port. Each connection sends eight octets of length, then the
document; it gets the SHA-1.
"""

import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PIECE: Final = 256 * 1024


def serve(folder: Path) -> None:
    """Serve one connection after the other until killed."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection:
                _copy(connection, folder / "copy")


def _copy(connection: socket.socket, target: Path) -> None:
    buffer = bytearray(PIECE)
    view = memoryview(buffer)
    left = int.from_bytes(connection.recv(8, socket.MSG_WAITALL), "big")
    digest = hashlib.sha1(usedforsecurity=False)
    with target.open("wb", buffering=0) as file:
        while left:
            count = connection.recv_into(view, min(left, PIECE))
            if not count:
                raise ConnectionError(f"{left} octets are missing")
            digest.update(view[:count])
            file.write(view[:count])
            left -= count
        os.fsync(file.fileno())
    connection.sendall(digest.digest())
    connection.shutdown(socket.SHUT_WR)
    target.unlink()


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Run it as a process for the block; gives the port."""
    command = [sys.executable, "-m", "benchmarks.copying", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
