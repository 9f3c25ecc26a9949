"""Every text of a submission whose length the sender chose: what limits of the registry and of ebRIM bound."""

from collections.abc import Iterable, Iterator
from typing import Final

from xds.model import Association, Author, Code, DocumentEntry, Folder, Slot, SubmissionSet
from xds.rules.wording import quoted

RegistryObject = DocumentEntry | SubmissionSet | Folder
"""The objects that have a patient, a uniqueId and attributes."""

Values = tuple[str, str, tuple[str, ...]]
"""Owner, attribute or Slot, and its values."""

_SINGLE: Final = {
    DocumentEntry: (
        ("mimeType", "mime_type"),
        ("sourcePatientId", "source_patient_id"),
        ("legalAuthenticator", "legal_authenticator"),
        ("languageCode", "language_code"),
        ("URI", "uri"),
        ("documentAvailability", "document_availability"),
    ),
    SubmissionSet: (),
    Folder: (),
}
_LISTS: Final = {
    DocumentEntry: (("sourcePatientInfo", "source_patient_info"), ("referenceIdList", "reference_ids")),
    SubmissionSet: (("intendedRecipient", "intended_recipients"),),
    Folder: (),
}


def text_values(
    everything: Iterable[RegistryObject | Association], coded: Iterable[tuple[str, str, Code]]
) -> Iterator[Values]:
    """Every rim:Value and attribute text that no stricter rule bounds: times, OIDs and hashes are bounded."""
    for item in everything:
        owner = item.entry_uuid
        if not isinstance(item, Association):
            yield from _attributes(owner, item)
        if item.extra_slots:
            yield from _slots(owner, item.extra_slots)
        for extra in item.extra_classifications:
            texts = (extra.scheme or "", extra.node or "", extra.node_representation or "")
            yield owner, "Classification", texts
            yield from _slots(owner, extra.slots)
    for owner, name, code in coded:
        if code.extra_slots:
            yield from _slots(f"{owner} {name}", code.extra_slots)


def _attributes(owner: str, item: RegistryObject) -> Iterator[Values]:
    for name, field in _SINGLE[type(item)]:
        if value := getattr(item, field):
            yield owner, name, (value,)
    for name, field in _LISTS[type(item)]:
        if values := getattr(item, field):
            yield owner, name, values
    if not isinstance(item, Folder):
        for author in item.authors:
            yield from _author(owner, author)
    for identifier in item.extra_identifiers:
        yield owner, quoted(identifier.scheme), (identifier.scheme, identifier.value)
        yield from _slots(owner, identifier.slots)


def _author(owner: str, author: Author) -> Iterator[Values]:
    if author.person:
        yield owner, "authorPerson", (author.person,)
    yield owner, "authorInstitution", author.institutions
    yield owner, "authorRole", author.roles
    yield owner, "authorSpecialty", author.specialties
    yield owner, "authorTelecommunication", author.telecommunications
    if author.extra_slots:
        yield from _slots(owner, author.extra_slots)


def _slots(owner: str, slots: tuple[Slot, ...]) -> Iterator[Values]:
    for slot in slots:
        yield owner, quoted(slot.name), slot.values
