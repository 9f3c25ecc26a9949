"""The Imaging Document Source of a domain: one end point before the archives that hold the images (RAD-69)."""

from xds.imaging.access import ImageAccess, Withheld
from xds.imaging.dicomweb import DicomWebSource
from xds.imaging.folder import FolderSource
from xds.imaging.rad69 import AnswerPolicy, RetrieveImagingDocumentSet
from xds.imaging.relay import RelayPolicy
from xds.imaging.remote import Rad69Source
from xds.imaging.sources import ImagingSource, Sources
from xds.imaging.transcoding import Transcoder
from xds.imaging.wado import Wado, WebAnswer

__all__ = [
    "AnswerPolicy",
    "DicomWebSource",
    "FolderSource",
    "ImageAccess",
    "ImagingSource",
    "Rad69Source",
    "RelayPolicy",
    "RetrieveImagingDocumentSet",
    "Sources",
    "Transcoder",
    "Wado",
    "WebAnswer",
    "Withheld",
]
