"""Hypothesis strategies for every object of the model: odd texts, several languages, extra everything.

What they make can be sent: no character that XML 1.0 forbids, every object with an id, no Slot name twice.
It need not be valid: times, codes and references are as odd as the texts.
"""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.samples.builders import PATIENT
from xds.model import (
    FOLDER_NODE,
    LIMITED_METADATA_NODES,
    ON_DEMAND,
    REFERENCE_ID_LIST,
    STABLE,
    SUBMISSION_SET_NODE,
    Association,
    AssociationType,
    Author,
    AvailabilityStatus,
    Classification,
    ClassificationScheme,
    Code,
    DocumentEntry,
    ExternalIdentifier,
    Folder,
    IdentificationScheme,
    LocalizedString,
    Slot,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
    new_uuid_urn,
)

_OWN_SLOTS = {
    REFERENCE_ID_LIST,
    "creationTime",
    "hash",
    "languageCode",
    "legalAuthenticator",
    "repositoryUniqueId",
    "serviceStartTime",
    "serviceStopTime",
    "size",
    "sourcePatientId",
    "sourcePatientInfo",
    "URI",
    "documentAvailability",
    "submissionTime",
    "intendedRecipient",
    "lastUpdateTime",
    "SubmissionSetStatus",
    "codingScheme",
    "authorPerson",
    "authorInstitution",
    "authorRole",
    "authorSpecialty",
    "authorTelecommunication",
}
"""Slots that are attributes and therefore no extra ones."""

_OWN_SCHEMES = frozenset(ClassificationScheme) | frozenset(IdentificationScheme)
_OWN_NODES = LIMITED_METADATA_NODES | {SUBMISSION_SET_NODE, FOLDER_NODE}

_XML_CHARACTERS = st.characters(
    exclude_categories=("Cs",),
    exclude_characters=[chr(c) for c in range(32) if c not in (9, 10, 13)] + ["\ufffe", "\uffff"],
)
_ODD = st.sampled_from(
    [
        "",
        "Lu à l'urgence",
        "日本語 レポート",
        "a < b && c > d",
        'it\'s "quoted"',
        "\\F\\ \\S\\ \\T\\ \\R\\ \\E\\",
        "^~\\&|",
        "line\nfeed\r\nand\ttab",
        " spaces around ",
        "100 % of a_b",
        "]]>",
        "\U0001fa7b",
        "e\u0301",
        "שלום",
    ]
)


@cache
def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Any text that XML 1.0 can carry, the odd ones often."""
    return st.one_of(_ODD, st.text(_XML_CHARACTERS, max_size=max_size))


@cache
def stripped() -> st.SearchStrategy[str]:
    """Text without space at its ends: what single Slots hold."""
    return texts().map(str.strip)


@cache
def ids() -> st.SearchStrategy[str]:
    """Symbolic ids and UUIDs, never empty."""
    return st.one_of(
        st.builds(new_uuid_urn),
        st.integers(1, 99).map("Object{:02}".format),
        stripped().filter(bool),
    )


@cache
def times() -> st.SearchStrategy[str]:
    """DTMs of every precision."""
    full = st.datetimes().map(lambda moment: moment.isoformat()[:19])
    digits = full.map(lambda moment: "".join(c for c in moment if c.isdigit()))
    return st.tuples(digits, st.sampled_from((4, 6, 8, 10, 12, 14))).map(lambda pair: pair[0][: pair[1]])


def tuples(items: st.SearchStrategy[Any], max_size: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """Short tuples of `items`."""
    return st.lists(items, max_size=max_size).map(tuple)


def optional(items: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """An attribute that may be absent."""
    return st.one_of(st.none(), items)


@cache
def localized_strings() -> st.SearchStrategy[LocalizedString]:
    """One language's text."""
    return st.builds(
        LocalizedString,
        value=texts(),
        lang=st.sampled_from([None, "en-CA", "fr-CA", "cr", "zh-Hant"]),
        charset=st.sampled_from([None, "UTF-8"]),
    )


