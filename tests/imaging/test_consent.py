"""What a patient withholds is not shown in pictures either: RAD-69, RAD-55 and RAD-107 ask of every manifest."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.imaging.requests import LOCATION, asking, instances, publish
from tests.transactions.conftest import Service, base_settings, running
from xds.access import DirectiveKind
from xds.client import ImagingClient
from xds.client.documents import MemoryParts
from xds.model import ResponseStatus
from xds.sandbox.phantoms import PHANTOMS
from xds.store import ConsentStore, Pool, open_pool

Files = Callable[[str], dict[str, bytes]]
SAID = {"reason": "the patient said so", "author": "a test"}


@dataclass(frozen=True)
class Clinic:
    """A service with a folder of images, and its consent by another process: this one."""

    service: Service
    pool: Pool
    folder: Path

    def sees(self, name: str, uids: list[str]) -> tuple[bool, tuple[str, ...]]:
        """Whether RAD-69 gives the images, and what it says if not."""
        with ImagingClient(f"{self.service.url}/dics/imaging") as client:
            answer = client.retrieve(asking(instances(name, uids)), MemoryParts(1 << 26))
        given = answer.response.status is ResponseStatus.SUCCESS
        assert given == bool(answer.documents)
        return given, tuple(sorted({f"{item.code} {item.context}" for item in answer.response.findings}))


@pytest.fixture
def clinic(new_database: Callable[[], str], phantoms: Files, tmp_path: Path) -> Iterator[Clinic]:
    dsn = new_database()
    images = tmp_path / "images"
    images.mkdir()
    for uid, octets in (phantoms("mg") | phantoms("cr")).items():
        (images / uid).write_bytes(octets)
    settings = base_settings(dsn, tmp_path)
    settings["server"] |= {"roles": ["registry", "repository", "imaging"], "workers": 1}
    settings["imaging.source"] = [{"location_uid": LOCATION, "kind": "folder", "folder": str(images)}]
    pool = open_pool(dsn, size=2, statement_timeout=10, idle_in_transaction_timeout=10)
    with running(tmp_path, settings) as service:
        yield Clinic(service, pool, tmp_path)
    pool.close()


def test_a_domain_block_counts_for_the_next_request(clinic: Clinic, phantoms: Files) -> None:
    """It reads as a study that nobody shares; another patient's images are given; lifted, they are there again."""
    mg, cr = list(phantoms("mg")), list(phantoms("cr"))
    _, patient = publish(clinic.service, clinic.folder, phantoms("mg").values())
    publish(clinic.service, clinic.folder, phantoms("cr").values())
    assert clinic.sees("mg", mg) == (True, ())
    store = ConsentStore(clinic.pool)
    store.restrict(patient, DirectiveKind.DOMAIN, **SAID)
    blocked = clinic.sees("mg", mg)
    assert blocked == (False, clinic.sees("ct", ["2.999.404.1.1"])[1])
    assert clinic.sees("cr", cr) == (True, ())
    store.reinstate(patient, DirectiveKind.DOMAIN, **SAID)
    assert clinic.sees("mg", mg) == (True, ())


def test_a_record_block_is_of_its_manifest(clinic: Clinic, phantoms: Files) -> None:
    """Two exams of one patient: one manifest is withheld, and with it its images only."""
    manifest, patient = publish(clinic.service, clinic.folder, phantoms("mg").values())
    publish(clinic.service, clinic.folder, phantoms("cr").values(), patient=patient)
    ConsentStore(clinic.pool).restrict(patient, DirectiveKind.RECORD, manifest, **SAID)
    assert clinic.sees("mg", list(phantoms("mg")))[0] is False
    assert clinic.sees("cr", list(phantoms("cr")))[0] is True


def test_a_second_manifest_opens_nothing(clinic: Clinic, phantoms: Files) -> None:
    """A manifest of another patient names the study of a blocked one: it stays closed."""
    _, patient = publish(clinic.service, clinic.folder, phantoms("mg").values())
    ConsentStore(clinic.pool).restrict(patient, DirectiveKind.DOMAIN, **SAID)
    publish(clinic.service, clinic.folder, phantoms("mg").values())
    assert clinic.sees("mg", list(phantoms("mg")))[0] is False


def test_wado_asks_consent_too(clinic: Clinic, phantoms: Files) -> None:
    """The answer is that of an unknown study: no archive is asked."""
    _, patient = publish(clinic.service, clinic.folder, phantoms("mg").values())
    ConsentStore(clinic.pool).restrict(patient, DirectiveKind.DOMAIN, **SAID)
    session = requests.Session()
    session.trust_env = False
    texts = {
        session.get(f"{clinic.service.url}/dics/dicom-web/studies/{study}", timeout=10).text
        for study in (PHANTOMS["mg"].study_uid, "2.999.404")
    }
    assert len(texts) == 1
