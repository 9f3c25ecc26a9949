"""`xds kos`: imaging manifests, built and shown."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from pydicom.dataset import Dataset

from xds.cli.options import json_option, quiet_option, read_oid, timeout_option, url_option
from xds.cli.outcome import Refused, Unreadable, finding_json, show_findings, write_json
from xds.cli.progress import progress_bar
from xds.client import DicomWebClient, ImagingClient, study_of_url
from xds.codes import ConceptMap, load_concept_map
from xds.content import (
    HEAD_ENDS,
    DocumentFacts,
    Locators,
    UnreadableDocument,
    build_manifest,
    manifest_facts,
    read_head,
    read_manifest,
    sniff,
)
from xds.model import (
    InstanceRequest,
    InstancesRequest,
    Manifest,
    ManifestChanges,
    manifest_changes,
    new_oid,
)
from xds.settings import SettingsError
from xds.transactions import Role

DEFAULT_ZONE: Final = "America/Toronto"
_HEAD: Final = 132
_DECODED: Final = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.10008.1.2.5",
    *(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)),
)
"""Files keep what they are: whoever looks at them decodes them."""


def read_zone(_context: click.Context, _parameter: click.Parameter, value: str) -> ZoneInfo:
    """Take the name of a time zone: the callback of an option."""
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise click.BadParameter(f"{value!r} is no time zone here; write it like {DEFAULT_ZONE}") from None


def zone_option(command: Any) -> Any:
    """The zone of times that tell none."""
    return click.option(
        "--zone",
        default=DEFAULT_ZONE,
        show_default=True,
        metavar="NAME",
        callback=read_zone,
        help="Time zone of the source, for DICOM times that tell none.",
    )(command)


def concept_map_option(command: Any) -> Any:
    """The domain's concept map."""
    return click.option(
        "--concept-map",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        callback=read_concept_map,
        help="TOML file that maps local procedure codes to typeCode, modality and region.",
    )(command)


def read_concept_map(
    _context: click.Context, _parameter: click.Parameter, value: Path | None
) -> ConceptMap | None:
    """Take a concept map: the callback of an option."""
    try:
        return None if value is None else load_concept_map(value)
    except SettingsError as error:
        raise Unreadable(str(error)) from None


