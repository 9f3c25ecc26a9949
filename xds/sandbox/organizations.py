"""The invented organizations: four DI-rs, eight hospitals, two private clinics, and their radiologists.

A DI-r is a row, not a kind: it can be renamed or merged without touching what it published.
"""

from dataclasses import dataclass
from typing import Final

from xds.content import InstanceId, Institution, Practitioner

CPSO: Final = "2.16.840.1.113883.4.347"
"""Authority of physicians' licences in Ontario."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiRepository:
    """A regional diagnostic imaging repository, which publishes for its sites."""

    number: int
    name: str
    region: str

    @property
    def source_id(self) -> str:
        """SubmissionSet.sourceId."""
        return f"2.999.4.{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A hospital or clinic that examines patients."""

    number: int
    name: str
    short: str  # how its accession numbers begin
    di_repository: DiRepository
    mrn_pools: tuple[int, ...]  # n of 2.999.18.n; several where systems were merged
    is_clinic: bool = False  # an Integrated Community Health Services Centre
    language: str = "en-CA"  # of its reports, unless the patient asks otherwise

    @property
    def oid(self) -> str:
        """The organization."""
        return f"2.999.23.{self.number}"

    @property
    def accession_issuer(self) -> str:
        """The system that issues accession numbers."""
        return f"{self.oid}.101.1"

    @property
    def local_procedures(self) -> str:
        """The site's own procedure codes."""
        return f"{self.oid}.102.1"

    @property
    def institution(self) -> Institution:
        """As documents name it."""
        return Institution(oid=self.oid, name=self.name)

    def mrn_pool(self, index: int = 0) -> str:
        """OID of one of the site's MRN pools."""
        return f"2.999.18.{self.mrn_pools[index]}"


LAKESHORE: Final = DiRepository(number=1, name="Lakeshore Imaging Repository", region="Central and East")
ESCARPMENT: Final = DiRepository(
    number=2, name="Escarpment West Imaging Repository", region="West of the lake"
)
TWO_RIVERS: Final = DiRepository(number=3, name="Two Rivers Imaging Network", region="South-west")
BOREAL: Final = DiRepository(number=4, name="Boreal Imaging Network", region="North and East")
DI_REPOSITORIES: Final = (LAKESHORE, ESCARPMENT, TWO_RIVERS, BOREAL)

LAKEVIEW: Final = Site(
    number=1, name="Lakeview General Hospital", short="LGH", di_repository=LAKESHORE, mrn_pools=(1,)
)
MAPLE_BAY: Final = Site(
    number=2, name="Maple Bay Health Centre", short="MBH", di_repository=LAKESHORE, mrn_pools=(2, 3, 4)
)
STONE_MILL: Final = Site(
    number=3, name="Stone Mill Children’s Hospital", short="SMC", di_repository=LAKESHORE, mrn_pools=(5,)
)
CEDAR_RIDGE: Final = Site(
    number=4, name="Cedar Ridge Hospital", short="CRH", di_repository=ESCARPMENT, mrn_pools=(6,)
)
ORCHARD_PARK: Final = Site(
    number=5, name="Orchard Park Memorial Hospital", short="OPM", di_repository=ESCARPMENT, mrn_pools=(7,)
)
FORKS: Final = Site(
    number=6, name="Forks of the River Hospital", short="FRH", di_repository=TWO_RIVERS, mrn_pools=(8,)
)
SAINTE_CLAIRE: Final = Site(
    number=7,
    name="Hôpital Sainte-Claire-des-Érables",
    short="SCE",
    di_repository=BOREAL,
    mrn_pools=(9,),
    language="fr-CA",
)
GRANITE_LAKE: Final = Site(
    number=8, name="Granite Lake District Hospital", short="GLD", di_repository=BOREAL, mrn_pools=(10,)
)
MAIN_STREET: Final = Site(
    number=9,
    name="Main Street Imaging",
    short="MSI",
    di_repository=ESCARPMENT,
    mrn_pools=(11,),
    is_clinic=True,
)
HARBOUR: Final = Site(
    number=10,
    name="Harbour Women’s Imaging",
    short="HWI",
    di_repository=TWO_RIVERS,
    mrn_pools=(12,),
    is_clinic=True,
)
SITES: Final = (
    LAKEVIEW,
    MAPLE_BAY,
    STONE_MILL,
    CEDAR_RIDGE,
    ORCHARD_PARK,
    FORKS,
    SAINTE_CLAIRE,
    GRANITE_LAKE,
    MAIN_STREET,
    HARBOUR,
)


def _radiologist(number: int, family: str, *given: str) -> Practitioner:
    # Seven digits: no college licence has so many, so that none of these is a real physician's.
    licence = InstanceId(root=CPSO, extension=f"{9990000 + number}")
    return Practitioner(licence=licence, family=family, given=given, prefix="Dr")


TREMBLAY: Final = _radiologist(1, "Tremblay", "Hélène")
OKAFOR: Final = _radiologist(2, "Okafor", "Chidi")
SINGH: Final = _radiologist(3, "Singh", "Harpreet", "Kaur")
MACDONALD: Final = _radiologist(4, "MacDonald", "Iain")
NGUYEN: Final = _radiologist(5, "Nguyen", "Thi", "Lan")
BEAULIEU: Final = _radiologist(6, "Beaulieu", "Jean-François")
ROSSI: Final = _radiologist(7, "Rossi", "Chiara")
WABANO: Final = _radiologist(8, "Wabano", "Elise")
RADIOLOGISTS: Final = (TREMBLAY, OKAFOR, SINGH, MACDONALD, NGUYEN, BEAULIEU, ROSSI, WABANO)

_READERS: Final = {
    LAKEVIEW: (TREMBLAY, OKAFOR),
    MAPLE_BAY: (OKAFOR, SINGH),
    STONE_MILL: (NGUYEN,),
    CEDAR_RIDGE: (SINGH, MACDONALD),
    ORCHARD_PARK: (MACDONALD, ROSSI),
    FORKS: (ROSSI, NGUYEN),
    SAINTE_CLAIRE: (BEAULIEU, TREMBLAY),
    GRANITE_LAKE: (WABANO,),
    MAIN_STREET: (MACDONALD,),
    HARBOUR: (ROSSI,),
}


def reader_of(site: Site, exam: int) -> Practitioner:
    """Who reads a site's exam: the site's radiologists take turns."""
    readers = _READERS[site]
    return readers[exam % len(readers)]
