"""No private key and no token stands in the repository: keys of tests are made when they run."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}"),
    "a key of AWS": re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a token of GitHub": re.compile(rb"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_\w{40}"),
    "a token of GitLab": re.compile(rb"\bglpat-[\w-]{20}\b"),
    "a token of Slack": re.compile(rb"\bxox[abprs]-[\w-]{10}"),
    "a token of PyPI": re.compile(rb"\bpypi-AgE[\w-]{20}"),
    "a JSON web token": re.compile(rb"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}"),
    "a password in a URL": re.compile(
        rb"(?:postgres(?:ql)?|https?)://[\w.%-]+:(?![^\s@]*[{}<>$%.])[^\s@/'\"]{3,}@[\w.-]+"
    ),
}
_EXAMPLES = (b":word@", b"secret", b"password", b"hunter2", b"pw@", b":x@", b"example")
"""Words by which documents and tests say that they mean no secret."""


def files() -> list[Path]:
    """What git keeps; without git, everything but what is made."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    made = {".venv", ".git", "build", "dist", "__pycache__"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not made & set(path.parts)]


def found_in(octets: bytes) -> list[str]:
    """What secrets there are."""
    return [
        name
        for name, pattern in SECRETS.items()
        for match in pattern.finditer(octets)
        if not any(word in match[0].lower() for word in _EXAMPLES)
    ]


def test_no_secret_is_kept() -> None:
    kept = files()
    assert len(kept) > 300
    found = {str(path.relative_to(ROOT)): found_in(path.read_bytes()) for path in kept if path.is_file()}
    assert {name: secrets for name, secrets in found.items() if secrets} == {}


@pytest.mark.parametrize(
    "octets",
    [
        b"-----BEGIN " + b"PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ",
        b"-----BEGIN " + b"EC PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ",
        b"AKIA" + b"ABCDEFGHIJKLMNOP",
        b"ghp_" + b"a1B2" * 9,
        b"eyJ" + b"hbGciOiJIUzI1NiJ9.eyJ" + b"zdWIiOiIxMjM0NTY3ODkwIn0." + b"dozjgNryP4J3jVmNHl0w5N",
        b"postgresql://xds:" + b"Tr0ub4dor@db/xds",
    ],
)
def test_a_secret_is_found(octets: bytes) -> None:
    assert len(found_in(octets)) == 1
