"""The reports of the seed: readings filled in, and the values from which CDA and PDF are built.

Nothing is random: figures and side come from the numbers of patient and exam.
"""

from typing import Final

from xds.codes.profile import LOINC
from xds.content import InstanceId, Related, Report, Section
from xds.model import AssociationType, Code, LocalizedString, PatientIdentifier
from xds.sandbox.organizations import reader_of
from xds.sandbox.patients import patient_by_number
from xds.sandbox.plan import PLANS, DocumentPlan, ExamPlan, Stage
from xds.sandbox.scripts import Repertoire, Script
from xds.sandbox.texts_en import ENGLISH
from xds.sandbox.texts_fr import FRENCH

_SECTIONS: Final = {
    "indication": ("18785-6", "Radiology Reason for study", "Indication", "Renseignements cliniques"),
    "technique": ("55111-9", "Current imaging procedure descriptions", "Technique", "Technique"),
    "comparison": ("18834-2", "Radiology Comparison study", "Comparison", "Comparaison"),
    "findings": ("59776-5", "Procedure findings", "Findings", "Constatations"),
    "impression": ("19005-8", "Radiology Imaging study Impression", "Impression", "Impression"),
    "addendum": ("55107-7", "Addendum Document", "Addendum", "Addenda"),
}

_TITLE_ENDINGS: Final = {
    Stage.PRELIMINARY: {"en-CA": " (preliminary)", "fr-CA": " (préliminaire)"},
    Stage.FINAL: {"en-CA": "", "fr-CA": ""},
    Stage.CORRECTED: {"en-CA": " (corrected)", "fr-CA": " (corrigé)"},
    Stage.ADDENDUM: {"en-CA": " (addendum)", "fr-CA": " (addenda)"},
    Stage.WITHDRAWN: {"en-CA": " (withdrawn)", "fr-CA": " (retiré)"},
}

_NOTES: Final[dict[Stage, dict[str, tuple[str, ...]]]] = {
    Stage.PRELIMINARY: {
        "en-CA": ("Preliminary reading by the resident on call; a radiologist has not signed it yet.",),
        "fr-CA": ("Lecture préliminaire du résident de garde; non encore signée par un radiologiste.",),
    },
    Stage.CORRECTED: {
        "en-CA": (
            "Correction: the report signed earlier named the wrong side. The findings are on the {side} side.",
            "The referring physician was told by telephone.",
        ),
        "fr-CA": (
            "Correction : le compte rendu signé auparavant indiquait le mauvais côté. Il s’agit du côté {side}.",
            "Le médecin traitant en a été informé par téléphone.",
        ),
    },
    Stage.ADDENDUM: {
        "en-CA": (
            "At the request of the surgeon the images were reviewed with attention to the foramina.",
            "The {side} foramen at L4-L5 is narrowed by the extruded disc; the opposite one is free.",
            "The impression of the original report does not change.",
        ),
        "fr-CA": (
            "À la demande du chirurgien, les images ont été revues, en particulier les foramens.",
            "Le foramen L4-L5 du côté {side} est rétréci par la hernie; l’autre est libre.",
            "La conclusion du compte rendu initial demeure.",
        ),
    },
    Stage.WITHDRAWN: {
        "en-CA": (
            "REPORT WITHDRAWN. The report of this exam was dictated for another patient.",
            "Do not use it. The exam will be read again and a new report will be issued.",
        ),
        "fr-CA": (
            "COMPTE RENDU RETIRÉ. Le compte rendu de cet examen a été dicté pour un autre patient.",
            "Ne pas l’utiliser. L’examen sera relu et un nouveau compte rendu sera émis.",
        ),
    },
}

_SIDES: Final = {"en-CA": ("left", "right"), "fr-CA": ("gauche", "droit")}


def build(plan: DocumentPlan) -> Report:
    """Return the report of one planned document, complete."""
    exam = plan.exam
    patient = patient_by_number(exam.patient)
    language = exam.site.language
    related = (
        ()
        if plan.relation is None
        else (
            Related(
                relation=_CDA_RELATIONS[plan.relation],
                document=InstanceId(root=plan.target_unique_id),
            ),
        )
    )
    return Report(
        id=InstanceId(root=plan.unique_id),
        title=title_of(plan),
        language_code=language,
        creation_time=plan.written,
        type_code=exam.procedure.type_code,
        confidentiality_code=exam.confidentiality,
        patient=patient.as_in_report(exam.site, exam.mrn_pool),
        author=reader_of(exam.site, exam.number),
        institution=exam.site.institution,
        service_start_time=exam.start,
        service_stop_time=exam.stop,
        accession=PatientIdentifier(exam.accession_number, exam.site.accession_issuer),
        study_instance_uid=exam.study_uid,
        event_codes=event_codes_of(exam),
        sections=_sections(plan, language),
        is_signed=plan.stage is not Stage.PRELIMINARY,
        related=related,
    )


