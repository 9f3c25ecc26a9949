"""Rules of ITI-42 on attributes: what must be there (one rule per row of the table), and its data type."""

import re
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final

from xds.model import (
    ON_DEMAND,
    Author,
    Code,
    CodeKey,
    RegistryMetadataError,
)
from xds.rules.case import SUBMITTED, RegistrationCase
from xds.rules.nearest import hint, nearest_codes, nearest_texts
from xds.rules.optionality import DOCUMENT_ENTRY, FOLDER, SUBMISSION_SET, Attribute
from xds.rules.rule import Found, RuleBook
from xds.rules.values import RegistryObject
from xds.rules.wording import quoted

BOOK: Final[RuleBook[RegistrationCase]] = RuleBook("ITI TF-2 3.42.4.1.3.3", SUBMITTED)

_REMEDIES: Final = {
    "hash": "A repository adds the SHA-1 of the document before it registers (ITI-41)",
    "size": "A repository adds the number of octets before it registers (ITI-41)",
    "repositoryUniqueId": "A repository adds its own OID before it registers (ITI-41)",
    "sourcePatientId": "Send the patient's id at the source, as id^^^&oid&ISO",
    "patientId": "Send the patient's id in the affinity domain, as id^^^&oid&ISO",
    "creationTime": "Send when the document was created, in UTC, as YYYYMMDDhhmmss",
    "submissionTime": "Send when the submission was made, in UTC, as YYYYMMDDhhmmss",
    "languageCode": "Send the language of the document, such as en-CA",
}
_TOLERATED: Final = frozenset({"sourcePatientId"})
"""Required, but senders of limited metadata leave it out and nothing depends on it."""

Select = Callable[[RegistrationCase], tuple[RegistryObject, ...]]
_TABLES: Final[tuple[tuple[str, Mapping[str, Attribute], Select], ...]] = (
    ("entry", DOCUMENT_ENTRY, lambda case: case.submission.document_entries),
    ("submission-set", SUBMISSION_SET, lambda case: case.submission.submission_sets),
    ("folder", FOLDER, lambda case: case.submission.folders),
)


def _stable(case: RegistrationCase) -> tuple[RegistryObject, ...]:
    """An On-Demand entry, which ITI-57 may update, has no creationTime, hash and size (column OD)."""
    return tuple([item for item in case.submission.document_entries if item.object_type != ON_DEMAND])


def _requires(field: str, name: str, select: Select) -> Callable[[RegistrationCase], Iterator[Found]]:
    value_of = attrgetter(field)

    def required(case: RegistrationCase) -> Iterator[Found]:
        for item in select(case):
            if not value_of(item):
                yield f"{item.entry_uuid} {name}", f"{name} is missing"

    def required_text(case: RegistrationCase) -> Iterator[Found]:
        for item in select(case):
            if not any(text.value for text in value_of(item)):
                yield f"{item.entry_uuid} {name}", f"{name} is missing"

    return required_text if field == "title" else required


for _kind, _table, _select in _TABLES:
    for _name, _attribute in _table.items():
        # entryUUID: an object without id is found by the decoder, before there is an object.
        if _attribute.optionality("DR") == "R" and _name != "entryUUID":
            BOOK.rule(
                f"42-{_kind}-{_name}-required",
                error=RegistryMetadataError,
                section="ITI TF-3 Table 4.3.1-3, column DR",
                title=f"{_name} is there.",
                remedy=_REMEDIES.get(_name, f"Send {_name} with every {_kind.replace('-', ' ')}"),
                strict_only=_name in _TOLERATED,
                essential=_name in {"patientId", "uniqueId"},
            )(_requires(_attribute.field, _name, _stable if _attribute.optionality("OD") == "X" else _select))


_HINTS: Final = 10
"""Wrong codes of one message that are compared with the whole list: a sender cannot keep us at it."""
_MIME_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(\s*;.*)?")


@BOOK.rule(
    "42-mime-type",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.15",
    title="mimeType is a media type, and one of the affinity domain's.",
    remedy="Send the type of the document, such as application/pdf",
)
def mime_type(case: RegistrationCase) -> Iterator[Found]:
    """The domain's list counts if it has one (3.42.4.1.3.3.4)."""
    codes = case.policy.codes
    for entry in case.submission.document_entries:
        where, value = f"{entry.entry_uuid} mimeType", entry.mime_type
        if value and _MIME_TYPE.fullmatch(value) is None:
            yield where, f"{quoted(value)} is no media type"
        elif value and codes is not None and codes.mime_types is not None:
            bare = value.partition(";")[0].strip().lower()
            if bare not in codes.mime_types:
                near = hint(nearest_texts(bare, codes.mime_types))
                yield where, f"{quoted(value)} is not among the types of this affinity domain{near}"


