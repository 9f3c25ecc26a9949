"""Whose images a study is of, and whether they may be given to who asks (security digest 6).

RAD-69, RAD-55 and RAD-107 name a study and no patient. A study is of the patients of the manifests that share it; what
no served manifest shares is refused as if it were not there, and so is what consent withholds.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from xds.access import Caller
from xds.store import SharedStudy

Withheld = Callable[[Mapping[str, str], Caller], frozenset[str]]
"""Which documents, uniqueId → patient id, may not be given to a caller."""


class StudyIndex(Protocol):
    """How manifests share studies (`xds.store.RepositoryStore`)."""

    def studies(self, study_uids: Iterable[str]) -> Sequence[SharedStudy]:
        """A row for each manifest of these studies, and each source that it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermittedStudy:
    """A study that may be given."""

    patients: tuple[str, ...]  # CX
    locations: tuple[str, ...]  # Retrieve Location UIDs that its manifests name


class ImageAccess:
    """Decides about studies."""

    def __init__(self, index: StudyIndex, withheld: Withheld) -> None:
        self._index = index
        self._withheld = withheld

    def permitted(self, study_uids: Iterable[str], caller: Caller) -> dict[str, PermittedStudy]:
        """Return those of the studies that may be given to a caller.

        A study that several manifests share is given only when none of them is withheld: a manifest of another patient
        that names a foreign study opens nothing.
        """
        rows = self._index.studies(dict.fromkeys(study_uids))
        by_study: dict[str, list[SharedStudy]] = {}
        for row in rows:
            by_study.setdefault(row.study_instance_uid, []).append(row)
        withheld = (
            self._withheld({row.unique_id: row.patient_id for row in rows}, caller) if rows else frozenset()
        )
        return {
            study: PermittedStudy(
                patients=tuple(dict.fromkeys(row.patient_id for row in found)),
                locations=tuple(
                    dict.fromkeys(row.retrieve_location_uid for row in found if row.retrieve_location_uid)
                ),
            )
            for study, found in by_study.items()
            if not any(row.unique_id in withheld for row in found)
        }
