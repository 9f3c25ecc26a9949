"""Why the patient store refuses; no sentence here holds a patient's id or name."""

from typing import Literal

Role = Literal["patient", "subsumed", "survivor"]
"""Which identifier of a request is meant."""

_WORDS: dict[str, str] = {
    "patient": "the patient id",
    "subsumed": "the subsumed patient id",
    "survivor": "the surviving patient id",
}


class PatientError(Exception):
    """Nothing was changed; one sentence that says why and how to mend it."""


class InvalidPatientId(PatientError):
    """An identifier that is no ``id^^^&oid&ISO``."""

    def __init__(self, role: Role = "patient") -> None:
        super().__init__(f"{_WORDS[role]} must have the form id^^^&oid&ISO")
        self.role = role


class UnknownPatient(PatientError):
    """An identifier that no feed, administrator or (where accepted) submission made known."""

    def __init__(self, role: Role = "patient") -> None:
        super().__init__(f"{_WORDS[role]} is not known here; admit it first")
        self.role = role


class MergedAway(PatientError):
    """An identifier that was merged into another and so is no longer in use."""

    def __init__(self, role: Role = "patient") -> None:
        super().__init__(f"{_WORDS[role]} was merged into another and is no longer in use")
        self.role = role


class SamePatient(PatientError):
    """Both identifiers of a merge are one."""

    def __init__(self) -> None:
        super().__init__("the subsumed and the surviving patient id are the same")


class NotMerged(PatientError):
    """There is nothing to undo."""

    def __init__(self) -> None:
        super().__init__("the patient id is not merged into another; there is nothing to undo")
