"""What a radiologist says of an exam, before the figures are filled in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One coherent reading. ``{mm}``, ``{size}`` (mm) and ``{side}`` are the same in all its parts."""

    indication: str
    findings: tuple[str, ...]
    impression: tuple[str, ...]
    needs_prior: bool = False  # it compares with an earlier exam


@dataclass(frozen=True, slots=True, kw_only=True)
class Repertoire:
    """How a procedure is done, and the readings to choose from."""

    technique: str
    scripts: tuple[Script, ...]
