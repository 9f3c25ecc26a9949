"""The patient that a user's assertion is for, if it names one (resource-id, ITI TF-2 3.40.4.1.2.2.1)."""

from xds.access.caller import AccessContext
from xds.model import parse_patient_id


def speaks_of(user: AccessContext | None, patient_id: str | None) -> bool:
    """Tell whether a user may ask about a patient: about any when their assertion names none.

    Ids are compared as the registry keeps them, ``id^^^&oid&ISO``; what merges made of them is the registry's to know.
    """
    if user is None or user.resource_id is None:
        return True
    return patient_id is not None and _kept(patient_id) == _kept(user.resource_id)


def _kept(patient_id: str) -> str:
    parsed = parse_patient_id(patient_id)
    return patient_id if parsed is None else str(parsed)
