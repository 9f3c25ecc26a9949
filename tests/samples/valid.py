"""Random submissions that keep every rule of the standard, and the registry that they are sent to."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.samples.builders import (
    PATIENT,
    REGISTERED_ENTRY,
    REGISTERED_FOLDER,
    association,
    by_reference,
    facts,
    has_member,
    original,
    registered,
)
from tests.samples.strategies import stripped, tuples
from xds.model import (
    EMPTY_SHA1,
    ON_DEMAND,
    RELATIONSHIPS,
    Association,
    AssociationType,
    Author,
    Code,
    DocumentEntry,
    Folder,
    LocalizedString,
    ObjectKind,
    ReferenceIdType,
    RegistryFacts,
    Slot,
    Submission,
    SubmissionSet,
)

ON_DEMAND_ENTRY = "urn:uuid:3f0c7c52-6a1e-4d0b-9a57-2b8e5f0a1102"
REGISTRY = facts(
    (
        registered(),
        registered(ON_DEMAND_ENTRY, object_type=ON_DEMAND),
        registered(REGISTERED_FOLDER, ObjectKind.FOLDER),
    )
)
"""What the submissions may refer to."""


@cache
def _words(max_size: int = 20) -> st.SearchStrategy[str]:
    """Text that is not empty and holds no separator of HL7."""
    letters = st.characters(categories=("Lu", "Ll", "Nd"), include_characters=" -'é")
    return st.text(letters, min_size=1, max_size=max_size).map(lambda text: text.strip() or "x")


def _ids(symbolic: str) -> st.SearchStrategy[str]:
    return st.one_of(st.just(symbolic), st.uuids(version=4).map("urn:uuid:{}".format))


@cache
def _oids() -> st.SearchStrategy[str]:
    return st.lists(st.integers(0, 10**9), min_size=1, max_size=4).map(
        lambda arcs: "2.999." + ".".join(map(str, arcs))
    )


@cache
def _times() -> st.SearchStrategy[str]:
    digits = st.datetimes().map(lambda moment: "".join(c for c in moment.isoformat()[:19] if c.isdigit()))
    return st.tuples(digits, st.sampled_from((4, 6, 8, 10, 12, 14))).map(lambda pair: pair[0][: pair[1]])


@cache
def _service_times() -> st.SearchStrategy[tuple[str | None, str | None]]:
    """Start and end in their order, either of them absent at times."""
    both = st.lists(_times(), min_size=2, max_size=2).map(
        lambda pair: sorted(pair, key=lambda text: text.ljust(14, "0"))
    )
    return st.tuples(both, st.booleans(), st.booleans()).map(
        lambda drawn: (drawn[0][0] if drawn[1] else None, drawn[0][1] if drawn[2] else None)
    ).filter(lambda pair: not all(pair) or _in_order(*pair))  # type: ignore[arg-type]  # fmt: skip


def _in_order(start: str, stop: str) -> bool:
    both = min(len(start), len(stop))
    return start[:both] <= stop[:both]


@cache
def _names(longest: int, min_size: int = 0) -> st.SearchStrategy[tuple[LocalizedString, ...]]:
    text = st.builds(
        LocalizedString,
        value=_words(longest),
        lang=st.sampled_from([None, "en-CA", "fr-CA", "cr"]),
    )
    return st.lists(text, min_size=min_size, max_size=2).map(tuple)


@cache
def _codes() -> st.SearchStrategy[Code]:
    return st.builds(Code, code=_words(), scheme=_oids(), display=_names(60, 1))


@cache
def _persons() -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{}^{}^{}^^^^^^&{}&ISO".format, _words(), _words(), _words(), _oids()),
        st.builds("^{}^{}^^^".format, _words(), _words()),
        _oids(),
    )


@cache
def _organizations() -> st.SearchStrategy[str]:
    return st.one_of(
        _words(),
        st.builds("{}^^^^^^^^^{}".format, _words(), _oids()),
        st.builds("{}^^^^^&{}&ISO^^^^{}".format, _words(), _oids(), _words()),
    )


@cache
def _telecommunications() -> st.SearchStrategy[str]:
    return st.sampled_from(
        ["^^Internet^desk@lakeview.example", "^NET^Internet^a@b.example", "^WPN^PH^^1^705^5550100"]
    )


@cache
def _authors() -> st.SearchStrategy[tuple[Author, ...]]:
    author = st.builds(
        Author,
        person=st.one_of(st.none(), _persons()),
        institutions=tuples(_organizations()),
        roles=tuples(_words()),
        specialties=tuples(_words()),
        telecommunications=tuples(_telecommunications()),
    )
    return tuples(author.filter(lambda one: one.person or one.institutions or one.telecommunications))


@cache
def _reference_ids() -> st.SearchStrategy[tuple[str, ...]]:
    kinds = [kind for kind in ReferenceIdType if "2013:accession" in kind or "referral" in kind]
    local = st.builds("{}^^^&{}&ISO^{}".format, _words(), _oids(), st.sampled_from(kinds))
    study = _oids().map(lambda oid: f"{oid}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}")
    return tuples(st.one_of(local, study))


@cache
def _patient_info() -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(
        st.sampled_from(
            ["PID-3|1^^^&2.999.1&ISO~2^^^&2.999.1&ISO", "PID-5|Sample^Amélie", "PID-7|1971", "PID-8|F"]
        ),
        unique=True,
        max_size=4,
    ).map(tuple)


@cache
def _extra_slots() -> st.SearchStrategy[tuple[Slot, ...]]:
    slot = st.builds(Slot, name=_oids().map("urn:oid:{}:more".format), values=tuples(stripped()))
    return st.lists(slot, max_size=2, unique_by=lambda item: item.name).map(tuple)


@st.composite
def _entry(draw: st.DrawFn, number: int) -> DocumentEntry:
    start, stop = draw(_service_times())
    digest = draw(
        st.text("0123456789abcdef", min_size=40, max_size=40).filter(lambda text: text != EMPTY_SHA1)
    )
    size, digest = draw(st.sampled_from([("0", EMPTY_SHA1), (str(draw(st.integers(1, 2**40))), digest)]))
    entry_uuid = draw(_ids(f"Document{number:02}"))
    optional: dict[str, Any] = {
        "logical_id": entry_uuid if entry_uuid.startswith("urn:uuid:") and draw(st.booleans()) else None,
        "uri": draw(st.sampled_from([None, "DIR01/DOC00001.XML", "http://lakeview.example/a%20b?c=d"])),
        "legal_authenticator": draw(st.one_of(st.none(), _persons())),
    }
    return DocumentEntry(
        entry_uuid=entry_uuid,
        mime_type=draw(st.sampled_from(["text/xml", "application/pdf", "application/dicom"])),
        title=draw(_names(127)),
        comments=draw(_names(300)),
        authors=draw(_authors()),
        class_code=draw(_codes()),
        type_code=draw(_codes()),
        format_code=draw(_codes()),
        healthcare_facility_type_code=draw(_codes()),
        practice_setting_code=draw(_codes()),
        confidentiality_codes=draw(st.lists(_codes(), min_size=1, max_size=2).map(tuple)),
        event_codes=draw(tuples(_codes())),
        patient_id=PATIENT,
        unique_id=f"{draw(_oids())}.{number}",
        creation_time=draw(_times()),
        service_start_time=start,
        service_stop_time=stop,
        hash=digest,
        size=size,
        language_code=draw(st.sampled_from(["en-CA", "fr-CA", "en-us", "iu-Cans-CA"])),
        repository_unique_id=draw(_oids()),
        source_patient_id=f"{draw(st.integers(1, 10**9))}^^^&{draw(_oids())}&ISO",
        source_patient_info=draw(_patient_info()),
        reference_ids=draw(_reference_ids()),
        extra_slots=draw(_extra_slots()),
        **optional,
    )


@st.composite
def _folder(draw: st.DrawFn, number: int) -> Folder:
    return Folder(
        entry_uuid=draw(_ids(f"Folder{number:02}")),
        title=draw(_names(256, 1)),
        comments=draw(_names(300)),
        codes=draw(st.lists(_codes(), min_size=1, max_size=2).map(tuple)),
        patient_id=PATIENT,
        unique_id=f"2.999.6.{number}.{draw(st.integers(0, 10**9))}",
        extra_slots=draw(_extra_slots()),
    )


@st.composite
def _submission_set(draw: st.DrawFn) -> SubmissionSet:
    return SubmissionSet(
        entry_uuid=draw(_ids("SubmissionSet01")),
        title=draw(_names(255)),
        comments=draw(_names(300)),
        authors=draw(_authors()),
        content_type_code=draw(_codes()),
        patient_id=PATIENT,
        source_id=draw(_oids()),
        unique_id=f"2.999.5.{draw(st.integers(0, 10**9))}",
        submission_time=draw(_times()),
        intended_recipients=draw(
            tuples(
                st.one_of(
                    _organizations(),
                    st.builds("{}|{}".format, _organizations(), _persons()),
                    _telecommunications().map("||{}".format),
                )
            )
        ),
        extra_slots=draw(_extra_slots()),
    )


@st.composite
def valid_submissions(draw: st.DrawFn) -> tuple[Submission, RegistryFacts]:
    """A submission of none to three entries and none to two Folders, with every kind of association."""
    the_set = draw(_submission_set())
    entries = tuple(draw(_entry(number)) for number in range(1, draw(st.integers(0, 3)) + 1))
    folders = tuple(draw(_folder(number)) for number in range(1, draw(st.integers(0, 2)) + 1))
    links: list[Association] = []
    places = draw(
        st.lists(
            st.tuples(
                st.sampled_from([REGISTERED_FOLDER, *(item.entry_uuid for item in folders)]),
                st.sampled_from([REGISTERED_ENTRY, *(item.entry_uuid for item in entries)]),
            ),
            unique=True,
            min_size=0 if entries or folders else 1,
            max_size=3,
        )
    )
    for number, (folder, entry) in enumerate(places):
        member = has_member(folder, entry, entry_uuid=f"member{number}")
        links += (member, has_member(the_set.entry_uuid, member.entry_uuid, entry_uuid=f"of-set{number}"))
    if draw(st.booleans()):
        links.append(by_reference(REGISTERED_ENTRY, the_set.entry_uuid, entry_uuid="reference"))
    if entries and draw(st.booleans()):
        kind = draw(st.sampled_from(sorted(RELATIONSHIPS)))
        target = ON_DEMAND_ENTRY if kind is AssociationType.IS_SNAPSHOT_OF else REGISTERED_ENTRY
        why = draw(st.one_of(st.none(), _codes()))
        links.append(association(kind, entries[0].entry_uuid, target, entry_uuid="link", documentation=why))
    if len(entries) > 1 and draw(st.booleans()):
        kind = draw(st.sampled_from([AssociationType.APND, AssociationType.XFRM, AssociationType.SIGNS]))
        links.append(
            association(kind, entries[1].entry_uuid, entries[-1 if len(entries) > 2 else 0].entry_uuid)
        )
    owned = [original(item.entry_uuid, the_set.entry_uuid) for item in entries]
    owned += [has_member(the_set.entry_uuid, item.entry_uuid) for item in folders]
    made = Submission(
        submission_sets=(the_set,),
        document_entries=entries,
        folders=folders,
        associations=(*owned, *draw(st.permutations(links))),
    )
    return made, REGISTRY
