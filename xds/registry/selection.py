"""What a stored query selected, and the parameters that most queries read alike."""

from dataclasses import dataclass

from xds.model import AdhocQuery, parse_patient_id
from xds.store import FoundObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a query selected; more objects than its limit when it stopped on the way."""

    objects: list[FoundObject]
    patient_id: str | None = None  # when all objects are this patient's: nobody need look it up again
    unknown_patients: tuple[str, ...] = ()  # those of the ids asked for that the registry does not know


def patient_ids(query: AdhocQuery, parameter: str) -> tuple[str, ...]:
    """The patients that a parameter names, each once, as the registry keeps them."""
    parsed = ((sent, parse_patient_id(sent)) for sent in query.values(parameter) if sent)
    return tuple(dict.fromkeys(sent if patient is None else str(patient) for sent, patient in parsed))
