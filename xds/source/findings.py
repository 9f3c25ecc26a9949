"""What is wrong with a message: where, and how its sender mends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or missing; no value of the message stands in it."""

    place: str  # ``PID-3``
    what: str
    remedy: str
    is_error: bool = False  # an error keeps the report from being published
    code: int = 101  # HL7 table 0357, for the acknowledgement

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.remedy}"
