"""One valid report."""

import pytest

from xds.content import InstanceId, Institution, Practitioner, Related, Report, ReportPatient, Section
from xds.model import Code, LocalizedString, PatientIdentifier


def code(value: str, scheme: str, display: str) -> Code:
    return Code(code=value, scheme=scheme, display=(LocalizedString(value=display),))


@pytest.fixture
def report() -> Report:
    """A signed French report of a chest CT that replaces an earlier one."""
    loinc = "2.16.840.1.113883.6.1"
    return Report(
        id=InstanceId(root="2.999.5.1.1"),
        title="TDM du thorax",
        language_code="fr-CA",
        creation_time="20240311153000",
        type_code=code("24627-2", loinc, "CT Chest"),
        confidentiality_code=code("N", "2.16.840.1.113883.5.25", "normal"),
        patient=ReportPatient(
            ids=(
                PatientIdentifier("MRN-4471", "2.999.18.1"),
                PatientIdentifier("9990010015", "2.16.840.1.113883.4.59"),
            ),
            family="O'Neil & Fils",
            given=("Amélie", "Rose"),
            birth_date="19710304",
            sex="F",
        ),
        author=Practitioner(
            licence=InstanceId(root="2.16.840.1.113883.4.347", extension="40017"),
            family="Tremblay",
            given=("Hélène",),
            prefix="Dre",
        ),
        institution=Institution(oid="2.999.23.1", name="Hôpital du Lac"),
        service_start_time="20240311140500",
        service_stop_time="20240311142000",
        accession=PatientIdentifier("ACC-24-0502", "2.999.23.1.101.1"),
        study_instance_uid="2.999.7.1.1",
        event_codes=(
            code("CT", "1.2.840.10008.2.16.4", "Computed Tomography"),
            code("51185008", "2.16.840.1.113883.6.96", "Chest"),
        ),
        sections=(
            Section(
                code=code("59776-5", loinc, "Procedure findings"),
                title="Constatations",
                paragraphs=("Aucun nodule suspect. Épanchement pleural minime à gauche.",),
            ),
            Section(
                code=code("19005-8", loinc, "Impression"),
                title="Impression",
                paragraphs=("Épanchement < 1 cm.", "Contrôle suggéré."),
            ),
        ),
        related=(Related(relation="RPLC", document=InstanceId(root="2.999.5.1", extension="a")),),
    )