def _optional_oid(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value is None else read_oid(context, parameter, value)


@click.group(
    epilog="\b\nExamples: xds kos build images/ --location 2.999.50.1 --output manifest.dcm\n"
    "          xds kos show manifest.dcm"
)
def kos() -> None:
    """Imaging manifests: DICOM Key Object Selections that tell where a study's images are."""


@kos.command(
    epilog="SOURCE is a folder of DICOM files, a file, or a study of a DICOMweb service.\n\n\b\n"
    "Example: xds kos build http://127.0.0.1:8042/dicom-web/studies/2.999.7.1 \\\n"
    "             --location 2.999.50.1 --output manifest.dcm"
)
@click.argument("source", metavar="SOURCE")
@click.option(
    "--location",
    metavar="OID",
    required=True,
    callback=read_oid,
    help="Retrieve Location UID: the OID of the archive that holds the images.",
)
@click.option("--ae-title", metavar="AET", help="Retrieve AE Title of the archive.")
@click.option("--retrieve-url", metavar="URL", help="Base of the archive's DICOMweb service.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("manifest.dcm"),
    show_default=True,
    help="Where the manifest is written.",
)
@click.option(
    "--replacing",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The published manifest: a new one is written only when instances came, went or moved.",
)
@click.option(
    "--unique-id",
    metavar="OID",
    callback=_optional_oid,
    help="SOP Instance UID; else a new one.",
)
@zone_option
@timeout_option
@json_option
@quiet_option
def build(
    *,
    source: str,
    location: str,
    ae_title: str | None,
    retrieve_url: str | None,
    output: Path,
    replacing: Path | None,
    unique_id: str | None,
    zone: ZoneInfo,
    timeout: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Build the manifest of a study.

    With --replacing it compares with the manifest that was published; publish the new one with
    `xds publish --replace`.
    """
    old = None if replacing is None else _read(replacing, zone)
    notes: list[str] = []
    try:
        octets = build_manifest(
            _heads(source, timeout, notes),
            Locators(retrieve_location_uid=location, retrieve_ae_title=ae_title, retrieve_url=retrieve_url),
            sop_instance_uid=unique_id or new_oid(),
            series_instance_uid=new_oid(),
            created=datetime.now(zone),
        )
    except UnreadableDocument as error:
        raise Unreadable(f"{source}: {error}") from None
    new = read_manifest(octets, zone=zone)
    changes = None if old is None else manifest_changes(old, new)
    written = changes is None or bool(changes)
    if written:
        output.write_bytes(octets)
    if not quiet:
        for note in notes:
            click.echo(f"note: {note}", err=True)
    if as_json:
        write_json(
            {"file": str(output) if written else None, **_as_json(new), "changes": _changes_json(changes)}
        )
    else:
        _say_built(new, output, changes)


def _say_built(new: Manifest, output: Path, changes: ManifestChanges | None) -> None:
    if changes is not None:
        click.echo(
            f"{len(changes.added)} instances came, {len(changes.removed)} went, {len(changes.relocated)} moved"
        )
        if not changes:
            click.echo("the published manifest is still right; nothing was written")
            return
    count, series = sum(1 for _ in new.instances()), sum(1 for _ in new.series())
    click.echo(f"{output}\t{new.sop_instance_uid}\t{series} series\t{count} instances")


@kos.command(
    epilog="\b\nExample: xds kos retrieve manifest.dcm -o images --from http://127.0.0.1:8080/dics/imaging"
)
@click.argument("manifest", metavar="MANIFEST", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--output",
    "-o",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("images"),
    show_default=True,
    help="The folder for the images; made when missing.",
)
@url_option("--from", Role.IMAGING)
@click.option(
    "--transfer-syntax",
    "syntaxes",
    multiple=True,
    metavar="UID",
    help="What can be decoded; else everything but video.  [several]",
)
@zone_option
@timeout_option
@json_option
@quiet_option
def retrieve(
    *,
    manifest: Path,
    output: Path,
    url: str,
    syntaxes: tuple[str, ...],
    zone: ZoneInfo,
    timeout: float,
    as_json: bool,
    quiet: bool,
) -> None:
    """Retrieve the images of a manifest (RAD-69)."""
    wanted = _instances(_read(manifest, zone))
    if not wanted:
        raise Unreadable(f"{manifest} names no instance with a Retrieve Location UID")
    output.mkdir(parents=True, exist_ok=True)
    request = InstancesRequest(instances=wanted, transfer_syntax_uids=syntaxes or _DECODED)
    with ImagingClient(url, timeout=timeout) as client, progress_bar("retrieving", quiet=quiet) as progress:
        result = client.retrieve_files(request, output, progress=progress)
    if as_json:
        write_json(
            {
                "status": result.response.status.name,
                "files": [str(item.path) for item in result.documents],
                "findings": [finding_json(finding) for finding in result.response.findings],
            }
        )
    else:
        show_findings(result.response.findings)
        click.echo(f"{len(result.documents)} of {len(wanted)} images in {output}")
    if not result.response.is_success:
        raise Refused(f"{len(wanted) - len(result.documents)} images did not come")


def _instances(manifest: Manifest) -> tuple[InstanceRequest, ...]:
    return tuple(
        InstanceRequest(
            study_instance_uid=study.study_instance_uid,
            series_instance_uid=series.series_instance_uid,
            document_unique_id=instance.sop_instance_uid,
            repository_unique_id=series.retrieve_location_uid,
        )
        for study, series in manifest.series()
        for instance in series.instances
        if series.retrieve_location_uid
    )


@kos.command(epilog="\b\nExample: xds kos show manifest.dcm --concept-map concepts.toml")
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path, dir_okay=False)
)
@click.option("--instances", is_flag=True, help="List every instance.")
@concept_map_option
@zone_option
@json_option
def show(
    *,
    files: tuple[Path, ...],
    instances: bool,
    concept_map: ConceptMap | None,
    zone: ZoneInfo,
    as_json: bool,
) -> None:
    """Show what a manifest says, and what a publisher takes from it.

    With a concept map, codes that it lacks are ranked by how often they came.
    """
    read = [(path, _read(path, zone)) for path in files]
    facts = [manifest_facts(manifest, concept_map) for _, manifest in read]
    unmapped = [] if concept_map is None else concept_map.unmapped()
    if as_json:
        write_json(
            {
                "manifests": [
                    {"file": str(path), **_as_json(manifest), "metadata": _facts_json(found)}
                    for (path, manifest), found in zip(read, facts, strict=True)
                ],
                "unmapped": [{"code": c, "scheme": s, "count": n} for (c, s), n in unmapped],
            }
        )
        return
    for (path, manifest), found in zip(read, facts, strict=True):
        for line in _shown(path, manifest, found, instances):
            click.echo(line)
    for (code, scheme), count in unmapped:
        click.echo(f"unmapped  {count} × {code} of {scheme}")


def _read(path: Path, zone: ZoneInfo) -> Manifest:
    try:
        return read_manifest(path, zone=zone)
    except UnreadableDocument as error:
        raise Unreadable(f"{path}: {error}") from None


def _heads(source: str, timeout: float, notes: list[str]) -> Iterable[Dataset]:
    """The heads of the instances of a folder, a file or a DICOMweb study."""
    if source.startswith(("http://", "https://")):
        parts = study_of_url(source)
        if parts is None:
            raise click.BadParameter(
                f"{source} is no study; write it like http://host/dicom-web/studies/UID", param_hint="SOURCE"
            )
        client = DicomWebClient(parts[0], seconds=timeout)
        try:
            return client.metadata(parts[1])
        finally:
            client.close()
    return list(_files(Path(source), notes))


def _files(path: Path, notes: list[str]) -> Iterator[Dataset]:
    found = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    for item in found:
        with item.open("rb") as file:
            is_dicom = sniff(file.read(_HEAD)) == "application/dicom"
        if not is_dicom:
            notes.append(f"{item} is no DICOM file; left out")
            continue
        try:
            head = read_head(item, until=HEAD_ENDS)
        except UnreadableDocument as error:
            raise Unreadable(f"{item}: {error}") from None
        if "SOPInstanceUID" in head:
            yield head
        else:
            notes.append(f"{item} is no instance, a DICOMDIR perhaps; left out")


def _shown(path: Path, manifest: Manifest, facts: DocumentFacts, instances: bool) -> Iterator[str]:
    title = manifest.title
    yield f"{path}"
    yield f"  uniqueId      {manifest.sop_instance_uid}"
    if title is not None:
        yield f"  title         {title.display[0].value} ({title.code}, {title.scheme})"
    yield f"  study time    {facts.service_start_time or '-'} UTC"
    yield f"  procedure     {facts.title or '-'}"
    yield f"  typeCode      {facts.type_code or '- (18748-4 is used)'}"
    yield f"  eventCodeList {', '.join(map(str, facts.event_codes)) or '-'}"
    for value in facts.reference_ids:
        yield f"  reference     {value}"
    for study in manifest.studies:
        yield f"  study         {study.study_instance_uid}"
        for series in study.series:
            places = [series.retrieve_location_uid, series.retrieve_ae_title, series.retrieve_url]
            yield f"    series      {series.series_instance_uid}\t{len(series.instances)} instances"
            yield f"      at        {' '.join(item for item in places if item) or 'no place is named'}"
            if instances:
                yield from (f"      {one.sop_instance_uid}\t{one.sop_class_uid}" for one in series.instances)
    for problem in facts.problems:
        yield f"  note          {problem}"


def _as_json(manifest: Manifest) -> dict[str, object]:
    return {
        "sop_instance_uid": manifest.sop_instance_uid,
        "sop_class_uid": manifest.sop_class_uid,
        "title": None if manifest.title is None else list(manifest.title.key),
        "studies": [
            {
                "study_instance_uid": study.study_instance_uid,
                "series": [
                    {
                        "series_instance_uid": series.series_instance_uid,
                        "retrieve_location_uid": series.retrieve_location_uid,
                        "retrieve_ae_title": series.retrieve_ae_title,
                        "retrieve_url": series.retrieve_url,
                        "instances": [one.sop_instance_uid for one in series.instances],
                    }
                    for series in study.series
                ],
            }
            for study in manifest.studies
        ],
    }


def _facts_json(facts: DocumentFacts) -> dict[str, object]:
    return {
        "title": facts.title,
        "type_code": None if facts.type_code is None else str(facts.type_code),
        "event_codes": [str(code) for code in facts.event_codes],
        "service_start_time": facts.service_start_time,
        "reference_ids": list(facts.reference_ids),
        "problems": list(facts.problems),
    }


def _changes_json(changes: ManifestChanges | None) -> dict[str, object] | None:
    if changes is None:
        return None
    return {
        "added": sorted(changes.added),
        "removed": sorted(changes.removed),
        "relocated": sorted(changes.relocated),
    }
