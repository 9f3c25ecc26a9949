"""DICOM's codes as the metadata writes them: coding schemes, modalities of SOP classes, regions of the body."""

from typing import Final

from xds.model import Code, LocalizedString

DCM: Final = "1.2.840.10008.2.16.4"
DICOM_UIDS: Final = "1.2.840.10008.2.6.1"
LOINC: Final = "2.16.840.1.113883.6.1"
SNOMED_CT: Final = "2.16.840.1.113883.6.96"

SCHEMES: Final = {
    "DCM": DCM,
    "DCMUID": DICOM_UIDS,
    "LN": LOINC,
    "SCT": SNOMED_CT,
    "SRT": "2.16.840.1.113883.6.96",  # SNOMED-RT codes travel under the OID of SNOMED CT (ontario profile)
    "SNM3": "2.16.840.1.113883.6.96",
    "99SDM": "2.16.840.1.113883.6.96",
    "RADLEX": "2.16.840.1.113883.6.256",
    "UCUM": "2.16.840.1.113883.6.8",
}
"""Coding Scheme Designator (0008,0102) → OID (DICOM PS3.16 Table 8-1)."""

KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"
MANIFEST_TITLE: Final = ("113030", "DCM")
"""Manifest, of CID 7010: the title of an XDS-I.b manifest."""
MANIFEST_TITLES: Final = frozenset({MANIFEST_TITLE, ("MADOTEMP001", "99IHE"), ("113031", "DCM")})
"""Titles that say that an object is a manifest: XDS-I.b's, MADO's (IHE RAD MADO 1.1), Signed Manifest."""
REJECTION_TITLES: Final = frozenset(
    {("113001", "DCM"), ("113037", "DCM"), ("113038", "DCM"), ("113039", "DCM")}
)
"""Titles of rejection notes (IHE RAD IOCM): what they list is withdrawn, not shared."""


def code(value: str, scheme: str, display: str) -> Code:
    """A code with one name."""
    return Code(code=value, scheme=scheme, display=(LocalizedString(value=display),))


MODALITIES: Final = {
    value: code(value, DCM, display)
    for value, display in (
        ("AR", "Autorefraction"),
        ("BMD", "Bone Mineral Densitometry"),
        ("CR", "Computed Radiography"),
        ("CT", "Computed Tomography"),
        ("DX", "Digital Radiography"),
        ("ECG", "Electrocardiography"),
        ("ES", "Endoscopy"),
        ("GM", "General Microscopy"),
        ("HC", "Hard Copy"),
        ("IO", "Intra-oral Radiography"),
        ("IVOCT", "Intravascular Optical Coherence Tomography"),
        ("IVUS", "Intravascular Ultrasound"),
        ("MG", "Mammography"),
        ("MR", "Magnetic Resonance"),
        ("NM", "Nuclear Medicine"),
        ("OP", "Ophthalmic Photography"),
        ("OPT", "Ophthalmic Tomography"),
        ("OT", "Other Modality"),
        ("PT", "Positron emission tomography"),
        ("PX", "Panoramic X-Ray"),
        ("RF", "Radiofluoroscopy"),
        ("RG", "Radiographic imaging"),
        ("RTIMAGE", "RT Image"),
        ("SM", "Slide Microscopy"),
        ("US", "Ultrasound"),
        ("XA", "X-Ray Angiography"),
        ("XC", "External-camera Photography"),
    )
}
"""Acquisition modalities (DICOM CID 29)."""

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_BY_CLASS: Final = {
    "1": "CR",
    "1.1": "DX",
    "1.1.1": "DX",
    "1.2": "MG",
    "1.2.1": "MG",
    "1.3": "IO",
    "1.3.1": "IO",
    "2": "CT",
    "2.1": "CT",
    "2.2": "CT",
    "3": "US",
    "3.1": "US",
    "4": "MR",
    "4.1": "MR",
    "4.2": "MR",
    "4.3": "MR",
    "4.4": "MR",
    "6": "US",
    "6.1": "US",
    "6.2": "US",
    "12.1": "XA",
    "12.1.1": "XA",
    "12.2": "RF",
    "12.2.1": "RF",
    "13.1.1": "XA",
    "13.1.2": "DX",
    "13.1.3": "MG",
    "14.1": "IVOCT",
    "14.2": "IVOCT",
    "20": "NM",
    "77.1.1": "ES",
    "77.1.1.1": "ES",
    "77.1.2": "GM",
    "77.1.3": "SM",
    "77.1.4": "XC",
    "77.1.4.1": "XC",
    "77.1.5.1": "OP",
    "77.1.5.2": "OP",
    "77.1.5.4": "OPT",
    "77.1.6": "SM",
    "128": "PT",
    "128.1": "PT",
    "130": "PT",
    "481.1": "RTIMAGE",
}


