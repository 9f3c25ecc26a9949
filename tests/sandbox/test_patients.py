"""The cast: twenty patients, every story told, nobody twice."""

import pytest

from xds.model import is_strict_cx
from xds.sandbox import DI_REPOSITORIES, PATIENTS, SITES, Story, documents_of, patient_with
from xds.sandbox.patients import HCN, patient_by_number
from xds.sandbox.plan import UNREPORTED


def test_twenty_patients_four_repositories_eight_hospitals_two_clinics() -> None:
    assert len(PATIENTS) == 20
    assert len(DI_REPOSITORIES) == 4
    assert [site.is_clinic for site in SITES].count(False) == 8
    assert [site.is_clinic for site in SITES].count(True) == 2
    assert {site.di_repository for site in SITES} == set(DI_REPOSITORIES)


@pytest.mark.parametrize("story", Story)
def test_every_story_has_a_patient_with_documents(story: Story) -> None:
    patient = patient_with(story)
    assert patient.line.endswith(".")
    assert documents_of(patient)


def test_patient_ids_are_strict_and_unique() -> None:
    ids = [patient.patient_id for patient in PATIENTS]
    ids += [patient.former_patient_id for patient in PATIENTS if patient.former_patient_id]
    assert ids[0] == "P1001^^^&2.999.1.1&ISO"
    assert all(is_strict_cx(one) for one in ids)
    assert len(set(ids)) == 21


def test_no_number_is_two_patients() -> None:
    seen: dict[str, int] = {}
    for patient in PATIENTS:
        for site in patient.sites:
            for pool in range(len(site.mrn_pools)):
                for number in patient.numbers(site, pool):
                    assert seen.setdefault(str(number), patient.number) == patient.number


def test_mrn_pools_belong_to_one_site() -> None:
    pools = [site.mrn_pool(index) for site in SITES for index in range(len(site.mrn_pools))]
    assert len(pools) == len(set(pools))


def test_two_record_numbers_in_one_hospital() -> None:
    patient = patient_with(Story.TWO_MRNS)
    (site,) = patient.sites
    assert str(patient.mrn(site, 0)) != str(patient.mrn(site, 1))
    assert len(documents_of(patient)) == 2


@pytest.mark.parametrize("story", [Story.NEWBORN, Story.OUT_OF_PROVINCE])
def test_who_has_no_health_card(story: Story) -> None:
    patient = patient_with(story)
    authorities = {number.assigning_authority for number in patient.numbers(patient.sites[0])}
    assert HCN not in authorities
    assert len(authorities) == (1 if story is Story.NEWBORN else 2)


def test_names_are_hard_to_spell() -> None:
    assert {"'", "’", "-"} <= set(patient_with(Story.PUNCTUATED_NAME).family)
    assert "é" in patient_with(Story.FRENCH).family


def test_sex_unknown() -> None:
    assert patient_with(Story.SEX_UNKNOWN).sex == "U"


def test_the_merged_patient_is_found_by_both_numbers() -> None:
    patient = patient_with(Story.MERGED)
    assert patient_by_number(1021) is patient_by_number(1009) is patient
    assert {one.patient_id for one in documents_of(patient)} == {
        "P1009^^^&2.999.1.1&ISO",
        "P1021^^^&2.999.1.1&ISO",
    }


def test_images_without_report_have_no_document_yet() -> None:
    patient = patient_with(Story.IMAGES_WITHOUT_REPORT)
    (exam,) = [exam for exam in UNREPORTED if exam.patient == patient.number]
    assert exam.study_uid not in {one.study_instance_uid for one in documents_of(patient)}