@BOOK.rule(
    "42-codes",
    error=RegistryMetadataError,
    section="ITI TF-2 3.42.4.1.3.3.3",
    title="Codes are those of the affinity domain.",
    remedy="Send a code of the domain's list with its codingScheme; display names are free",
)
def codes(case: RegistrationCase) -> Iterator[Found]:
    """Only where the domain lists codes for the attribute. The first ones are told what is nearest to them.

    A code without a value or a scheme is reported by its decoder.
    """
    if case.policy.codes is None:
        return
    hints = _HINTS
    for owner, name, code in case.coded:
        listed = case.policy.codes.codes.get(name)
        if listed is not None and code.key not in listed and code.code and code.scheme:
            hints -= 1
            near = hint(map(_written, nearest_codes(code.key, listed))) if hints >= 0 else ""
            yield f"{owner} {name}", f"{quoted(str(code))} is not in the domain's list for {name}{near}"


def _written(key: CodeKey) -> str:
    return str(Code(code=key[0], scheme=key[1]))


@BOOK.rule(
    "42-author",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.1.4",
    title="An author has a person, an institution or a telecommunication.",
    remedy="Send authorPerson, authorInstitution or authorTelecommunication",
)
def author(case: RegistrationCase) -> Iterator[Found]:
    """Bare names and persons without an authority are taken."""
    for item in case.objects:
        authors: tuple[Author, ...] = getattr(item, "authors", ())
        for one in authors:
            if not one.person and not any(one.institutions) and not any(one.telecommunications):
                yield f"{item.entry_uuid} author", "An author is neither a person nor an institution"


_PID: Final = re.compile(r"PID-(\d+)\|(.*)", re.DOTALL)


@BOOK.rule(
    "42-source-patient-info",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.23",
    title="sourcePatientInfo holds PID fields, one PID-7 and one PID-8 at most.",
    remedy="Send each field as PID-<number>|<value>; PID-7 and PID-8 once",
)
def source_patient_info(case: RegistrationCase) -> Iterator[Found]:
    """Nothing of the value is repeated in the finding."""
    for entry in case.submission.document_entries:
        where = f"{entry.entry_uuid} sourcePatientInfo"
        single = {"7": 0, "8": 0}
        for position, value in enumerate(entry.source_patient_info, start=1):
            match = _PID.fullmatch(value.strip())
            if match is None:
                yield where, f"Value {position} does not begin with PID-<number>|"
            elif match[1] in single:
                single[match[1]] += 1 + match[2].count("~")
        for number, count in single.items():
            if count > 1:
                yield where, f"PID-{number} is there {count} times, once is allowed"


@BOOK.rule(
    "42-intended-recipient",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.3.7",
    title="intendedRecipient names an organisation, a person or a telecommunication.",
    remedy="Send organisation|person|telecommunication, parts without value left out",
)
def intended_recipient(case: RegistrationCase) -> Iterator[Found]:
    """Empty values name nobody."""
    for submission_set in case.submission.submission_sets:
        where = f"{submission_set.entry_uuid} intendedRecipient"
        for position, value in enumerate(submission_set.intended_recipients, start=1):
            if not value.strip("| "):
                yield where, f"Value {position} names nobody"
            elif value.count("|") > 2:
                yield where, f"Value {position} has {value.count('|') + 1} parts, 3 at most are defined"


_DISCOURAGED: Final = frozenset({"2", "4", "12", "19"})


@BOOK.rule(
    "42-source-patient-info-fields",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.23",
    title="sourcePatientInfo should be without PID-2, PID-4, PID-12 and PID-19.",
    remedy="Leave them out; identifiers of the patient stand in PID-3",
    strict_only=True,
    default_level="warning",
)
def source_patient_info_fields(case: RegistrationCase) -> Iterator[Found]:
    """They are stored all the same."""
    for entry in case.submission.document_entries:
        for value in entry.source_patient_info:
            match = _PID.fullmatch(value.strip())
            if match is not None and match[1] in _DISCOURAGED:
                yield f"{entry.entry_uuid} sourcePatientInfo", f"PID-{match[1]} is there"


_CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"


@BOOK.rule(
    "42-confidentiality-code",
    error=RegistryMetadataError,
    section="ITI TF-3 4.2.3.2.5",
    title="A document should have one confidentialityCode of HL7's scheme.",
    remedy=f"Send the highest of the codes of {_CONFIDENTIALITY}; codes of other schemes may stand beside it",
    strict_only=True,
    default_level="warning",
)
def confidentiality_code(case: RegistrationCase) -> Iterator[Found]:
    """Where HL7's Healthcare Classification System is used it is exactly one of U, L, M, N, R, V."""
    for entry in case.submission.document_entries:
        codes = [code.code for code in entry.confidentiality_codes if code.scheme == _CONFIDENTIALITY]
        if len(codes) > 1:
            yield f"{entry.entry_uuid} confidentialityCode", f"{len(codes)} codes of HL7's scheme found"
