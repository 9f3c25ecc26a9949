"""The limit of a download: nginx serving the same file; without it a bare sendfile loop, and the bench says so."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.service import free_port

_CONFIGURATION = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


def locate() -> str | None:
    """The nginx of this machine."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def serving(root: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Serve the files under `root` for the block; gives what serves them, and the port."""
    program = locate()
    port = free_port()
    if program is None:
        command = [sys.executable, "-m", "benchmarks.nginx", str(root), str(port)]
    else:
        user = "user root;" if os.geteuid() == 0 else ""
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(user=user, folder=folder, port=port, root=root), "utf-8"
        )
        command = [program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield ("a bare sendfile loop (no nginx here)" if program is None else "nginx"), port
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("what serves the file does not start")


def sendfile_loop(root: Path, port: int) -> None:
    """Answer GET with the file that it names, by sendfile, one connection after the other, until killed."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                request = connection.recv(65_536)
                if not request:
                    continue
                name = request.split(b" ", 2)[1].decode("ascii").lstrip("/")
                with (root / name).open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
                    connection.sendfile(file)


if __name__ == "__main__":
    sendfile_loop(Path(sys.argv[1]), int(sys.argv[2]))
