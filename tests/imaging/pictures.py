"""The pictures of docs/imaging.md, made of what RAD-69 retrieves by ``python -m tests.imaging.pictures``."""

import io
import tempfile
from pathlib import Path
from typing import Final

import pydicom
from PIL import Image

from tests.imaging.orthanc import running_orthanc
from tests.imaging.requests import LOCATION, asking, instances, publish
from tests.transactions.conftest import base_settings, running
from xds.client import ImagingClient
from xds.client.documents import MemoryParts
from xds.sandbox.phantom_pixels import windowed
from xds.sandbox.phantoms import PHANTOMS, phantom_files
from xds.store import EmbeddedPostgres, locate_binaries, migrate

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
PICTURES: Final = {
    "ct": (PHANTOMS["ct"].study_uid + ".1.143", FOLDER / "ct.png"),
    "us": (PHANTOMS["us"].study_uid + ".1.2", FOLDER / "us.png"),
}
"""Phantom → the instance that is shown, and where."""


def picture(octets: bytes) -> Image.Image:
    """An instance as a viewer shows it, twice as large."""
    dataset = pydicom.dcmread(io.BytesIO(octets))
    pixels = dataset.pixel_array
    is_grey = dataset.SamplesPerPixel == 1
    image = Image.fromarray(windowed(pixels - 1024.0, centre=-250, width=1500) if is_grey else pixels[1])
    return image.resize((2 * image.width, 2 * image.height), Image.Resampling.NEAREST)


def main() -> None:
    """Retrieve both and write them."""
    folder = Path(tempfile.mkdtemp(prefix="xds-pictures-"))
    folder.chmod(0o755)
    FOLDER.mkdir(exist_ok=True)
    with running_orthanc() as archive, EmbeddedPostgres(folder / "postgresql", locate_binaries()) as postgres:
        migrate(postgres.dsn)
        settings = base_settings(postgres.dsn, folder)
        settings["server"] |= {"roles": ["registry", "repository", "imaging"], "workers": 1}
        settings["imaging.source"] = [{"location_uid": LOCATION, "url": archive.dicom_web}]
        with running(folder, settings) as service, ImagingClient(f"{service.url}/dics/imaging") as client:
            for name, (uid, path) in PICTURES.items():
                files = dict(phantom_files(PHANTOMS[name]))
                archive.load(files.items())
                publish(service, folder, files.values())
                parts = MemoryParts(1 << 26)
                ((_, content_id),) = client.retrieve(asking(instances(name, [uid])), parts).documents
                picture(parts.contents[content_id]).save(path, optimize=True)


if __name__ == "__main__":
    main()
