"""A submission of a plan as objects of the model: what the plan leaves out has values that are valid."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

from xds.conformance.names import Names
from xds.conformance.plan import Link, PlanError, SubmissionSpec
from xds.model import (
    Association,
    AssociationType,
    Author,
    Code,
    DocumentEntry,
    Folder,
    LocalizedString,
    Slot,
    Submission,
    SubmissionSet,
    SubmissionSetStatus,
)

T = TypeVar("T", DocumentEntry, SubmissionSet, Folder)

_ENTRY: Final[dict[str, Any]] = {
    "mime_type": "${code.mime_type}",
    "title": "Conformance report",
    "authors": ({"person": "${code.author_person}", "institutions": ["${code.author_institution}"]},),
    "class_code": "${code.class_code}",
    "type_code": "${code.type_code}",
    "format_code": "${code.format_code}",
    "healthcare_facility_type_code": "${code.facility_code}",
    "practice_setting_code": "${code.practice_code}",
    "confidentiality_codes": ("${code.confidentiality_code}",),
    "event_codes": ("${code.event_code}",),
    "creation_time": "20240311153000",
    "service_start_time": "20240311140500",
    "service_stop_time": "20240311142000",
    "language_code": "${code.language_code}",
    "source_patient_id": "MRN-71^^^&${code.source_authority}&ISO",
    "source_patient_info": ("PID-5|Sample^Amélie", "PID-7|19710304", "PID-8|F"),
}
_SET: Final[dict[str, Any]] = {
    "title": "Conformance submission",
    "authors": ({"person": "${code.author_person}", "institutions": ["${code.author_institution}"]},),
    "content_type_code": "${code.content_type_code}",
    "source_id": "${code.source_id}",
    "submission_time": "${now}",
}
_FOLDER: Final[dict[str, Any]] = {"title": "Conformance folder", "codes": ("${code.folder_code}",)}
_REGISTERED_AT: Final = "2.999.71.1"
"""repositoryUniqueId of entries that are registered without a repository (ITI-42 by the runner itself)."""

_CODES: Final = frozenset(
    {"class_code", "type_code", "format_code", "healthcare_facility_type_code", "practice_setting_code",
     "content_type_code", "documentation"}
)  # fmt: skip
_CODE_LISTS: Final = frozenset({"confidentiality_codes", "event_codes", "codes"})
_TEXTS: Final = frozenset({"title", "comments"})


def submission_of(spec: SubmissionSpec, names: Names, *, step: str, provided: bool) -> Submission:
    """Make a submission.

    Parameters
    ----------
    step
        The step's id: SubmissionSet and Associations that have no id of their own are named by it.
    provided
        For a repository (ITI-41): hash, size and repositoryUniqueId are its business then.
    """
    patient = names.text(spec.patient)
    set_id = names[f"uuid.{spec.set.get('id', f'{step}.set')}"]
    entries = tuple(_entry(table, names, patient, provided) for table in spec.documents)
    folders = tuple(_folder(table, names, patient) for table in spec.folders)
    the_set = {
        **_SET,
        "entry_uuid": set_id,
        "unique_id": f"${{oid.{spec.set.get('id', f'{step}.set')}}}",
        "patient_id": patient,
    }
    associations = _members(spec, names, step, set_id, entries, folders)
    return Submission(
        submission_sets=(_made(SubmissionSet, the_set, spec.set, names),),
        document_entries=entries,
        folders=folders,
        associations=associations,
    )


def _members(
    spec: SubmissionSpec,
    names: Names,
    step: str,
    set_id: str,
    entries: Sequence[DocumentEntry],
    folders: Sequence[Folder],
) -> tuple[Association, ...]:
    """What the SubmissionSet holds, and the Associations that the plan adds."""
    associations = [
        _member(names, f"{step}.m{number}", set_id, item.entry_uuid, SubmissionSetStatus.ORIGINAL)
        for number, item in enumerate(entries)
    ]
    associations += [
        _member(names, f"{step}.f{number}", set_id, item.entry_uuid, None)
        for number, item in enumerate(folders)
    ]
    associations += [
        _member(names, f"{step}.r{number}", set_id, names.text(target), SubmissionSetStatus.REFERENCE)
        for number, target in enumerate(spec.references)
    ]
    for number, link in enumerate(spec.associations):
        made = _link(link, names, f"{step}.a{number}")
        associations.append(made)
        if link.in_set:
            associations.append(_member(names, f"{step}.s{number}", set_id, made.entry_uuid, None))
    return tuple(associations)


def _entry(table: Mapping[str, Any], names: Names, patient: str, provided: bool) -> DocumentEntry:
    name = table["id"]
    own = {"entry_uuid": f"${{uuid.{name}}}", "unique_id": f"${{oid.{name}}}", "patient_id": patient}
    if not provided:
        own |= {
            "hash": f"${{sha1.{name}}}",
            "size": f"${{size.{name}}}",
            "repository_unique_id": _REGISTERED_AT,
        }
    return _made(DocumentEntry, {**_ENTRY, **own}, table, names)


def _folder(table: Mapping[str, Any], names: Names, patient: str) -> Folder:
    name = table["id"]
    own = {"entry_uuid": f"${{uuid.{name}}}", "unique_id": f"${{oid.{name}}}", "patient_id": patient}
    return _made(Folder, {**_FOLDER, **own}, table, names)


def _made(kind: type[T], defaults: Mapping[str, Any], table: Mapping[str, Any], names: Names) -> T:
    allowed = {item.name for item in fields(kind)}
    without = frozenset(table.get("without", ()))
    given = {key: value for key, value in {**defaults, **table}.items() if key in allowed - without}
    return kind(**{key: _value(key, names.all(value)) for key, value in given.items()})


def _value(key: str, value: Any) -> Any:
    if key in _CODES:
        return code_of(value)
    if key in _CODE_LISTS:
        return tuple(code_of(item) for item in value)
    if key in _TEXTS:
        return (LocalizedString(value=value, lang="en-CA"),)
    if key == "authors":
        return tuple(Author(**item) for item in value)
    if key == "extra_slots":
        return tuple(Slot(name=name, values=values) for name, values in value.items())
    return value


def code_of(value: str) -> Code:
    """Read ``code^^scheme``; the code is its own display name.

    Raises
    ------
    PlanError
        The text has another form.
    """
    code, parted, scheme = value.partition("^^")
    if not parted:
        raise PlanError(f"{value} is no code; write code^^scheme")
    return Code(code=code, scheme=scheme, display=(LocalizedString(value=code),))


def _member(
    names: Names, name: str, source: str, target: str, status: SubmissionSetStatus | None
) -> Association:
    return Association(
        entry_uuid=names[f"uuid.{name}"],
        association_type=AssociationType.HAS_MEMBER.value,
        source=source,
        target=target,
        submission_set_status=status.value if status else None,
    )


def _link(link: Link, names: Names, name: str) -> Association:
    is_urn = link.type.startswith("urn:")
    return Association(
        entry_uuid=names[f"uuid.{link.id or name}"],
        association_type=link.type if is_urn else names[f"urn.{link.type}"],
        source=names.text(link.source),
        target=names.text(link.target),
        documentation=code_of(names.text(link.documentation)) if link.documentation else None,
        extra_slots=tuple(Slot(name=key, values=names.all(values)) for key, values in link.slots.items()),
    )
