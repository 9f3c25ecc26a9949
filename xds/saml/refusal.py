"""Why an assertion is not believed."""

from enum import StrEnum


class Fault(StrEnum):
    """Fault codes of WS-Security 1.1 section 12 that the SAML Token Profile 1.1 section 3.6 uses."""

    INVALID_SECURITY = "InvalidSecurity"  # the header: two of what stands there once, limits
    UNSUPPORTED = "UnsupportedSecurityToken"  # encrypted, another version, an unknown condition
    UNSUPPORTED_ALGORITHM = "UnsupportedAlgorithm"
    INVALID = "InvalidSecurityToken"  # issuer, time, audience, what has to be in it
    FAILED_CHECK = "FailedCheck"  # signature, position, replay
    FAILED_AUTHENTICATION = "FailedAuthentication"  # nobody proved to be whom it speaks of


class AssertionRefused(Exception):
    """An assertion that is not believed.

    Parameters
    ----------
    fault
        The code of the answer.
    rule
        A short name of the rule, for the log: never a value of the assertion.
    reason, raison
        What its sender is told, in English and French: the rule, nothing about keys or the parser.
    """

    def __init__(self, fault: Fault, rule: str, reason: str, raison: str) -> None:
        super().__init__(rule)
        self.fault = fault
        self.rule = rule
        self.reason = reason
        self.raison = raison


def invalid_token(rule: str, what: str, quoi: str) -> AssertionRefused:
    """A refusal for what an assertion says, or does not say."""
    return _refusal(Fault.INVALID, rule, what, quoi)


def failed_check(rule: str, what: str, quoi: str) -> AssertionRefused:
    """A refusal for what is not proven of an assertion."""
    return _refusal(Fault.FAILED_CHECK, rule, what, quoi)


def _refusal(fault: Fault, rule: str, what: str, quoi: str) -> AssertionRefused:
    return AssertionRefused(
        fault, rule, f"The assertion is not accepted: {what}", f"L'assertion n'est pas acceptée : {quoi}"
    )
