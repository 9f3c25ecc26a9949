"""Rules of ITI-42 on sizes: the limits of this registry, and in `strict` those of ebRIM (4.2.3.1.1)."""

from collections.abc import Iterator
from typing import Final

from xds.model import InternationalString, RegistryMetadataError
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.rule import Found, RuleBook
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-3 4.2.3.1.1", SUBMITTED)
_KEYS = (("patientId", "patient_id"), ("uniqueId", "unique_id"))


def _keys(case: RegistrationCase) -> Iterator[tuple[str, str, str]]:
    """The texts that the registry finds objects by."""
    for item in case.objects:
        for name, field in _KEYS:
            if value := getattr(item, field):
                yield item.entry_uuid, name, value
    for owner, name, code in case.coded:
        yield owner, name, code.code
        yield owner, name, code.scheme


def _texts(case: RegistrationCase) -> Iterator[tuple[str, str, InternationalString]]:
    """Every Name and Description."""
    for item in case.everything:
        yield item.entry_uuid, "title", item.title
        yield item.entry_uuid, "comments", item.comments
    for owner, name, code in case.coded:
        yield owner, name, code.display


@BOOK.rule(
    "42-value-limits",
    error=RegistryMetadataError,
    section="ours: a limit of this registry",
    title="Slots have no more and no longer values than the limits.",
    remedy="Shorten or divide the values",
    essential=True,
)
def value_limits(case: RegistrationCase) -> Iterator[Found]:
    """Number of values of a Slot, characters of a value; Names and Descriptions count as values."""
    most, longest = case.policy.max_slot_values, case.policy.max_value_length
    for owner, name, values in case.values:
        if len(values) > most:
            yield f"{owner} {name}", f"{len(values)} values found, at most {most} are taken"
        for value in values:
            if len(value) > longest:
                yield f"{owner} {name}", f"A value has {len(value)} characters, at most {longest} are taken"
                break
    for owner, name, strings in _texts(case):
        for text in strings:
            if len(text.value) > longest:
                yield (
                    f"{owner} {name}",
                    f"A text has {len(text.value)} characters, at most {longest} are taken",
                )
                break


@BOOK.rule(
    "42-key-length",
    error=RegistryMetadataError,
    title="Codes, coding schemes, patientId and uniqueId have at most 256 characters.",
    remedy="Send the identifier itself; what does not fit into 256 characters of ebRIM is none",
    essential=True,
)
def key_length(case: RegistrationCase) -> Iterator[Found]:
    """The registry finds objects by them: an index does not hold longer ones."""
    for owner, name, value in _keys(case):
        if len(value) > 256:
            yield f"{owner} {name}", f"{name} has {len(value)} characters"


@BOOK.rule(
    "42-value-length-256",
    error=RegistryMetadataError,
    title="A value has at most 256 characters.",
    remedy="Shorten the value to the 256 characters of ebRIM",
    strict_only=True,
)
def value_length(case: RegistrationCase) -> Iterator[Found]:
    """The sizes of rim.xsd; in `field` longer values are stored as they are."""
    for owner, name, values in case.values:
        for value in values:
            if len(value) > 256:
                yield f"{owner} {name}", f"A value has {len(value)} characters"
                break


@BOOK.rule(
    "42-slot-name-length",
    error=RegistryMetadataError,
    title="The name of a Slot has at most 256 characters.",
    remedy="Shorten the name to the 256 characters of ebRIM",
    strict_only=True,
)
def slot_name_length(case: RegistrationCase) -> Iterator[Found]:
    """Of Slots that the standard does not define."""
    for item in case.everything:
        for slot in item.extra_slots:
            if len(slot.name) > 256:
                yield f"{item.entry_uuid} {quoted(slot.name)}", f"The name has {len(slot.name)} characters"


@BOOK.rule(
    "42-text-length-1024",
    error=RegistryMetadataError,
    title="A text has at most 1024 characters.",
    remedy="Shorten the text to the 1024 characters of ebRIM",
    strict_only=True,
)
def text_length(case: RegistrationCase) -> Iterator[Found]:
    """Comments and display names; titles have a shorter limit of their own."""
    for owner, name, strings in _texts(case):
        for text in strings:
            if len(text.value) > 1024 and name != "title":
                yield f"{owner} {name}", f"A text has {len(text.value)} characters"
                break


_TITLES: Final = (("document_entries", 127), ("submission_sets", 255), ("folders", 256))


@BOOK.rule(
    "42-title-length",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.24, 4.2.3.3.11, 4.2.3.4.8",
    title="A title has at most 127 characters on an entry, 255 on a SubmissionSet, 256 on a Folder.",
    remedy="Shorten the title",
    strict_only=True,
)
def title_length(case: RegistrationCase) -> Iterator[Found]:
    """In `field` longer titles are stored as they are. A title may hold a name: only its length is said."""
    for field, longest in _TITLES:
        for item in getattr(case.submission, field):
            for text in item.title:
                if len(text.value) > longest:
                    what = f"The title has {len(text.value)} characters, {longest} are allowed"
                    yield f"{item.entry_uuid} title", what
                    break
