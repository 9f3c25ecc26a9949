"""The codes of the seed's metadata, and its procedures (public codes; the local ones are invented)."""

from dataclasses import dataclass
from typing import Final

from xds.codes.profile import LOINC, SNOMED_CT, STUDY
from xds.codes.profile import two_languages as _code
from xds.content import PDF_FORMAT
from xds.model import Code
from xds.sandbox.ids import FOLDER_CODES

DCM: Final = "1.2.840.10008.2.16.4"

CDA_FORMAT: Final = _code(
    "urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
    PDF_FORMAT.scheme,
    "CDA imaging report, structured headings",
)
EPISODE: Final = _code("EPISODE", FOLDER_CODES, "Imaging of one episode of care", "Imagerie d’un épisode")

CT: Final = _code("CT", DCM, "Computed Tomography")
MR: Final = _code("MR", DCM, "Magnetic Resonance")
US: Final = _code("US", DCM, "Ultrasound")
DX: Final = _code("DX", DCM, "Digital Radiography")
MG: Final = _code("MG", DCM, "Mammography")
NM: Final = _code("NM", DCM, "Nuclear Medicine")

HEAD: Final = _code("69536005", SNOMED_CT, "Head", "Tête")
CHEST: Final = _code("51185008", SNOMED_CT, "Chest", "Thorax")
ABDOMEN: Final = _code("113345001", SNOMED_CT, "Abdomen", "Abdomen")
BREAST: Final = _code("76752008", SNOMED_CT, "Breast", "Sein")
SPINE: Final = _code("421060004", SNOMED_CT, "Vertebral column", "Colonne vertébrale")
UPPER_LIMB: Final = _code("53120007", SNOMED_CT, "Upper limb", "Membre supérieur")
LOWER_LIMB: Final = _code("61685007", SNOMED_CT, "Lower limb", "Membre inférieur")
HEART: Final = _code("80891009", SNOMED_CT, "Heart", "Cœur")
WHOLE_BODY: Final = _code("38266002", SNOMED_CT, "Entire body", "Corps entier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """What was examined and how; texts for it are found by `key`."""

    key: str
    english: str  # title of the report
    french: str
    modality: Code
    region: Code | None  # None: nobody mapped the local code
    type_code: Code = STUDY
    minutes: int = 10  # length of the exam
    local_code: str = ""  # the site's own code, where the province has none


def _loinc(code: str, display: str) -> Code:
    return _code(code, LOINC, display)


PROCEDURES: Final = {
    procedure.key: procedure
    for procedure in (
        Procedure(
            key="chest-xr",
            english="XR chest, 2 views",
            french="Radiographie du thorax, 2 incidences",
            modality=DX,
            region=CHEST,
            type_code=_loinc("36643-5", "XR Chest 2 Views"),
            minutes=5,
        ),
        Procedure(
            key="chest-xr-portable",
            english="XR chest, portable",
            french="Radiographie du thorax au lit",
            modality=DX,
            region=CHEST,
            type_code=_loinc("36554-4", "XR Chest Single view"),
            minutes=5,
        ),
        Procedure(
            key="chest-ct",
            english="CT chest with contrast",
            french="TDM du thorax avec contraste",
            modality=CT,
            region=CHEST,
            type_code=_loinc("24627-2", "CT Chest"),
            minutes=15,
        ),
        Procedure(
            key="head-ct",
            english="CT head without contrast",
            french="TDM de la tête sans contraste",
            modality=CT,
            region=HEAD,
            type_code=_loinc("24725-4", "CT Head"),
        ),
        Procedure(
            key="abdomen-ct",
            english="CT abdomen and pelvis with contrast",
            french="TDM de l’abdomen et du bassin avec contraste",
            modality=CT,
            region=ABDOMEN,
            minutes=20,
        ),
        Procedure(
            key="trauma-ct",
            english="CT trauma, head to pelvis",
            french="TDM de polytraumatisé",
            modality=CT,
            region=WHOLE_BODY,
            minutes=35,
        ),
        Procedure(
            key="brain-mr",
            english="MR brain with and without contrast",
            french="IRM cérébrale avec et sans contraste",
            modality=MR,
            region=HEAD,
            type_code=_loinc("24590-2", "MR Brain"),
            minutes=40,
        ),
        Procedure(
            key="spine-mr",
            english="MR lumbar spine",
            french="IRM du rachis lombaire",
            modality=MR,
            region=SPINE,
            minutes=35,
        ),
        Procedure(
            key="abdomen-us",
            english="US abdomen",
            french="Échographie de l’abdomen",
            modality=US,
            region=ABDOMEN,
            type_code=_loinc("24558-9", "US Abdomen"),
            minutes=25,
        ),
        Procedure(
            key="breast-mg",
            english="MG screening, both breasts",
            french="Mammographie de dépistage, deux seins",
            modality=MG,
            region=BREAST,
            type_code=_loinc("24606-6", "MG Breast Screening"),
            minutes=15,
        ),
        Procedure(
            key="knee-xr",
            english="XR knee, 3 views",
            french="Radiographie du genou, 3 incidences",
            modality=DX,
            region=LOWER_LIMB,
            minutes=5,
        ),
        Procedure(
            key="hand-xr",
            english="XR hand and wrist",
            french="Radiographie de la main et du poignet",
            modality=DX,
            region=UPPER_LIMB,
            minutes=5,
        ),
        Procedure(
            key="heart-nm",
            english="NM myocardial perfusion, stress and rest",
            french="Perfusion myocardique, effort et repos",
            modality=NM,
            region=HEART,
            minutes=180,
        ),
        Procedure(
            key="soft-tissue-us",
            english="US SOFT TISS LUMP CLINIC B",
            french="ÉCHO TISSUS MOUS MASSE CLIN B",
            modality=US,
            region=None,
            minutes=15,
            local_code="USSTL-B",
        ),
    )
}
