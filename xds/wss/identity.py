"""What we sign with, from its files."""

from pathlib import Path

from xds.pki import read_pair
from xds.wss.sign import SigningIdentity


def read_identity(certificate: Path, key: Path) -> SigningIdentity:
    """Return the identity of a certificate and its key, PEM files.

    Raises
    ------
    PkiError
        One cannot be read, has expired, may be read by others, or they are not of each other.
    """
    found, private = read_pair(certificate, key)
    return SigningIdentity(key=private, certificate=found)
