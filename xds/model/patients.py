"""Who a patient is, as identity feeds and submissions tell it (ITI TF-2 3.8, 3.44; TF-3 4.2.3.2.23)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from xds.model.data_types import is_dtm, parse_patient_id

_ESCAPE: Final = re.compile(r"\\([FSTRE])\\")
_UNESCAPED: Final = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientName:
    """A person's name (HL7 v2 XPN)."""

    family: str | None = None  # XPN.1.1
    given: tuple[str, ...] = ()  # XPN.2, and each further one of XPN.3
    prefix: str | None = None  # XPN.5
    suffix: str | None = None  # XPN.4


NO_NAME: Final = PatientName()


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRecord:
    """A patient of the affinity domain.

    An attribute that is None (or a name without any part) was not told: what is known already stays. An empty text
    says that it is to be forgotten (HL7 v2 writes ``""``).
    """

    identifiers: tuple[str, ...]  # CX; the first is the affinity domain's id, the others whoever's
    name: PatientName = NO_NAME
    birth_date: str | None = None  # DTM, mostly YYYYMMDD
    sex: str | None = None  # HL7 table 0001: F, M, O, U, A, N

    @property
    def patient_id(self) -> str:
        """DocumentEntry.patientId: the affinity domain's id."""
        return self.identifiers[0]

    @property
    def says_something(self) -> bool:
        """Whether more is known than the id."""
        return (
            len(self.identifiers) > 1
            or self.name != NO_NAME
            or self.birth_date is not None
            or self.sex is not None
        )


def canonical_identifier(text: str) -> str:
    """Return a CX without the namespace id that its OID makes superfluous; others as they are.

    >>> canonical_identifier("4471^^^LAKEVIEW&2.999.18.1&ISO"), canonical_identifier("4471^^^LAKEVIEW")
    ('4471^^^&2.999.18.1&ISO', '4471^^^LAKEVIEW')
    """
    parsed = parse_patient_id(text)
    return text if parsed is None else str(parsed)


def read_name(xpn: str) -> PatientName:
    r"""Read a name as PID-5 writes it with the usual separators (HL7 v2 XPN).

    >>> read_name("O\\T\\Neil&van^Mary^Kate Ann^Jr^Dr").given
    ('Mary', 'Kate', 'Ann')
    """
    family, given, further, suffix, prefix, *_ = (*xpn.split("^"), "", "", "", "", "")
    return PatientName(
        family=_unescaped(family.partition("&")[0]) or None,
        given=tuple(_unescaped(part) for part in (given, *further.split()) if part),
        prefix=_unescaped(prefix) or None,
        suffix=_unescaped(suffix) or None,
    )


def record_of_source(
    patient_id: str, source_patient_id: str | None, source_patient_info: Iterable[str]
) -> PatientRecord:
    """Return what a DocumentEntry tells of its patient, who may be unknown to any feed.

    Parameters
    ----------
    patient_id
        Of the affinity domain.
    source_patient_info
        Values ``PID-n|…`` (ITI TF-3 4.2.3.2.23).
    """
    fields = {name: value for name, _, value in (item.partition("|") for item in source_patient_info)}
    others = [*(fields.get("PID-3") or "").split("~"), source_patient_id or ""]
    birth_date = fields.get("PID-7") or ""
    known = dict.fromkeys(
        canonical_identifier(item.strip()) for item in (patient_id, *others) if item.strip()
    )
    return PatientRecord(
        identifiers=tuple(known),
        name=read_name((fields.get("PID-5") or "").partition("~")[0]),
        birth_date=birth_date if is_dtm(birth_date) else None,
        sex=fields.get("PID-8") or None,
    )


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda match: _UNESCAPED[match[1]], text).strip()
