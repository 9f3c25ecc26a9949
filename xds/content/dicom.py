"""DICOM Part 10 files read under limits: any transfer syntax, whatever a stranger sends (DICOM PS3.10 7, PS3.5 A).

pydicom decodes the elements. What it would do without a limit is done here: inflating a deflated dataset, and
descending into sequences within sequences.
"""

import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import pydicom.config
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag

from xds.content.facts import UnreadableDocument

# A stranger's value that breaks a rule of its VR is not ours to complain about, least of all with the value on
# standard error: pydicom has this one switch for it.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"

_PREAMBLE: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomLimits:
    """How much of a file is read."""

    octets: int = 32 * 1024 * 1024  # of the file, and of its dataset when inflated


@dataclass(frozen=True, slots=True, kw_only=True)
class Part10:
    """A file's meta information and its dataset."""

    transfer_syntax_uid: str  # (0002,0010)
    meta: Dataset
    dataset: Dataset


def read_part10(data: bytes, *, until: int | None = None, limits: DicomLimits | None = None) -> Part10:
    """Read a Part 10 file.

    Parameters
    ----------
    until
        A tag, such as 0x7FE00010: it and what comes after it are not read.

    Raises
    ------
    UnreadableDocument
        It is not Part 10, broken, or larger than the limits.
    """
    limits = limits or DicomLimits()
    if len(data) > limits.octets:
        raise UnreadableDocument(f"the DICOM object has {len(data)} octets; at most {limits.octets} are read")
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM":
        raise UnreadableDocument(
            "it is no DICOM Part 10 file: DICM does not stand behind a preamble of 128 octets; send the file as"
            " it is on disk, with its meta information"
        )
    file = BytesIO(data)
    file.seek(_PREAMBLE + 4)
    try:
        meta = read_meta(file)
        syntax = str(meta.get("TransferSyntaxUID", ""))
        if not syntax:
            raise UnreadableDocument("the DICOM file names no Transfer Syntax UID (0002,0010)")
        dataset = read_elements(file, syntax, until=until, limits=limits)
    except UnreadableDocument:
        raise
    except Exception as error:  # a broken file makes pydicom stumble over anything
        raise UnreadableDocument(
            f"the DICOM file is broken ({type(error).__name__}); send the file as its source wrote it"
        ) from None
    return Part10(transfer_syntax_uid=syntax, meta=meta, dataset=dataset)


def read_meta(file: BinaryIO) -> Dataset:
    """Read the meta information, which is always Explicit VR Little Endian; the file is left behind it."""

    def beyond(tag: BaseTag, vr: str | None, length: int) -> bool:
        return tag.group != 2

    return read_dataset(file, is_implicit_VR=False, is_little_endian=True, stop_when=beyond)


def read_elements(
    file: BinaryIO, transfer_syntax_uid: str, *, until: int | None, limits: DicomLimits
) -> Dataset:
    """Read a dataset from where the file stands."""
    if transfer_syntax_uid == DEFLATED:
        file = BytesIO(_inflated(file.read(), limits))

    def beyond(tag: BaseTag, vr: str | None, length: int) -> bool:
        return until is not None and tag >= until

    return read_dataset(
        file,
        is_implicit_VR=transfer_syntax_uid == IMPLICIT_LITTLE,
        is_little_endian=transfer_syntax_uid != EXPLICIT_BIG,
        stop_when=beyond,
    )


def _inflated(data: bytes, limits: DicomLimits) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        octets = inflater.decompress(data, limits.octets)
    except zlib.error as error:
        raise UnreadableDocument(f"the deflated dataset cannot be inflated ({error})") from None
    if inflater.unconsumed_tail:
        raise UnreadableDocument(f"the deflated dataset has more than {limits.octets} octets when inflated")
    return octets


def text(dataset: Dataset, keyword: str) -> str:
    """Return an attribute's value as text, the first of several; empty when it is absent or has none."""
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in dataset:
        return ""
    try:
        value = dataset[tag].value
    except Exception:  # as above
        return ""
    if isinstance(value, (list, tuple)) or type(value).__name__ == "MultiValue":
        value = value[0] if len(value) else ""
    return "" if value is None else str(value).strip(" \0")


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none when it is absent.

    Raises
    ------
    UnreadableDocument
        It cannot be read: what it holds would be lost without a word.
    """
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in dataset:
        return []
    try:
        value = dataset[tag].value
        return [item for item in value or () if isinstance(item, Dataset)]
    except Exception as error:  # as above
        raise UnreadableDocument(f"the sequence {keyword} is broken ({type(error).__name__})") from None


def read_head(path: Path, *, until: int) -> Dataset:
    """Read a Part 10 file up to a tag: of a large image only what stands before its pixels.

    Raises
    ------
    UnreadableDocument
        It is not Part 10 or broken.
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        if file.read(_PREAMBLE + 4)[_PREAMBLE:] != b"DICM":
            raise UnreadableDocument("it is no DICOM Part 10 file")
        try:
            syntax = str(read_meta(file).get("TransferSyntaxUID", ""))
            return read_elements(file, syntax, until=until, limits=DicomLimits())
        except UnreadableDocument:
            raise
        except Exception as error:  # as above
            raise UnreadableDocument(f"the DICOM file is broken ({type(error).__name__})") from None
