"""SAML 2.0 assertions in the security header: verified, read, and issued for sandboxes (ITI TF-2 3.40)."""

from xds.saml.assertion import Assertion, read_assertion
from xds.saml.issue import AssertionRequest, issue_assertion
from xds.saml.providers import IdentityProvider
from xds.saml.signature import AssertionLimits, find_assertion, lone_assertion, verify_signature
from xds.saml.verify import Arrival, AssertionLedger, AssertionRules, AssertionVerifier

__all__ = [
    "Arrival",
    "Assertion",
    "AssertionLedger",
    "AssertionLimits",
    "AssertionRequest",
    "AssertionRules",
    "AssertionVerifier",
    "IdentityProvider",
    "find_assertion",
    "issue_assertion",
    "lone_assertion",
    "read_assertion",
    "verify_signature",
]
