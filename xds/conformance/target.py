"""What is tested: addresses, the options that its vendor claims, patients and codes that it knows."""

import ssl
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

OPTIONS: Final = {
    "reference-id": "Reference ID Option: FindDocumentsByReferenceId (ITI TF-2 3.18.4.1.2.3.7.14)",
    "multi-patient": "Multi-Patient Queries (ITI-51)",
    "metadata-update": "Document Metadata Update Option (ITI-57)",
    "restricted-update": "Restricted Metadata Update (ITI-92)",
    "remove-metadata": "Remove Metadata (ITI-62)",
    "remove-documents": "Remove Documents (ITI-86)",
    "on-demand": "On-Demand Documents Option (ITI-61)",
    "on-demand-source": "On-Demand documents are made at the repository, kept and registered (ITI TF-2 3.43.4.2.3)",
    "feed-v3": "Patient Identity Feed HL7 V3 (ITI-44)",
    "link-change": "XAD-PID Link Change (ITI-64)",
    "extra-metadata": "extra metadata is kept, not only tolerated (ITI TF-3 4.2.3.1.6)",
    "home-community": "objects carry homeCommunityId (ITI TF-2 3.18.4.1.2.3.8)",
    "codes": "codes of the affinity domain are enforced (ITI TF-2 3.42.4.1.3.3.3)",
}
"""What a plan can need; a registry that does not claim one is tested with `--without` it."""

DEFAULT_AUTHORITY: Final = "2.999.1.1"


class TargetError(Exception):
    """What was said about the system under test cannot be used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The system under test.

    Parameters
    ----------
    registry, repository
        End points; None where that actor is not tested.
    pid_feed
        Host and port of the patient identity feed (MLLP); None without.
    authority
        OID of the affinity domain's assigning authority; fresh patients are of it.
    patients
        Identifiers (CX) that the registry knows and has nothing of; each is used once.
    without
        Options that it does not claim.
    codes
        Values of `codes.toml` that its affinity domain has otherwise.
    tls
        Whom to trust and how to be known, for https and for a feed over TLS; None trusts what the machine does.
    pid_feed_tls
        Whether the feed is spoken to over TLS.
    timeout
        Seconds that an answer may take.
    """

    registry: str | None = None
    repository: str | None = None
    pid_feed: tuple[str, int] | None = None
    authority: str = DEFAULT_AUTHORITY
    patients: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    codes: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    pid_feed_tls: bool = False
    timeout: float = 30.0

    @property
    def knows_its_patients(self) -> bool:
        """Whether a patient that was not fed is unknown to the registry for sure."""
        return self.pid_feed is not None or bool(self.patients)


def tls_context(ca: Path | None, certificate: Path | None) -> ssl.SSLContext:
    """Make the TLS side of a client.

    Parameters
    ----------
    ca
        PEM of the authorities to be trusted; None are those of the machine.
    certificate
        PEM with the chain and its key, where the peer asks for one.

    Raises
    ------
    TargetError
        A file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca))
        # From Python 3.13 on authorities without all that RFC 5280 asks for are refused; hospitals have such.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if certificate is not None:
            context.load_cert_chain(certificate)
    except (OSError, ssl.SSLError) as error:
        raise TargetError(
            f"no TLS with {', '.join(str(item) for item in (ca, certificate) if item)}: {error}"
        ) from None
    return context


@cache
def default_codes() -> Mapping[str, str]:
    """The values of `codes.toml`."""
    text = files("xds.conformance").joinpath("codes.toml").read_text("utf-8")
    return dict(tomllib.loads(text))


def read_codes(path: Path) -> dict[str, str]:
    """Read a file of values that replace some of `codes.toml`.

    Raises
    ------
    TargetError
        No TOML, or a key or value that no plan knows.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} is not TOML: {error}") from None
    for key, value in given.items():
        if key not in default_codes():
            raise TargetError(
                f"{path}: {key} is no value of the plans; those are {', '.join(default_codes())}"
            )
        if not isinstance(value, str):
            raise TargetError(f"{path}: {key} is not a text")
    return given
