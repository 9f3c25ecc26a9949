"""The shape of the seed, without any text: exams, their documents, and which are published together.

Everything is a constant; times are UTC. The order is the order of publishing: what is replaced or added to
stands before what does it.

Withdrawal: ITI-41 alone cannot deprecate a document and leave nothing. So a notice that says *withdrawn*
replaces the report (RPLC), which makes the report Deprecated; metadata update (ITI-57) and removal (ITI-62)
can do without the notice once they are there.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from xds.codes.profile import NORMAL, RESTRICTED, VERY_RESTRICTED
from xds.model import AssociationType, Code
from xds.sandbox.codes import PROCEDURES, Procedure
from xds.sandbox.ids import document_uid, folder_uid, study_uid, submission_set_uid
from xds.sandbox.organizations import (
    CEDAR_RIDGE,
    FORKS,
    GRANITE_LAKE,
    HARBOUR,
    LAKEVIEW,
    MAIN_STREET,
    MAPLE_BAY,
    ORCHARD_PARK,
    SAINTE_CLAIRE,
    STONE_MILL,
    Site,
)

XML: Final = "text/xml"
PDF: Final = "application/pdf"


class Stage(StrEnum):
    """Where a report stands in its life."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    ADDENDUM = "addendum"
    WITHDRAWN = "withdrawn"