def modality_of_class(sop_class_uid: str) -> str | None:
    """Return the modality that an image's SOP class stands for (DICOM PS3.4 B.5); None where it tells nothing.

    >>> modality_of_class("1.2.840.10008.5.1.4.1.1.2"), modality_of_class("1.2.840.10008.5.1.4.1.1.88.22")
    ('CT', None)
    """
    if not sop_class_uid.startswith(_STORAGE):
        return None
    return _BY_CLASS.get(sop_class_uid.removeprefix(_STORAGE))


_HEAD: Final = code("69536005", SNOMED_CT, "Head")
_NECK: Final = code("45048000", SNOMED_CT, "Neck")
_CHEST: Final = code("51185008", SNOMED_CT, "Chest")
_ABDOMEN: Final = code("113345001", SNOMED_CT, "Abdomen")
_PELVIS: Final = code("12921003", SNOMED_CT, "Pelvis")
_BREAST: Final = code("76752008", SNOMED_CT, "Breast")
_SPINE: Final = code("421060004", SNOMED_CT, "Vertebral column")
_UPPER: Final = code("53120007", SNOMED_CT, "Upper limb")
_LOWER: Final = code("61685007", SNOMED_CT, "Lower limb")
_HEART: Final = code("80891009", SNOMED_CT, "Heart")
_WHOLE: Final = code("38266002", SNOMED_CT, "Entire body")

_REGIONS: Final = {
    _HEAD: "HEAD BRAIN SKULL FACE ORBIT EYE EAR IAC JAW MANDIBLE MAXILLA SINUS TMJ HEADNECK PITUITARY",
    _NECK: "NECK THYROID LARYNX CAROTID",
    _CHEST: "CHEST THORAX LUNG RIB STERNUM CLAVICLE MEDIASTINUM ESOPHAGUS THORAXABDO CHESTABDOMEN",
    _ABDOMEN: "ABDOMEN LIVER KIDNEY PANCREAS SPLEEN GALLBLADDER BOWEL COLON STOMACH ABDOMENPELVIS AORTA",
    _PELVIS: "PELVIS BLADDER PROSTATE UTERUS OVARY RECTUM HIP SACRUM",
    _BREAST: "BREAST",
    _SPINE: "SPINE CSPINE TSPINE LSPINE SSPINE COCCYX WSPINE",
    _UPPER: "ARM HAND WRIST ELBOW FOREARM HUMERUS SHOULDER FINGER UPRARM RADIUS ULNA THUMB SCAPULA",
    _LOWER: "LEG FOOT ANKLE KNEE FEMUR TIBIA TOE THIGH CALF HEEL PATELLA FIBULA CALCANEUS",
    _HEART: "HEART CORONARY CORONARYARTERY",
    _WHOLE: "WHOLEBODY TOTALBODY",
}
_BY_BODY_PART: Final = {name: region for region, names in _REGIONS.items() for name in names.split()}


def region_of_body_part(body_part_examined: str) -> Code | None:
    """Return the coarse region, a SNOMED CT code, of a Body Part Examined (0018,0015; DICOM PS3.16 L).

    Coarse, because prior exams are looked for with a wide net.

    >>> region_of_body_part("CHEST").code
    '51185008'
    """
    return _BY_BODY_PART.get(body_part_examined.upper().replace(" ", "").replace("_", ""))
