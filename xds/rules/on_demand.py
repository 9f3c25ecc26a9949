"""The rules of ITI-61: those of ITI-42, save what an On-Demand entry does not have (ITI TF-2 3.61.4.1).

3.61.4.1.3: everything of 3.42.4.1.3.1 to .7 holds, except that of DocumentEntry.uniqueId.
"""

from collections.abc import Callable, Iterator
from typing import Final

from xds.model import ON_DEMAND, AssociationType, RegistryMetadataError
from xds.rules.case import RegistrationCase
from xds.rules.optionality import DOCUMENT_ENTRY
from xds.rules.registration import REGISTRATION
from xds.rules.rule import Found, Rule, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-2 3.61.4.1.2", ("ITI-61",))

_PROHIBITED: Final = {
    name: row.field
    for name, row in DOCUMENT_ENTRY.items()
    if row.optionality("OD") == "X" and row.optionality("DR") != "X"
}
"""creationTime, hash and size: attributes of a document that does not exist yet."""

_STABLE_ONLY: Final = frozenset(
    {
        "42-object-type",
        "42-snapshot",
        "42-non-identical-hash",
        "42-non-identical-size",
        "42-unique-id-on-demand",
        *(f"42-entry-{name}-required" for name in _PROHIBITED),
    }
)


@BOOK.rule(
    "61-entry",
    error=RegistryMetadataError,
    title="A submission of ITI-61 brings at least one DocumentEntry.",
    remedy="Add the On-Demand DocumentEntry; Folders and memberships alone are submitted by ITI-42",
    essential=True,
)
def entry(case: RegistrationCase) -> Iterator[Found]:
    """Of which kind it is, is another rule."""
    if not case.submission.document_entries:
        yield "SubmissionSet", "The submission has no DocumentEntry"


@BOOK.rule(
    "61-object-type",
    error=RegistryMetadataError,
    title="Every DocumentEntry of ITI-61 is On-Demand.",
    remedy=f"Send objectType {ON_DEMAND}; Stable entries are registered by ITI-42",
    essential=True,
)
def object_type(case: RegistrationCase) -> Iterator[Found]:
    """Stable entries and those of no known kind are refused alike."""
    for item in case.submission.document_entries:
        if item.object_type != ON_DEMAND:
            yield f"{item.entry_uuid} objectType", f"objectType is {quoted(item.object_type)}"


def _prohibits(field: str, name: str) -> Callable[[RegistrationCase], Iterator[Found]]:
    def prohibited(case: RegistrationCase) -> Iterator[Found]:
        for item in case.submission.document_entries:
            if getattr(item, field) is not None:
                yield f"{item.entry_uuid} {name}", f"{name} is there"

    return prohibited


for _name, _field in _PROHIBITED.items():
    BOOK.rule(
        f"61-entry-{_name}-prohibited",
        error=RegistryMetadataError,
        section="ITI TF-2 3.61.4.2.2, ITI TF-3 Table 4.3.1-3, column OD",
        title=f"An On-Demand entry has no {_name}.",
        remedy=f"Leave {_name} out: it is that of a document, which is made when it is retrieved",
        essential=True,
    )(_prohibits(_field, _name))


@BOOK.rule(
    "61-unique-id-stable",
    error=RegistryMetadataError,
    section="ITI TF-2 3.61.4.1.3",
    title="An On-Demand entry's uniqueId is that of no Stable entry.",
    remedy="Give the On-Demand entry a uniqueId of its own; it never names a document",
    essential=True,
)
def unique_id_stable(case: RegistrationCase) -> Iterator[Found]:
    """Another On-Demand entry may have the same."""
    for item in case.submission.document_entries:
        known = case.facts.documents.get(item.unique_id or "")
        if known is not None and not known.is_on_demand:
            yield (
                f"{item.entry_uuid} uniqueId",
                f"{item.unique_id} is the uniqueId of a registered Stable entry",
            )


@BOOK.rule(
    "61-snapshot",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.2.2.6",
    title="A submission of ITI-61 brings no snapshot.",
    remedy="Register the snapshot, a Stable entry, and its IsSnapshotOf by ITI-42",
    essential=True,
)
def snapshot(case: RegistrationCase) -> Iterator[Found]:
    """IsSnapshotOf goes from a Stable entry, which ITI-61 does not bring."""
    for item in case.relationships:
        if item.association_type == AssociationType.IS_SNAPSHOT_OF:
            yield f"{item.entry_uuid} associationType", "IsSnapshotOf needs a Stable entry as its source"


ON_DEMAND_ONLY: Final[tuple[Rule[RegistrationCase], ...]] = BOOK.rules
ON_DEMAND_REGISTRATION: Final[tuple[Rule[RegistrationCase], ...]] = (
    *ON_DEMAND_ONLY,
    *(rule for rule in REGISTRATION if rule.id not in _STABLE_ONLY),
)
