"""The codes that our profile of the metadata takes where nobody says another."""

from typing import Final

from xds.model import Code, LocalizedString

LOINC: Final = "2.16.840.1.113883.6.1"
SNOMED_CT: Final = "2.16.840.1.113883.6.96"
CONFIDENTIALITY: Final = "2.16.840.1.113883.5.25"
IHE_CLASSES: Final = "1.3.6.1.4.1.19376.1.2.6.1"


def two_languages(code: str, scheme: str, display: str, french: str = "") -> Code:
    """Return a code with its names in the languages of the province."""
    names = [LocalizedString(value=display, lang="en-CA")]
    if french:
        names.append(LocalizedString(value=french, lang="fr-CA"))
    return Code(code=code, scheme=scheme, display=tuple(names))


REPORTS: Final = two_languages("REPORTS", IHE_CLASSES, "Reports", "Comptes rendus")
IMAGES: Final = two_languages("IMAGES", IHE_CLASSES, "Images", "Images")
STUDY: Final = two_languages("18748-4", LOINC, "Diagnostic imaging study", "Examen d’imagerie diagnostique")
NORMAL: Final = two_languages("N", CONFIDENTIALITY, "normal")
RESTRICTED: Final = two_languages("R", CONFIDENTIALITY, "restricted")
VERY_RESTRICTED: Final = two_languages("V", CONFIDENTIALITY, "very restricted")
HOSPITAL: Final = two_languages("22232009", SNOMED_CT, "Hospital", "Hôpital")
AMBULATORY: Final = two_languages("35971002", SNOMED_CT, "Ambulatory care site", "Lieu de soins ambulatoires")
RADIOLOGY: Final = two_languages("309964003", SNOMED_CT, "Radiology department", "Service de radiologie")