_CDA_RELATIONS: Final = {
    AssociationType.RPLC: "RPLC",
    AssociationType.APND: "APND",
    AssociationType.XFRM: "XFRM",
}


def title_of(plan: DocumentPlan) -> str:
    """Return the title: the procedure as the site names it, and the stage."""
    procedure, language = plan.exam.procedure, plan.exam.site.language
    name = procedure.french if language == "fr-CA" else procedure.english
    return name + _TITLE_ENDINGS[plan.stage][language]


def event_codes_of(exam: ExamPlan) -> tuple[Code, ...]:
    """Return modality and region; where nobody mapped the site's code, the site's code itself."""
    procedure = exam.procedure
    if procedure.region is not None:
        return (procedure.modality, procedure.region)
    local = Code(
        code=procedure.local_code,
        scheme=exam.site.local_procedures,
        display=(LocalizedString(value=procedure.english, lang=exam.site.language),),
    )
    return (procedure.modality, local)


def _sections(plan: DocumentPlan, language: str) -> tuple[Section, ...]:
    exam = plan.exam
    figures = _figures(plan, language)
    notes = tuple(note.format(**figures) for note in _NOTES.get(plan.stage, {}).get(language, ()))
    if plan.stage in (Stage.ADDENDUM, Stage.WITHDRAWN):  # these stand alone
        return (_section("addendum", language, notes),)
    repertoire = (FRENCH if language == "fr-CA" else ENGLISH)[exam.procedure.key]
    prior = _prior(exam)
    script = _script(repertoire, exam.reading, has_prior=prior is not None)
    texts = {
        "indication": (script.indication,),
        "technique": (repertoire.technique,),
        "comparison": (_comparison(prior, language),),
        "findings": script.findings,
        "impression": script.impression,
    }
    sections = [
        _section(key, language, tuple(text.format(**figures) for text in paragraphs))
        for key, paragraphs in texts.items()
    ]
    if notes:
        sections.insert(0, _section("addendum", language, notes))
    return tuple(sections)


def _section(key: str, language: str, paragraphs: tuple[str, ...]) -> Section:
    code, display, english, french = _SECTIONS[key]
    return Section(
        code=Code(code=code, scheme=LOINC, display=(LocalizedString(value=display),)),
        title=french if language == "fr-CA" else english,
        paragraphs=paragraphs,
    )


def _figures(plan: DocumentPlan, language: str) -> dict[str, str]:
    number = plan.exam.patient * 3 + plan.exam.number * 5
    # What is corrected is the side: the earlier versions had the other one.
    side = _SIDES[language][(number // 2 + (plan.stage is Stage.CORRECTED)) % 2]
    return {
        "mm": str(4 + number % 7),
        "size": str(5 + number % 5),
        "aorta": str(30 + number % 9),
        "digit": str(number % 10),
        "side": side,
        "side_capital": side.capitalize(),
    }


def _script(repertoire: Repertoire, reading: int, *, has_prior: bool) -> Script:
    """The reading of that number, or the next that fits: nothing is unchanged without an earlier exam."""
    start = reading % len(repertoire.scripts)
    in_turn = repertoire.scripts[start:] + repertoire.scripts[:start]
    return next(script for script in in_turn if has_prior or not script.needs_prior)


def _comparison(prior: ExamPlan | None, language: str) -> str:
    if prior is None:
        return "Aucun examen antérieur." if language == "fr-CA" else "None available."
    day = f"{prior.start[:4]}-{prior.start[4:6]}-{prior.start[6:8]}"
    if language == "fr-CA":
        return f"{prior.procedure.french}, {day}."
    return f"{prior.procedure.english}, {day}."


def _prior(exam: ExamPlan) -> ExamPlan | None:
    """The patient's latest earlier exam of the same region."""
    earlier = (
        other
        for other in _EXAMS[exam.patient]
        if other.start < exam.start and other.procedure.region == exam.procedure.region
    )
    return max(earlier, key=lambda other: other.start, default=None)


def _exams() -> dict[int, tuple[ExamPlan, ...]]:
    found: dict[int, dict[int, ExamPlan]] = {}
    for plan in PLANS:
        for document in plan.documents:
            found.setdefault(document.exam.patient, {})[document.exam.number] = document.exam
    return {patient: tuple(exams.values()) for patient, exams in found.items()}


_EXAMS: Final = _exams()
