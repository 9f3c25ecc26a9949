"""RAD-69 of a large study against WADO-RS straight from the archive: octets a second, first octet, memory."""

import http.client
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import pydicom

from benchmarks.measure import Growth, Ratio, Sample, bracketed
from benchmarks.memory import PeakMemory
from benchmarks.service import free_port, running
from tests.imaging.orthanc import HOW, Archive, running_orthanc
from xds.cli.metadata import Wishes, describe, submission_of
from xds.client import RepositoryClient
from xds.content import Locators, build_manifest
from xds.ebxml import encode_imaging_request
from xds.mime import related
from xds.model import InstanceRequest, InstancesRequest, new_oid
from xds.sandbox.phantoms import EXPLICIT, PHANTOMS, PhantomPlan, phantom_files
from xds.transactions import RAD_69
from xds.xml.namespaces import SOAP12, WSA

MIB = 1024 * 1024
_LOCATION: Final = "2.999.50.1"
_SLICE: Final = 512 * 512 * 2
_WADO: Final = {
    "Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*',
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What one side took."""

    octets: int
    first_ms: float
    seconds: float


def retrieve(dsn: str, folder: Path, *, size: int, rounds: int) -> list[Ratio | Growth]:
    """A study of `size` octets, in instances of half a MiB; nothing where there is no archive."""
    if shutil.which("Orthanc", path="/usr/sbin:/usr/bin") is None:
        print(f"  RAD-69 is not measured: it needs the archive Orthanc, {HOW}", file=sys.stderr)
        return []
    plan = replace(PHANTOMS["ct"], size=512, instances=max(60, size // _SLICE))
    home = Path(tempfile.mkdtemp(prefix="imaging-", dir=folder))
    with running_orthanc() as archive:
        source = [{"location_uid": _LOCATION, "url": archive.dicom_web}]
        server = {
            "port": free_port(),
            "workers": 1,
            "threads": 32,
            "roles": ["registry", "repository", "imaging"],
        }
        with running(home, dsn, server=server, **{"imaging.source": source}) as service:
            uids = _published(plan, archive, service.port, home)
            return _measured(service.port, service.processes(), archive, plan, uids, rounds)


def _measured(
    port: int, processes: list[int], archive: Archive, plan: PhantomPlan, uids: list[str], rounds: int
) -> list[Ratio | Growth]:
    request = _request(plan, uids)
    series = f"/dicom-web/studies/{plan.study_uid}/series/{plan.study_uid}.1"

    def ours() -> _Fetched:
        return _fetch(port, "POST", "/dics/imaging", *request)

    def theirs() -> _Fetched:
        return _fetch(archive.port, "GET", series, None, _WADO)

    ours()  # the pages of both are warm
    theirs()
    peak = PeakMemory(processes)
    mine, others = bracketed(_rate(ours), _rate(theirs), rounds=rounds)
    grown = peak.growth_mib()
    first_mine, first_others = bracketed(_first(ours), _first(theirs), rounds=rounds)
    name = f"{len(uids)} instances"
    notes = ("checked by study, series and instance; one worker; two cores have archive, service and client",)
    return [
        Ratio(
            name=f"RAD-69 {name}",
            limit="WADO-RS from the archive",
            unit="MiB/s",
            ours=mine,
            theirs=others,
            target=0.8,
            goal=1.0,
            notes=notes,
        ),
        Ratio(
            name="RAD-69 first octet",
            limit="WADO-RS from the archive",
            unit="per second",
            ours=first_mine,
            theirs=first_others,
            target=0.5,
            goal=0.8,
            notes=("first octets per second: the inverse of the time to the first one",),
        ),
        Growth(name=f"memory, RAD-69 {name}", mib=grown, target=64, goal=16),
    ]


def _rate(fetch: Callable[[], _Fetched]) -> Callable[[], Sample]:
    def sample() -> Sample:
        done = fetch()
        return Sample(rate=done.octets / MIB / done.seconds)

    return sample


def _first(fetch: Callable[[], _Fetched]) -> Callable[[], Sample]:
    def sample() -> Sample:
        return Sample(rate=1000 / fetch().first_ms)

    return sample


def _fetch(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> _Fetched:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    buffer = bytearray(262_144)
    octets, first = 0, 0.0
    while count := response.readinto(buffer):
        first = first or time.perf_counter() - began
        octets += count
    connection.close()
    if response.status != 200:
        raise SystemExit(f"{path} answered HTTP {response.status}")
    return _Fetched(octets, first * 1000, time.perf_counter() - began)


def _published(plan: PhantomPlan, archive: Archive, port: int, folder: Path) -> list[str]:
    """Load the archive and publish the manifest; return the SOP Instance UIDs."""
    uids: list[str] = []

    def heads() -> Iterator[pydicom.Dataset]:
        for uid, octets in phantom_files(plan):
            archive.store(octets)
            uids.append(uid)
            yield pydicom.dcmread(BytesIO(octets), stop_before_pixels=True)

    path = folder / "manifest.dcm"
    path.write_bytes(
        build_manifest(
            heads(),
            Locators(retrieve_location_uid=_LOCATION),
            sop_instance_uid=new_oid(),
            series_instance_uid=new_oid(),
            created=datetime.now(UTC),
        )
    )
    wishes = Wishes(patient_id=f"B{uuid.uuid4().int % 10**9}^^^&2.999.1.1&ISO", source_id="2.999.4.1")
    described = describe(path, wishes)
    with RepositoryClient(f"http://127.0.0.1:{port}/dics/repository") as client:
        answer = client.provide(submission_of([described.entry], wishes), {described.entry.entry_uuid: path})
    if not answer.is_success:
        raise SystemExit(f"the manifest was refused: {answer.findings}")
    return uids


def _request(plan: PhantomPlan, uids: list[str]) -> tuple[bytes, dict[str, str]]:
    wanted = tuple(
        InstanceRequest(
            study_instance_uid=plan.study_uid,
            series_instance_uid=f"{plan.study_uid}.1",
            document_unique_id=uid,
            repository_unique_id=_LOCATION,
        )
        for uid in uids
    )
    body = encode_imaging_request(InstancesRequest(instances=wanted, transfer_syntax_uids=(EXPLICIT,)))
    envelope = (
        f'<env:Envelope xmlns:env="{SOAP12}" xmlns:wsa="{WSA}"><env:Header>'
        f'<wsa:Action env:mustUnderstand="1">{RAD_69.action}</wsa:Action></env:Header><env:Body>'
    ).encode()
    message = related(envelope + body + b"</env:Body></env:Envelope>", action=RAD_69.action)
    return b"".join(message.pieces), {"Content-Type": message.content_type}