_WRITTEN_AFTER: Final = {
    Stage.PRELIMINARY: timedelta(hours=1),
    Stage.FINAL: timedelta(hours=4),
    Stage.CORRECTED: timedelta(days=2),
    Stage.ADDENDUM: timedelta(days=6),
    Stage.WITHDRAWN: timedelta(days=1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamPlan:
    """One exam of a patient."""

    patient: int  # number of the patient id that it is published under
    number: int
    site: Site
    procedure: Procedure
    start: str  # DTM to the second
    reading: int = 0  # which of the procedure's readings it gets
    mrn_pool: int = 0
    confidentiality: Code = NORMAL

    @property
    def study_uid(self) -> str:
        """Study Instance UID."""
        return study_uid(self.patient, self.number)

    @property
    def stop(self) -> str:
        """When the exam ended."""
        return _later(self.start, timedelta(minutes=self.procedure.minutes))

    @property
    def accession_number(self) -> str:
        """Accession number, unique within its issuer."""
        return f"{self.site.short}-{self.start[2:4]}-{self.patient}{self.number:03d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPlan:
    """One document of an exam."""

    exam: ExamPlan
    number: int = 1
    stage: Stage = Stage.FINAL
    mime_type: str = XML
    relation: AssociationType | None = None
    target: int = 1  # number of the related document of the same exam

    @property
    def unique_id(self) -> str:
        """DocumentEntry.uniqueId."""
        return document_uid(self.exam.patient, self.exam.number, self.number)

    @property
    def target_unique_id(self) -> str:
        """uniqueId of the document that `relation` points at."""
        return document_uid(self.exam.patient, self.exam.number, self.target)

    @property
    def written(self) -> str:
        """creationTime."""
        return _later(self.exam.start, _WRITTEN_AFTER[self.stage])


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionPlan:
    """What is published together; all of one site."""

    patient: int
    number: int
    documents: tuple[DocumentPlan, ...]
    folder_title: str | None = None  # a new Folder for all documents of this submission

    @property
    def unique_id(self) -> str:
        """SubmissionSet.uniqueId."""
        return submission_set_uid(self.patient, self.number)

    @property
    def folder_unique_id(self) -> str:
        """Folder.uniqueId, when there is a Folder."""
        return folder_uid(self.patient, self.number)

    @property
    def site(self) -> Site:
        """Whose documents these are."""
        return self.documents[0].exam.site

    @property
    def submitted(self) -> str:
        """submissionTime: five minutes after the last document was written."""
        return _later(max(document.written for document in self.documents), timedelta(minutes=5))


def _later(dtm: str, by: timedelta) -> str:
    moment = datetime.strptime(f"{dtm}+0000", "%Y%m%d%H%M%S%z") + by
    return moment.strftime("%Y%m%d%H%M%S")


def _exam(patient: int, number: int, site: Site, key: str, start: str, reading: int = 0) -> ExamPlan:
    return ExamPlan(
        patient=patient, number=number, site=site, procedure=PROCEDURES[key], start=start, reading=reading
    )


def _reports(patient: int, *exams: ExamPlan) -> tuple[SubmissionPlan, ...]:
    """One final CDA report for each exam, each in a submission of its own."""
    return tuple(
        SubmissionPlan(patient=patient, number=index, documents=(DocumentPlan(exam=exam),))
        for index, exam in enumerate(exams, start=1)
    )


def _life(exam: ExamPlan, *documents: DocumentPlan) -> tuple[SubmissionPlan, ...]:
    """The documents of one exam, one after the other."""
    return tuple(
        SubmissionPlan(patient=exam.patient, number=index, documents=(document,))
        for index, document in enumerate(documents, start=1)
    )


def _sample_patient() -> tuple[SubmissionPlan, ...]:
    chest = _exam(1001, 1, LAKEVIEW, "chest-xr", "20240311133000", 1)
    scan = _exam(1001, 2, LAKEVIEW, "chest-ct", "20240311140500", 1)
    abdomen = _exam(1001, 3, CEDAR_RIDGE, "abdomen-us", "20210526150000")
    brain = _exam(1001, 4, FORKS, "brain-mr", "20221107183000", 1)
    knee = _exam(1001, 5, CEDAR_RIDGE, "knee-xr", "20190214161500")
    recheck = _exam(1001, 6, LAKEVIEW, "chest-xr", "20240506141500")
    xfrm = AssociationType.XFRM
    return (
        SubmissionPlan(patient=1001, number=1, documents=(DocumentPlan(exam=knee),)),
        SubmissionPlan(
            patient=1001,
            number=2,
            documents=(
                DocumentPlan(exam=abdomen),
                DocumentPlan(exam=abdomen, number=2, mime_type=PDF, relation=xfrm),
            ),
        ),
        SubmissionPlan(patient=1001, number=3, documents=(DocumentPlan(exam=brain, mime_type=PDF),)),
        SubmissionPlan(
            patient=1001,
            number=4,
            documents=(DocumentPlan(exam=chest), DocumentPlan(exam=scan)),
            folder_title="Emergency visit of 11 March 2024",
        ),
        SubmissionPlan(
            patient=1001,
            number=5,
            documents=(DocumentPlan(exam=scan, number=2, mime_type=PDF, relation=xfrm),),
        ),
        SubmissionPlan(patient=1001, number=6, documents=(DocumentPlan(exam=recheck),)),
    )


def _two_record_numbers() -> tuple[SubmissionPlan, ...]:
    procedures = (("chest-xr", "20180402143000", 2), ("head-ct", "20200913020500", 0))
    exams = [
        ExamPlan(
            patient=1002,
            number=number,
            site=MAPLE_BAY,
            procedure=PROCEDURES[key],
            start=start,
            reading=reading,
            mrn_pool=number - 1,
        )
        for number, (key, start, reading) in enumerate(procedures, start=1)
    ]
    return _reports(1002, *exams)


def _corrected() -> tuple[SubmissionPlan, ...]:
    exam = _exam(1003, 1, ORCHARD_PARK, "chest-ct", "20240119213000", 1)
    rplc = AssociationType.RPLC
    return _life(
        exam,
        DocumentPlan(exam=exam, number=1, stage=Stage.PRELIMINARY),
        DocumentPlan(exam=exam, number=2, stage=Stage.FINAL, relation=rplc, target=1),
        DocumentPlan(exam=exam, number=3, stage=Stage.CORRECTED, relation=rplc, target=2),
    )


def _addendum() -> tuple[SubmissionPlan, ...]:
    exam = _exam(1004, 1, CEDAR_RIDGE, "spine-mr", "20231204170000")
    return _life(
        exam,
        DocumentPlan(exam=exam),
        DocumentPlan(exam=exam, number=2, stage=Stage.ADDENDUM, relation=AssociationType.APND),
    )


def _withdrawn() -> tuple[SubmissionPlan, ...]:
    exam = _exam(1007, 1, LAKEVIEW, "abdomen-ct", "20240221191500", 1)
    return _life(
        exam,
        DocumentPlan(exam=exam),
        DocumentPlan(exam=exam, number=2, stage=Stage.WITHDRAWN, relation=AssociationType.RPLC),
    )


def _french() -> tuple[SubmissionPlan, ...]:
    scan = _exam(1008, 1, SAINTE_CLAIRE, "chest-ct", "20231018150000")
    liver = _exam(1008, 2, SAINTE_CLAIRE, "abdomen-us", "20240122133000", 1)
    return (
        *_reports(1008, scan, liver),
        SubmissionPlan(
            patient=1008,
            number=3,
            documents=(DocumentPlan(exam=scan, number=2, mime_type=PDF, relation=AssociationType.XFRM),),
        ),
    )


def _restricted() -> tuple[SubmissionPlan, ...]:
    exams = [
        ExamPlan(
            patient=1017,
            number=number,
            site=LAKEVIEW,
            procedure=PROCEDURES[key],
            start=start,
            confidentiality=code,
        )
        for number, (key, start, code) in enumerate(
            (
                ("chest-xr", "20221003140000", NORMAL),
                ("abdomen-us", "20230417150000", RESTRICTED),
                ("brain-mr", "20230905160000", VERY_RESTRICTED),
            ),
            start=1,
        )
    ]
    return _reports(1017, *exams)


def _mammography() -> tuple[SubmissionPlan, ...]:
    exam = _exam(1018, 1, HARBOUR, "breast-mg", "20240507143000", 1)
    copy = DocumentPlan(exam=exam, number=2, mime_type=PDF, relation=AssociationType.XFRM)
    return (SubmissionPlan(patient=1018, number=1, documents=(DocumentPlan(exam=exam), copy)),)


MANY_STUDIES: Final = 300
_AT_ONCE: Final = 20
_MANY_SITES: Final = (LAKEVIEW, ORCHARD_PARK, SAINTE_CLAIRE)
_MANY_ENGLISH: Final = (
    *("chest-xr", "abdomen-us", "knee-xr", "chest-ct", "head-ct", "hand-xr", "spine-mr", "abdomen-ct"),
    *("heart-nm", "chest-xr-portable", "brain-mr"),
)
_MANY_FRENCH: Final = ("chest-xr", "abdomen-us", "knee-xr", "chest-ct", "head-ct", "spine-mr")


def _many_studies() -> tuple[SubmissionPlan, ...]:
    """A study every 31 days; twenty are published together, as when a DI-r loads what it holds."""
    first = datetime.strptime("19990112140000+0000", "%Y%m%d%H%M%S%z")
    plans = []
    for batch in range(MANY_STUDIES // _AT_ONCE):
        site = _MANY_SITES[batch % len(_MANY_SITES)]
        keys = _MANY_FRENCH if site is SAINTE_CLAIRE else _MANY_ENGLISH
        documents = []
        for number in range(batch * _AT_ONCE + 1, (batch + 1) * _AT_ONCE + 1):
            start = first + timedelta(days=31 * number, minutes=17 * (number % 19))
            exam = _exam(1013, number, site, keys[number % len(keys)], f"{start:%Y%m%d%H%M%S}", number // 7)
            documents.append(DocumentPlan(exam=exam, mime_type=XML if number % 10 else PDF))
        plans.append(SubmissionPlan(patient=1013, number=batch + 1, documents=tuple(documents)))
    return tuple(plans)


UNREPORTED: Final = (_exam(1006, 2, FORKS, "head-ct", "20240618041000", 1),)
"""Exams whose images later issues publish while no report exists."""

PLANS: Final[tuple[SubmissionPlan, ...]] = (
    *_sample_patient(),
    *_two_record_numbers(),
    *_corrected(),
    *_addendum(),
    *_reports(1005, _exam(1005, 1, MAIN_STREET, "soft-tissue-us", "20240229180000")),
    *_reports(1006, _exam(1006, 1, FORKS, "hand-xr", "20170809210000")),
    *_withdrawn(),
    *_french(),
    *_reports(1009, _exam(1009, 1, ORCHARD_PARK, "head-ct", "20230630033000")),
    *_reports(1021, _exam(1021, 1, MAPLE_BAY, "abdomen-ct", "20240104172000")),
    *_reports(1010, _exam(1010, 1, GRANITE_LAKE, "knee-xr", "20240715163000")),
    *_reports(1011, _exam(1011, 1, STONE_MILL, "chest-xr-portable", "20240604052000")),
    *_reports(
        1012,
        _exam(1012, 1, LAKEVIEW, "heart-nm", "20220311130000"),
        _exam(1012, 2, FORKS, "abdomen-us", "20231128150000", 1),
    ),
    *_many_studies(),
    *_reports(1014, _exam(1014, 1, CEDAR_RIDGE, "brain-mr", "20230112190000")),
    *_reports(
        1015,
        _exam(1015, 1, FORKS, "chest-xr", "20210719140000", 3),
        _exam(1015, 2, FORKS, "abdomen-ct", "20230208150000", 2),
    ),
    *_reports(
        1016,
        _exam(1016, 1, MAPLE_BAY, "head-ct", "20220920223000"),
        _exam(1016, 2, ORCHARD_PARK, "spine-mr", "20240325153000", 1),
    ),
    *_restricted(),
    *_mammography(),
    *_reports(1019, _exam(1019, 1, ORCHARD_PARK, "trauma-ct", "20240810020000")),
    *_reports(1020, _exam(1020, 1, GRANITE_LAKE, "hand-xr", "20240903190000", 1)),
)
