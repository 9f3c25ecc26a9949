"""The twenty fabricated patients. Nobody here exists, and no number here is anybody's."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xds.content import ReportPatient
from xds.model import PatientIdentifier
from xds.sandbox.ids import ECID_AUTHORITY, OTHER_PROVINCE, health_card_number
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

HCN: Final = "2.16.840.1.113883.4.59"
"""Authority of Ontario health card numbers."""


class Story(StrEnum):
    """What a patient is there to show."""

    PLAIN = "plain case"
    TWO_MRNS = "two medical record numbers in one hospital"
    CORRECTED = "same exam reported twice, then corrected"
    ADDENDUM = "addendum"
    REPORT_WITHOUT_IMAGES = "report without images"
    IMAGES_WITHOUT_REPORT = "images without a report"
    WITHDRAWN = "withdrawn report"
    FRENCH = "French report"
    MERGED = "merged patient"
    OUT_OF_PROVINCE = "health number of another province"
    NEWBORN = "newborn without a health card number"
    PUNCTUATED_NAME = "apostrophe and hyphen in the name"
    MANY_STUDIES = "300 studies"
    DOMAIN_BLOCK = "consent: everything blocked"
    RECORD_BLOCK = "consent: one report blocked"
    AGENT_BLOCK = "consent: one organization blocked"
    RESTRICTED = "restricted confidentiality"
    MAMMOGRAPHY = "mammography of four series"
    LARGE_CT = "CT of 1,200 instances"
    OFFLINE_SOURCE = "exam whose DI-r is offline"
    UNMAPPED_PROCEDURE = "local procedure without a provincial code"
    SEX_UNKNOWN = "sex unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPatient:
    """One fabricated person."""

    number: int
    family: str
    given: tuple[str, ...]
    birth_date: str  # YYYYMMDD
    sex: str  # HL7 table 0001
    stories: tuple[Story, ...]
    line: str  # the story in one sentence, for a page
    sites: tuple[Site, ...]  # where the patient has been
    has_health_card: bool = True
    other_numbers: tuple[PatientIdentifier, ...] = ()
    former_number: int | None = None  # of the patient id that was merged into this one

    @property
    def patient_id(self) -> str:
        """DocumentEntry.patientId: the provincial id (ECID) as CX."""
        return patient_id(self.number)

    @property
    def former_patient_id(self) -> str | None:
        """The provincial id that the merge subsumes; reports were published under it too."""
        return None if self.former_number is None else patient_id(self.former_number)

    def mrn(self, site: Site, pool: int = 0) -> PatientIdentifier:
        """The medical record number in one of a site's pools."""
        return PatientIdentifier(
            f"MRN-{self.number - 1000 + 20 * site.number + 4450 + 7 * pool}", site.mrn_pool(pool)
        )

    def numbers(self, site: Site, pool: int = 0) -> tuple[PatientIdentifier, ...]:
        """All numbers that the site knows, the MRN first."""
        card = (PatientIdentifier(health_card_number(self.number), HCN),) if self.has_health_card else ()
        return (self.mrn(site, pool), *card, *self.other_numbers)

    def as_in_report(self, site: Site, pool: int = 0) -> ReportPatient:
        """The patient as the site's documents name them."""
        return ReportPatient(
            ids=self.numbers(site, pool),
            family=self.family,
            given=self.given,
            birth_date=self.birth_date,
            sex=self.sex,
        )


def patient_id(number: int) -> str:
    """Provincial patient id as CX.

    >>> patient_id(1001)
    'P1001^^^&2.999.1.1&ISO'
    """
    return str(PatientIdentifier(f"P{number}", ECID_AUTHORITY))


