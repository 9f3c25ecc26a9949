"""Health check of the image: asks /readyz where the settings file says that the service listens.

A service that speaks TLS asks for a client certificate, and a health check has none: that it listens is asked then.
"""

import http.client
import socket
import sys
from pathlib import Path

from xds.settings import load

SECONDS = 2.0


def main(config: Path) -> int:
    """Return 0 when the service is ready, else 1."""
    server = load(config).server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(server.host, server.host)  # noqa: S104  # nothing is bound
    connection = http.client.HTTPConnection(host, server.port, timeout=SECONDS)
    try:
        if server.unix_socket is None:
            connection.connect()
        else:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(SECONDS)
            connection.sock.connect(str(server.unix_socket))
        if server.certificate is not None:
            return 0
        connection.request("GET", "/readyz")
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