@cache
def names() -> st.SearchStrategy[tuple[LocalizedString, ...]]:
    """A Name or Description in none to three languages."""
    return tuples(localized_strings())


@cache
def extra_slots() -> st.SearchStrategy[tuple[Slot, ...]]:
    """Slots that the standard does not define, each name once."""
    slot_names = st.one_of(st.just("urn:oid:2.999.8.1:priority"), texts()).filter(
        lambda name: bool(name) and name not in _OWN_SLOTS
    )
    slots = st.builds(Slot, name=slot_names, values=tuples(texts()))
    return st.lists(slots, max_size=2, unique_by=lambda item: item.name).map(tuple)


@cache
def codes() -> st.SearchStrategy[Code]:
    """A coded value with anything in it."""
    return st.builds(
        Code,
        code=st.one_of(st.sampled_from(["CT", "18748-4"]), texts()),
        scheme=st.one_of(st.just("2.16.840.1.113883.6.1"), texts()),
        display=names(),
        extra_slots=extra_slots(),
    )


@cache
def authors() -> st.SearchStrategy[Author]:
    """An author with any of its parts."""
    return st.builds(
        Author,
        person=optional(texts()),
        institutions=tuples(texts()),
        roles=tuples(texts()),
        specialties=tuples(texts()),
        telecommunications=tuples(texts()),
        extra_slots=extra_slots(),
        name=names(),
    )


@cache
def extra_classifications() -> st.SearchStrategy[tuple[Classification, ...]]:
    """Classifications of schemes and nodes that the standard does not define."""
    item = st.builds(
        Classification,
        scheme=optional(texts().filter(lambda value: value not in _OWN_SCHEMES)),
        node=optional(texts().filter(lambda value: value not in _OWN_NODES)),
        node_representation=optional(texts()),
        slots=extra_slots(),
        name=names(),
        description=names(),
    )
    return tuples(item, 1)


@cache
def extra_identifiers() -> st.SearchStrategy[tuple[ExternalIdentifier, ...]]:
    """ExternalIdentifiers of schemes that the standard does not define."""
    item = st.builds(
        ExternalIdentifier,
        scheme=texts().filter(lambda value: value not in _OWN_SCHEMES),
        value=texts(),
        slots=extra_slots(),
        name=names(),
    )
    return tuples(item, 1)


@cache
def patient_ids() -> st.SearchStrategy[str]:
    """Right, with a namespace id, and wrong."""
    return st.one_of(
        st.sampled_from([PATIENT, "P1001^^^HOSP&2.999.1.1&ISO", "P1001", "P^^&2.999&ISO"]), texts()
    )


@cache
def _common() -> dict[str, st.SearchStrategy[Any]]:
    return {
        "entry_uuid": ids(),
        "availability_status": st.sampled_from(AvailabilityStatus),
        "home_community_id": optional(st.one_of(st.just("urn:oid:2.999.40.1"), texts())),
        "title": names(),
        "comments": names(),
        "patient_id": optional(patient_ids()),
        "unique_id": optional(st.one_of(st.just("2.999.4.1.1"), texts())),
        "limited_metadata": st.booleans(),
        "extra_slots": extra_slots(),
        "extra_classifications": extra_classifications(),
        "extra_identifiers": extra_identifiers(),
    }


def _versioned(fields: dict[str, Any]) -> dict[str, Any]:
    """VersionInfo is sent together with lid only."""
    return fields if fields["logical_id"] is not None else fields | {"version": 1}