PATIENTS: Final = (
    SeedPatient(
        number=1001,
        family="Sample",
        given=("Amélie",),
        birth_date="19710304",
        sex="F",
        stories=(Story.PLAIN,),
        line="Six exams in three regions, reports as CDA and PDF, one folder: the patient to start with.",
        sites=(LAKEVIEW, CEDAR_RIDGE, FORKS),
    ),
    SeedPatient(
        number=1002,
        family="Fontaine",
        given=("Bernard",),
        birth_date="19480917",
        sex="M",
        stories=(Story.TWO_MRNS,),
        line="Maple Bay Health Centre knows him by two medical record numbers, from two systems.",
        sites=(MAPLE_BAY,),
    ),
    SeedPatient(
        number=1003,
        family="Achebe",
        given=("Ngozi", "Ruth"),
        birth_date="19840622",
        sex="F",
        stories=(Story.CORRECTED,),
        line="One CT, reported as preliminary, then final, then corrected: two entries are Deprecated.",
        sites=(ORCHARD_PARK,),
    ),
    SeedPatient(
        number=1004,
        family="Kowalski",
        given=("Piotr",),
        birth_date="19590130",
        sex="M",
        stories=(Story.ADDENDUM,),
        line="An MR of the spine with an addendum that answers the surgeon's question.",
        sites=(CEDAR_RIDGE,),
    ),
    SeedPatient(
        number=1005,
        family="Delacroix-Smith",
        given=("Joan",),
        birth_date="19660811",
        sex="F",
        stories=(Story.REPORT_WITHOUT_IMAGES, Story.UNMAPPED_PROCEDURE),
        line="A clinic's report whose images never came, under a local procedure code that nobody mapped.",
        sites=(MAIN_STREET,),
    ),
    SeedPatient(
        number=1006,
        family="Haddad",
        given=("Samir",),
        birth_date="19900205",
        sex="M",
        stories=(Story.IMAGES_WITHOUT_REPORT,),
        line="An old report, and a newer exam whose images are there while its report is not written.",
        sites=(FORKS,),
    ),
    SeedPatient(
        number=1007,
        family="Lindqvist",
        given=("Astrid",),
        birth_date="19780528",
        sex="F",
        stories=(Story.WITHDRAWN,),
        line="A report dictated for the wrong patient: withdrawn, a notice stands in its place.",
        sites=(LAKEVIEW,),
    ),
    SeedPatient(
        number=1008,
        family="Bélanger",
        given=("Théodore", "Noël"),
        birth_date="19531203",
        sex="M",
        stories=(Story.FRENCH,),
        line="Reports in French, accents in every field, with a PDF made from the CDA.",
        sites=(SAINTE_CLAIRE,),
    ),
    SeedPatient(
        number=1009,
        family="Park",
        given=("Min-ji",),
        birth_date="19951019",
        sex="F",
        stories=(Story.MERGED,),
        line="Reports under two patient ids of one person, merged: P1021 is out of use.",
        sites=(ORCHARD_PARK, MAPLE_BAY),
        former_number=1021,
    ),
    SeedPatient(
        number=1010,
        family="Gagné",
        given=("Louis",),
        birth_date="19870714",
        sex="M",
        stories=(Story.OUT_OF_PROVINCE,),
        line="A visitor: the health number is another province's.",
        sites=(GRANITE_LAKE,),
        has_health_card=False,
        other_numbers=(PatientIdentifier("GAGL87071499", OTHER_PROVINCE),),
    ),
    SeedPatient(
        number=1011,
        family="Osei",
        given=("Baby Girl",),
        birth_date="20240602",
        sex="F",
        stories=(Story.NEWBORN,),
        line="A newborn, two days old: a medical record number and nothing else.",
        sites=(STONE_MILL,),
        has_health_card=False,
    ),
    SeedPatient(
        number=1012,
        family="O’Brien-D'Angelo",
        given=("Mary-Kate", "Ann"),
        birth_date="19690401",
        sex="F",
        stories=(Story.PUNCTUATED_NAME,),
        line="A name with hyphens and both kinds of apostrophe, seen in two regions.",
        sites=(LAKEVIEW, FORKS),
    ),
    SeedPatient(
        number=1013,
        family="Thibodeau",
        given=("Rose-Alma",),
        birth_date="19380226",
        sex="F",
        stories=(Story.MANY_STUDIES,),
        line="Three hundred studies in twenty-five years, from three hospitals.",
        sites=(LAKEVIEW, ORCHARD_PARK, SAINTE_CLAIRE),
    ),
    SeedPatient(
        number=1014,
        family="Mehta",
        given=("Anjali",),
        birth_date="19801111",
        sex="F",
        stories=(Story.DOMAIN_BLOCK,),
        line="To block everything, by `xds consent seed`.",
        sites=(CEDAR_RIDGE,),
    ),
    SeedPatient(
        number=1015,
        family="Stewart",
        given=("Callum",),
        birth_date="19740907",
        sex="M",
        stories=(Story.RECORD_BLOCK,),
        line="Two reports, of which one is to be blocked.",
        sites=(FORKS,),
    ),
    SeedPatient(
        number=1016,
        family="Ferreira",
        given=("Inês",),
        birth_date="19920318",
        sex="F",
        stories=(Story.AGENT_BLOCK,),
        line="Two reports, to be blocked for the people of one organization.",
        sites=(MAPLE_BAY, ORCHARD_PARK),
    ),
    SeedPatient(
        number=1017,
        family="Novak",
        given=("Petra",),
        birth_date="19620625",
        sex="F",
        stories=(Story.RESTRICTED,),
        line="One report each of normal, restricted and very restricted confidentiality.",
        sites=(LAKEVIEW,),
    ),
    SeedPatient(
        number=1018,
        family="Chen",
        given=("Wei", "Lin"),
        birth_date="19700119",
        sex="F",
        stories=(Story.MAMMOGRAPHY,),
        line="A screening mammogram, CDA and PDF in one submission; four series of images to come.",
        sites=(HARBOUR,),
    ),
    SeedPatient(
        number=1019,
        family="Abernathy",
        given=("George",),
        birth_date="19550808",
        sex="M",
        stories=(Story.LARGE_CT,),
        line="A trauma CT; its 1,200 instances come with the images.",
        sites=(ORCHARD_PARK,),
    ),
    SeedPatient(
        number=1020,
        family="Winters",
        given=("Alex",),
        birth_date="20010915",
        sex="U",
        stories=(Story.OFFLINE_SOURCE, Story.SEX_UNKNOWN),
        line="Sex unknown; the DI-r that holds the images does not answer.",
        sites=(GRANITE_LAKE,),
    ),
)


def patient_by_number(number: int) -> SeedPatient:
    """Return the patient with that number, also by the number that was merged away."""
    return next(one for one in PATIENTS if number in (one.number, one.former_number))
