"""Every identifier of the seed comes from here, from small fixed numbers: the same on every run and platform.

All OIDs stand under the ITU example arc 2.999, and none is random. `patient` is the number in the patient
id (1001 for P1001), `exam` counts a patient's exams, the last number counts documents of one exam.

=============================================  =====================================================
``2.999.1.1``                                  authority of the provincial patient ids (ECID)
``2.999.4.n``                                  DI-r n: sourceId of its submissions
``2.999.5.patient.exam.document``              a report: DocumentEntry.uniqueId, ClinicalDocument/id
``2.999.6.patient.number``                     SubmissionSet.uniqueId; 1000 and above is **reserved** for
                                               what later publishes manifests, merges and consent
``2.999.7.patient.exam``                       Study Instance UID; ``.series`` and ``.series.instance``
                                               below it are **reserved** for its images
``2.999.8.patient.exam``                       **reserved** for the manifest of the study: this is the
                                               series of the KOS, ``.n`` its n-th version (SOP Instance
                                               UID, which is the entry's uniqueId)
``2.999.9.patient.number``                     Folder.uniqueId
``2.999.10.1``                                 our code list for Folders
``2.999.18.n``                                 MRN pools
``2.999.23.n``                                 organizations; below: ``.101.1`` the system that issues
                                               accession numbers, ``.102.1`` its local procedure codes
``2.999.30.1``                                 the device that feeds patients (ITI-44)
``2.999.59.1``                                 health numbers of another, invented province
=============================================  =====================================================

An object's UUID is the name-based UUID (RFC 4122 version 5) of its uniqueId, an Association's that of its
two ends and type.
"""

import uuid
from typing import Final

from xds.model import UUID_PREFIX

ECID_AUTHORITY: Final = "2.999.1.1"
IDENTITY_SOURCE: Final = "2.999.30.1"
OTHER_PROVINCE: Final = "2.999.59.1"
FOLDER_CODES: Final = "2.999.10.1"
RESERVED_SUBMISSION_SETS: Final = 1000
"""SubmissionSets of a patient from this number on belong to later seeds."""


def document_uid(patient: int, exam: int, document: int) -> str:
    """DocumentEntry.uniqueId of a report."""
    return f"2.999.5.{patient}.{exam}.{document}"


def submission_set_uid(patient: int, number: int) -> str:
    """SubmissionSet.uniqueId."""
    return f"2.999.6.{patient}.{number}"


def study_uid(patient: int, exam: int) -> str:
    """Study Instance UID of an exam."""
    return f"2.999.7.{patient}.{exam}"


def manifest_uid(patient: int, exam: int, version: int = 1) -> str:
    """SOP Instance UID of the exam's manifest; nothing publishes it yet."""
    return f"2.999.8.{patient}.{exam}.{version}"


def folder_uid(patient: int, number: int) -> str:
    """Folder.uniqueId."""
    return f"2.999.9.{patient}.{number}"


def object_uuid(unique_id: str) -> str:
    """entryUUID of a DocumentEntry, SubmissionSet or Folder.

    >>> object_uuid("2.999.5.1001.1.1")
    'urn:uuid:369a01fd-5565-5212-b27c-141b64dcbbe6'
    """
    return f"{UUID_PREFIX}{uuid.uuid5(uuid.NAMESPACE_OID, unique_id)}"


def association_uuid(source: str, association_type: str, target: str) -> str:
    """entryUUID of an Association between two objects."""
    return f"{UUID_PREFIX}{uuid.uuid5(uuid.NAMESPACE_OID, f'{source} {association_type} {target}')}"


def health_card_number(patient: int) -> str:
    """Return the health card number of a fabricated patient: our reserved range, with its check digit.

    All start with ``99900``, then come the four digits of the patient, then the mod-10 check digit, so that
    a viewer's own check accepts them. They are fabricated; no card bears them.
    """
    digits = f"99900{patient:04d}"
    return digits + check_digit(digits)


def check_digit(digits: str) -> str:
    """Return the tenth digit of a health card number from the first nine.

    The first, third, … digit counts doubled (the two digits of a product over nine are added), the others
    as they are; the check digit fills the sum up to a multiple of ten.

    >>> check_digit("987654321")
    '7'
    """
    total = 0
    for position, digit in enumerate(digits):
        value = int(digit) * (1 if position % 2 else 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
