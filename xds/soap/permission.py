"""What a caller may not do, as a SOAP fault (ITI TF-2 3.40.4.1.3, WS-Security 1.1 section 12).

Who sent no assertion where one is needed broke a rule of the security header: ``wsse:InvalidSecurity``. Who proved to
be somebody without the right is told ``wsse:FailedAuthentication``, which WS-Security has for a token that "could not
be authenticated or authorized"; the standards name no other code.
"""

from collections.abc import Iterable
from typing import Final

from xds.access import Caller, Reason, speaks_of
from xds.access import Refusal as Denial
from xds.soap.faults import Phrase, SoapFault
from xds.soap.security import security_fault
from xds.wss import FaultCode, Refusal, Refused

ASSERTION_MISSING: Final = Refusal(
    id="assertion-missing",
    code=FaultCode.INVALID_SECURITY,
    en="{transaction} needs the assertion of a user here (ITI-40); send one in the wsse:Security header.",
    fr="{transaction} a besoin ici de l'assertion d'un utilisateur (ITI-40) ; envoyez-la dans l'en-tête wsse:Security.",
)
ATTRIBUTE_MISSING: Final = Refusal(
    id="assertion-attribute-missing",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="For {transaction} the user's assertion has to say more: {missing}.",
    fr="Pour {transaction}, l'assertion de l'utilisateur doit dire davantage : {missing}.",
)
NOT_ALLOWED: Final = Refusal(
    id="not-allowed",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="{transaction} is not allowed to this {who} by the policies of this service.",
    fr="{transaction} n'est pas permise à {who} par les politiques de ce service.",
)
OTHER_PATIENT: Final = Refusal(
    id="other-patient",
    code=FaultCode.FAILED_AUTHENTICATION,
    en="The user's assertion is for one patient (resource-id), and {transaction} is about another.",
    fr="L'assertion de l'utilisateur est pour un patient (resource-id), et {transaction} en concerne un autre.",
)
DENIALS: Final = frozenset(
    item.id for item in (ASSERTION_MISSING, ATTRIBUTE_MISSING, NOT_ALLOWED, OTHER_PATIENT)
)
"""Ids of the faults for what somebody may not do: nothing that they sent is false."""
_WHO: Final = {
    Reason.ROLE: Phrase("user's role", "ce rôle de l'utilisateur"),
    Reason.ORGANIZATION: Phrase("user's organization", "cette organisation de l'utilisateur"),
    Reason.PURPOSE: Phrase("purpose of use", "cette finalité"),
    Reason.PARTNER: Phrase("sender", "cet expéditeur"),
}


def access_fault(transaction: str, denial: Denial) -> SoapFault:
    """Return the fault of a request that policy does not allow."""
    if denial.reason is Reason.ASSERTION_MISSING:
        refused = Refused(ASSERTION_MISSING, transaction=transaction)
    elif denial.reason is Reason.ATTRIBUTE_MISSING:
        missing = ", ".join(item.value for item in denial.missing)
        refused = Refused(ATTRIBUTE_MISSING, transaction=transaction, missing=missing)
    else:
        refused = Refused(
            NOT_ALLOWED, detail=denial.reason.value, transaction=transaction, who=_WHO[denial.reason]
        )
    return security_fault(refused)


def require_patients(transaction: str, caller: Caller, patient_ids: Iterable[str | None]) -> None:
    """Refuse a request that is about another patient than its user's assertion.

    Raises
    ------
    SoapFault
    """
    if not all(speaks_of(caller.user, item) for item in patient_ids):
        raise security_fault(Refused(OTHER_PATIENT, transaction=transaction))
