"""Requests for images, and what is published so that they may be asked for."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import pydicom

from tests.transactions import samples
from tests.transactions.conftest import Service
from xds.cli.metadata import Wishes, describe, submission_of
from xds.client import RepositoryClient
from xds.content import Locators, build_manifest
from xds.model import InstanceRequest, InstancesRequest, new_oid
from xds.sandbox.phantoms import PHANTOMS

LOCATION: Final = "2.999.50.1"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
ANY: Final = (
    EXPLICIT,
    IMPLICIT,
    *(f"1.2.840.10008.1.2.4.{number}" for number in (50, 80, 90, 91)),
)


def publish(
    service: Service,
    folder: Path,
    files: Iterable[bytes],
    *,
    location: str = LOCATION,
    patient: str | None = None,
    retrieve_url: str | None = None,
) -> tuple[str, str]:
    """Publish the manifest of a study; return its uniqueId and the patient id."""
    heads = [pydicom.dcmread(BytesIO(octets), stop_before_pixels=True) for octets in files]
    uid, patient = new_oid(), patient or samples.fresh_patient()
    path = folder / f"{uid}.dcm"
    path.write_bytes(
        build_manifest(
            heads,
            Locators(retrieve_location_uid=location, retrieve_url=retrieve_url),
            sop_instance_uid=uid,
            series_instance_uid=new_oid(),
            created=datetime.now(UTC),
        )
    )
    wishes = Wishes(patient_id=patient, source_id="2.999.4.1")
    described = describe(path, wishes)
    with RepositoryClient(f"{service.url}/dics/repository") as repository:
        response = repository.provide(
            submission_of([described.entry], wishes), {described.entry.entry_uuid: path}
        )
    assert response.is_success, response.findings
    return uid, patient


def instances(
    name: str, uids: Iterable[str], *, location: str = LOCATION, home: str | None = None
) -> tuple[InstanceRequest, ...]:
    """Ask for instances of a phantom: their series is their UID without its last number."""
    return tuple(
        InstanceRequest(
            study_instance_uid=PHANTOMS[name].study_uid,
            series_instance_uid=uid.rpartition(".")[0],
            document_unique_id=uid,
            repository_unique_id=location,
            home_community_id=home,
        )
        for uid in uids
    )


def asking(wanted: Sequence[InstanceRequest], syntaxes: Sequence[str] = ANY) -> InstancesRequest:
    """A whole request."""
    return InstancesRequest(instances=tuple(wanted), transfer_syntax_uids=tuple(syntaxes))
