"""OBR, ZDS and IPC of an ORU message: the exam, when it was, who read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xds.codes import profile
from xds.content import MODALITIES, InstanceId, TextAuthor, dtm_of
from xds.hl7v2 import Component, Message, Segment, Value
from xds.model import Code, LocalizedString, ReferenceIdType, is_lenient_oid
from xds.source.fields import entity_identifier, oid_of, plain, said
from xds.source.findings import Finding
from xds.source.settings import Sender

_LOINC_NAMES: Final = frozenset({"LN", "LOINC"})
_CONFIDENTIALITY: Final = {
    "N": profile.NORMAL,
    "R": profile.RESTRICTED,
    "V": profile.VERY_RESTRICTED,
    "T": profile.VERY_RESTRICTED,  # not to be discussed with the patient except through the physician
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamSaid:
    """What the segments say of one exam."""

    accession: tuple[str, str | None] | None
    reference_ids: tuple[str, ...]
    procedure: Code | None  # the hospital's own code
    display: str
    modality: Code | None
    study_instance_uid: str | None
    confidentiality: Code
    author: TextAuthor | None
    start: str | None  # DTM, UTC
    stop: str | None
    written: str | None
    status: str  # OBR-25


class ExamReader:
    """Reads exams of one sender.

    Parameters
    ----------
    known
        Names of assigning authorities → OID.
    systems
        Names of coding systems → OID.
    """

    def __init__(
        self,
        sender: Sender,
        known: Mapping[str, str],
        systems: Mapping[str, str],
        findings: list[Finding],
    ) -> None:
        self._sender = sender
        self._known = known
        self._systems = systems
        self._findings = findings

    def read(
        self,
        message: Message,
        orders: Sequence[Segment],
        results: Sequence[Segment],
        observed_study: str | None,
    ) -> ExamSaid:
        """Read the OBRs of a report: the first says what it is, the others add their numbers.

        Parameters
        ----------
        results
            The OBX segments: OBX-16 names who read, where OBR-32 does not.
        observed_study
            The Study Instance UID of an OBX, for a message without ZDS and IPC.
        """
        first = orders[0]
        numbers = [self._accession(item) for item in orders]
        accessions = list(dict.fromkeys(item for item in numbers if item is not None))
        study_uid = _study_uid(message) or observed_study
        procedure, display = self._procedure(first)
        if not accessions:
            self._note(
                self._sender.accession_field,
                "no accession number is there",
                "send it: it links report and images",
            )
        elif accessions[0][1] is None:
            self._note(
                self._sender.accession_field,
                "the accession number has no issuer",
                "send its OID, or say accession_issuer in the settings",
            )
        return ExamSaid(
            accession=accessions[0] if accessions else None,
            reference_ids=tuple(self._references(orders, accessions, study_uid)),
            procedure=procedure,
            display=display,
            modality=_modality(message, first),
            study_instance_uid=study_uid,
            confidentiality=self._confidentiality(first),
            author=self._author(first, results),
            start=self._time(first, 7, "OBR-7", is_required=True),
            stop=self._time(first, 8, "OBR-8"),
            written=self._time(first, 22, "OBR-22") or self._time(message.header, 7, "MSH-7"),
            status=said(first, 25).upper(),
        )

    def _note(self, place: str, what: str, remedy: str, code: int = 101) -> None:
        self._findings.append(Finding(place=place, what=what, remedy=remedy, code=code))

    def _accession(self, order: Segment) -> tuple[str, str | None] | None:
        number = int(self._sender.accession_field.removeprefix("OBR-"))
        identity, issuer = entity_identifier(order, number, self._known)
        return (identity, issuer or self._sender.accession_issuer) if identity else None

    def _references(
        self,
        orders: Sequence[Segment],
        accessions: Sequence[tuple[str, str | None]],
        study_uid: str | None,
    ) -> list[str]:
        """The values of referenceIdList (ITI TF-3 4.2.3.2.28)."""
        placed = [entity_identifier(item, 2, self._known) for item in orders]
        numbers = [(ReferenceIdType.ACCESSION, *item) for item in accessions]
        numbers += [(ReferenceIdType.ORDER, *item) for item in placed if item[0]]
        found = [
            f"{number}^^^{f'&{issuer}&ISO' if issuer else ''}^{kind}" for kind, number, issuer in numbers
        ]
        if study_uid is not None:
            found.append(f"{study_uid}^^^^{ReferenceIdType.STUDY_INSTANCE_UID}")
        return list(dict.fromkeys(found))

    def _procedure(self, order: Segment) -> tuple[Code | None, str]:
        code, display, system = (said(order, 4, number) for number in (1, 2, 3))
        if not code:
            self._note("OBR-4", "the procedure has no code", "send code^text^system")
            return None, display
        scheme = profile.LOINC if system.upper() in _LOINC_NAMES else self._systems.get(system, system)
        if not is_lenient_oid(scheme):
            scheme = self._sender.code_system or ""
        if not scheme:
            self._note(
                "OBR-4.3",
                "the coding system of the procedure is not known",
                "send its OID, or name it under [code_systems] or as code_system of the sender",
                103,
            )
            return None, display or code
        name = (LocalizedString(value=display or code, lang=self._sender.language),)
        return Code(code=code, scheme=scheme, display=name), display or code

    def _confidentiality(self, order: Segment) -> Code:
        if self._sender.accession_field == "OBR-18":
            return profile.NORMAL
        word = said(order, 18).upper()
        if word == "T":
            self._note("OBR-18", "T has no code in the metadata", "V is registered: very restricted", 103)
        return _CONFIDENTIALITY.get(word, profile.NORMAL)

    def _author(self, order: Segment, results: Sequence[Segment]) -> TextAuthor | None:
        found = next(iter(order.values(32)), None)
        author = None if found is None else self._interpreter(found)
        if author is None:
            observers = (self._person(value) for item in results for value in item.values(16))
            author = next((item for item in observers if item is not None), None)
        if author is None:
            self._note(
                "OBR-32", "nobody is named who read the images", "send the principal result interpreter"
            )
        elif author.licence is None:
            self._note(
                "OBR-32",
                "who read the images has no licence number with its authority",
                "send id and authority, or say author_authority in the settings",
            )
        return author

    def _interpreter(self, value: Value) -> TextAuthor | None:
        """OBR-32 is an NDL whose first component is the person; many send an XCN instead."""
        person = value.component(1)
        if len(person.subcomponents) > 1:
            parts = [plain(person.sub(number)) for number in (1, 2, 3, 4, 6)]
            named = [person.sub(number) for number in (9, 10)]
            authority = next((item for item in named if is_lenient_oid(item)), None)
            return self._named(parts, authority or self._known.get(named[0]))
        return self._person(value)

    def _person(self, value: Value) -> TextAuthor | None:
        """An XCN."""
        parts = [plain(value.component(number).text) for number in (1, 2, 3, 4, 6)]
        authority: Component = value.component(9)
        return self._named(parts, oid_of(authority, self._known))

    def _named(self, parts: Sequence[str], authority: str | None) -> TextAuthor | None:
        number, family, given, middle, prefix = parts
        if not family:  # a number alone, or a name in the number's place
            return TextAuthor(family=number) if number and not number.isdigit() else None
        issuer = authority or self._sender.author_authority
        return TextAuthor(
            family=family,
            given=tuple(part for part in (given, middle) if part),
            prefix=prefix,
            licence=InstanceId(root=issuer, extension=number) if number and issuer else None,
        )

    def _time(self, segment: Segment, number: int, place: str, *, is_required: bool = False) -> str | None:
        text = said(segment, number)
        if not text:
            if is_required:
                self._note(place, "the time of the exam is missing", "send YYYYMMDDhhmmss±hhmm")
            return None
        found = dtm_of(text, self._sender.zone)
        if found is None:
            self._note(place, "the time cannot be read and is left out", "send YYYYMMDDhhmmss±hhmm", 102)
        return found


def _study_uid(message: Message) -> str | None:
    """ZDS-1 (IHE), else IPC-3 (HL7 v2.5.1)."""
    places = [(item, 1) for item in message.all("ZDS")] + [(item, 3) for item in message.all("IPC")]
    return next((uid for item, number in places if is_lenient_oid(uid := said(item, number))), None)


def _modality(message: Message, order: Segment) -> Code | None:
    """IPC-5, else OBR-24 where it holds a modality of DICOM and no other section of table 0074."""
    words = [*(said(item, 5) for item in message.all("IPC")), said(order, 24)]
    return next((found for word in words if (found := MODALITIES.get(word.upper()))), None)