@cache
def document_entries() -> st.SearchStrategy[DocumentEntry]:
    """Any DocumentEntry that can be sent."""
    code = st.one_of(st.none(), codes())
    slot_text, time = optional(stripped()), optional(st.one_of(times(), stripped()))
    fields = st.fixed_dictionaries(
        _common()
        | {
            "object_type": st.one_of(st.sampled_from([STABLE, ON_DEMAND]), texts()),
            "mime_type": st.one_of(st.sampled_from(["text/xml", "application/pdf"]), texts()),
            "logical_id": optional(ids()),
            "version": st.integers(1, 9),
            "authors": tuples(authors(), 2),
            "class_code": code,
            "type_code": code,
            "format_code": code,
            "healthcare_facility_type_code": code,
            "practice_setting_code": code,
            "confidentiality_codes": tuples(codes(), 2),
            "event_codes": tuples(codes(), 2),
            "creation_time": time,
            "service_start_time": time,
            "service_stop_time": time,
            "hash": optional(st.text("0123456789abcdef", max_size=40)),
            "size": optional(st.one_of(st.integers(0, 2**64).map(str), stripped())),
            "language_code": slot_text,
            "legal_authenticator": optional(texts()),
            "repository_unique_id": slot_text,
            "source_patient_id": optional(patient_ids().map(str.strip)),
            "source_patient_info": tuples(st.one_of(st.sampled_from(["PID-7|1971", "PID-8|F~M"]), texts())),
            "reference_ids": tuples(texts()),
            "uri": optional(texts()),
            "document_availability": slot_text,
        }
    )
    return fields.map(lambda values: DocumentEntry(**_versioned(values)))


@cache
def submission_sets() -> st.SearchStrategy[SubmissionSet]:
    """Any SubmissionSet that can be sent."""
    fields = st.fixed_dictionaries(
        _common()
        | {
            "authors": tuples(authors(), 2),
            "content_type_code": st.one_of(st.none(), codes()),
            "source_id": optional(texts()),
            "submission_time": optional(st.one_of(times(), stripped())),
            "intended_recipients": tuples(texts()),
        }
    )
    return fields.map(lambda values: SubmissionSet(**values))


@cache
def folders() -> st.SearchStrategy[Folder]:
    """Any Folder that can be sent."""
    fields = st.fixed_dictionaries(
        _common()
        | {
            "logical_id": optional(ids()),
            "version": st.integers(1, 9),
            "codes": tuples(codes(), 2),
            "last_update_time": optional(st.one_of(times(), stripped())),
        }
    )
    return fields.map(lambda values: Folder(**_versioned(values)))


def associations(ends: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Association]:
    """Any association that can be sent, between `ends` or anything."""
    end = ids() if ends is None else st.one_of(ends, ids())
    short = {item.value.rpartition(":")[2] for item in AssociationType}
    return st.builds(
        Association,
        entry_uuid=ids(),
        association_type=st.one_of(
            st.sampled_from([item.value for item in AssociationType]),
            texts().filter(lambda value: value not in short),
        ),
        source=end,
        target=end,
        availability_status=st.sampled_from(AvailabilityStatus),
        home_community_id=optional(texts()),
        submission_set_status=optional(
            st.one_of(st.sampled_from([item.value for item in SubmissionSetStatus]), texts())
        ),
        documentation=st.one_of(st.none(), codes()),
        title=names(),
        comments=names(),
        extra_slots=extra_slots(),
        extra_classifications=extra_classifications(),
    )


@st.composite
def submissions(draw: st.DrawFn) -> Submission:
    """Any submission that can be sent: none to two of each kind of object, and associations between them."""
    sets = draw(tuples(submission_sets()))
    entries = draw(tuples(document_entries()))
    new_folders = draw(tuples(folders()))
    known = [item.entry_uuid for item in (*sets, *entries, *new_folders)]
    first = draw(tuples(associations(st.sampled_from(known) if known else None)))
    # Some point at associations: a SubmissionSet has a Folder's memberships as members.
    known += [item.entry_uuid for item in first]
    second = draw(tuples(associations(st.sampled_from(known) if known else None)))
    return Submission(
        submission_sets=sets,
        document_entries=entries,
        folders=new_folders,
        associations=first + second,
        object_refs=(),
    )
