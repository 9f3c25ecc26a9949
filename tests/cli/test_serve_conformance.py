"""`xds serve --config deploy/conformance.toml`: what an outside test tool meets, with nothing but the command line."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.test_serve import ROOT, Lite, make_folder
from tests.conftest import free_port
from tests.feeds import messages
from tests.samples import builders
from tests.transactions import samples
from tests.transactions.wire import Answer, send, send_mtom

CODES = ROOT / "tests" / "samples" / "codes.xml"
CLASSES = "1.3.6.1.4.1.19376.1.2.6.1"


@dataclass(frozen=True)
class Conformance:
    """The service, and what was asked of it."""

    process: Lite
    port: int
    feed: int
    folder: Path

    def announce(self, patient: str) -> str:
        """Feed a patient (A04); the acknowledgement's code."""
        with messages.feed(self.feed) as feed:
            return messages.code(feed.send(messages.adt("A04", pid3=patient)))

    def publish(self, patient: str, class_code: str = "REPORTS", **changes: object) -> Answer:
        """ITI-41 with one document."""
        entry = samples.entry(patient, class_code=builders.code(class_code, CLASSES), **changes)
        made = samples.provided(samples.submission(entry))
        body, parts = samples.provide_body(made, {entry.entry_uuid: b"octets"})
        return send_mtom(self.port, "ITI-41", body, *parts)


@pytest.fixture(scope="module")
def conformance() -> Iterator[Conformance]:
    folder, port, feed = make_folder(), free_port(), free_port()
    process = Lite(
        folder, "--config", ROOT / "deploy" / "conformance.toml", "--port", port, "--pid-feed-port", feed,
        "--codes", CODES, "--data-dir", "data",
    )  # fmt: skip
    try:
        process.until(lambda: "try it" in process.out)
        yield Conformance(process, port, feed, folder)
    finally:
        process.end()
        shutil.rmtree(folder, ignore_errors=True)


def test_it_says_what_it_serves_and_how_a_tool_is_pointed_at_it(conformance: Conformance) -> None:
    base, out = f"http://127.0.0.1:{conformance.port}", conformance.process.out
    assert out.startswith(f"Serving on {base}\n")
    assert f"{base}/dics/registry  (ITI-42, ITI-18, " in out
    assert f"{base}/dics/repository  (ITI-41, ITI-43" in out
    assert f"mllp://127.0.0.1:{conformance.feed}  " in out
    assert "repositoryUniqueId 2.999.3.1, homeCommunityId urn:oid:2.999.3" in out
    assert "strict, profile ihe" in out
    assert f"of {CODES} are enforced" in out
    assert (
        f"xds conformance run --registry {base}/dics/registry --repository {base}/dics/repository"
        f" --pid-feed 127.0.0.1:{conformance.feed}" in out
    )
    assert (conformance.folder / "data" / "documents").is_dir(), "the data is where we were told"


def test_a_patient_is_known_once_the_feed_says_so(conformance: Conformance) -> None:
    patient = "CONF1^^^&2.999.77.1&ISO"
    assert conformance.publish(patient).codes == ["XDSUnknownPatientId"]
    asked = send(conformance.port, "ITI-18", samples.find_body(patient))
    assert asked.codes == ["XDSUnknownPatientId"]
    assert conformance.announce(patient) == "AA"
    assert conformance.publish(patient).contexts == []
    found = send(conformance.port, "ITI-18", samples.find_body(patient))
    assert found.result == "Success"
    (entry,) = found.elements("ExtrinsicObject")
    assert entry.get("home") == "urn:oid:2.999.3"
    (unique_id,) = [
        item.get("value", "")
        for item in entry.iterfind("{*}ExternalIdentifier")
        if item.get("identificationScheme") == "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    ]
    retrieved = send_mtom(
        conformance.port,
        "ITI-43",
        samples.retrieve_body(unique_id, repository="2.999.3.1", home="urn:oid:2.999.3"),
    )
    assert b"octets" in retrieved.body


def test_patients_of_another_authority_are_those_of_the_feed_too(conformance: Conformance) -> None:
    for authority in ("2.999.77.2", "2.999.77.3"):
        patient = f"CONF2^^^&{authority}&ISO"
        assert conformance.announce(patient) == "AA"
        assert conformance.publish(patient).contexts == []


def test_codes_are_those_of_the_file(conformance: Conformance) -> None:
    patient = "CONF3^^^&2.999.77.1&ISO"
    conformance.announce(patient)
    refused = conformance.publish(patient, "REPORT")
    assert refused.codes == ["XDSRegistryMetadataError"]
    assert (
        f"'REPORT^^{CLASSES}' is not in the domain's list for classCode; the nearest" in refused.contexts[0]
    )


def test_it_is_strict(conformance: Conformance) -> None:
    patient = "CONF4^^^&2.999.77.1&ISO"
    conformance.announce(patient)
    refused = conformance.publish(patient, source_patient_id=None)
    assert refused.codes == ["XDSRegistryMetadataError"]


def test_it_ends_like_any_other(conformance: Conformance) -> None:
    assert (conformance.process.interrupt(), conformance.process.processes()) == (0, [])
