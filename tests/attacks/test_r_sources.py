"""Row R1 of the attack list: addresses in requests, metadata and manifests, which nobody may be sent to."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.attacks.open_target import OpenTarget, attacked
from tests.imaging.requests import EXPLICIT, LOCATION, publish
from tests.transactions import samples
from tests.transactions.wire import send, send_mtom
from xds.ebxml import encode_imaging_request
from xds.model import InstanceRequest, InstancesRequest
from xds.sandbox.phantoms import PHANTOMS, phantom_files

INSIDE = {
    "a listener of this machine": "URL",
    "a cloud's metadata": "http://169.254.169.254/latest/meta-data/",
    "a file": "file:///etc/hostname",
    "a path": "../../../etc",
    "gopher": "gopher://127.0.0.1:6379/_FLUSHALL",
    "another's location": "2.999.50.99",
}


@pytest.fixture(scope="module")
def target(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTarget]:
    """A service with an image in a folder, and its manifest, whose Retrieve URL is where nobody may call."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "files").mkdir()
    ((uid, octets),) = phantom_files(replace(PHANTOMS["cr"], instances=1))
    (folder / "files" / f"{uid}.dcm").write_bytes(octets)
    changes = {
        "server": {"roles": ["registry", "repository", "imaging"]},
        "imaging.source": [{"location_uid": LOCATION, "kind": "folder", "folder": str(folder / "files")}],
    }
    with attacked(new_database(), folder, **changes) as started:
        publish(
            started.service, folder, [octets], retrieve_url=started.url
        )  # or nothing would be given at all
        yield started


def wanted(**changes: str) -> InstanceRequest:
    """The instance of the folder, with something else in the request."""
    ((uid, _),) = phantom_files(replace(PHANTOMS["cr"], instances=1))
    asked = InstanceRequest(
        study_instance_uid=PHANTOMS["cr"].study_uid,
        series_instance_uid=uid.rpartition(".")[0],
        document_unique_id=uid,
        repository_unique_id=LOCATION,
    )
    return replace(asked, **changes)


def refused(target: OpenTarget, request: InstanceRequest) -> None:
    body = encode_imaging_request(InstancesRequest(instances=(request,), transfer_syntax_uids=(EXPLICIT,)))
    with target.unharmed():
        answer = send_mtom(target.port, "RAD-69", body)
    assert answer.status == 200 and answer.codes, answer.body[:500]
    assert b"DICM" not in answer.body


@pytest.mark.parametrize("address", INSIDE.values(), ids=INSIDE.keys())
def test_r1_a_source_is_one_of_the_settings(target: OpenTarget, address: str) -> None:
    refused(target, wanted(repository_unique_id=address.replace("URL", target.url)))


@pytest.mark.parametrize("field", ["study_instance_uid", "series_instance_uid", "document_unique_id"])
@pytest.mark.parametrize("value", ["../../../../etc/hostname", "/etc/hostname", "..%2f..%2fhostname", "URL"])
def test_r1_ids_are_no_paths(target: OpenTarget, field: str, value: str) -> None:
    refused(target, wanted(**{field: value.replace("URL", target.url)}))


def test_r1_a_manifest_sends_nobody_anywhere(target: OpenTarget) -> None:
    """The image comes from where the settings have it."""
    ((_, octets),) = phantom_files(replace(PHANTOMS["cr"], instances=1))
    body = encode_imaging_request(InstancesRequest(instances=(wanted(),), transfer_syntax_uids=(EXPLICIT,)))
    with target.unharmed():
        answer = send_mtom(target.port, "RAD-69", body)
    assert answer.result == "Success", answer.body[:1000]
    assert octets in answer.body


@pytest.mark.parametrize("address", ["URL", "http://169.254.169.254/", "file:///etc/hostname"])
def test_r1_metadata_sends_nobody_anywhere(target: OpenTarget, address: str) -> None:
    """DocumentEntry.URI is kept as it came, and a repositoryUniqueId is compared, not called."""
    address = address.replace("URL", target.url)
    entry = samples.entry(samples.fresh_patient(), uri=address)
    with target.unharmed(stores=True):
        send(target.port, "ITI-42", samples.register_body(samples.submission(entry)))
        for repository in (address, samples.REPOSITORY):
            answer = send_mtom(
                target.port, "ITI-43", samples.retrieve_body(entry.unique_id or "", repository=repository)
            )
            assert answer.codes in (["XDSUnknownRepositoryId"], ["XDSDocumentUniqueIdError"]), answer.body
