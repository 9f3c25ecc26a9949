"""Certificates, keys and revocation lists: loaded from files, examined, and told whose they are."""

from xds.pki.examine import (
    days_left,
    fingerprint,
    has_subject,
    is_authority,
    is_strong,
    issuer_of,
    may_sign,
    read_subject_rule,
)
from xds.pki.files import (
    PkiError,
    PrivateKey,
    read_certificate,
    read_certificates,
    read_key,
    read_pair,
    read_revocation_lists,
)
from xds.pki.sandbox import PROVIDER_ISSUER, PROVIDER_NAME, Authority, key_pem_of, make_sandbox, pem_of
from xds.pki.tls import SUITES, client_context, server_context
from xds.pki.trust import CertificateRefused, Enrolled, Refusal, Trust

__all__ = [
    "PROVIDER_ISSUER",
    "PROVIDER_NAME",
    "SUITES",
    "Authority",
    "CertificateRefused",
    "Enrolled",
    "PkiError",
    "PrivateKey",
    "Refusal",
    "Trust",
    "client_context",
    "days_left",
    "fingerprint",
    "has_subject",
    "is_authority",
    "is_strong",
    "issuer_of",
    "key_pem_of",
    "make_sandbox",
    "may_sign",
    "pem_of",
    "read_certificate",
    "read_certificates",
    "read_key",
    "read_pair",
    "read_revocation_lists",
    "read_subject_rule",
    "server_context",
]
