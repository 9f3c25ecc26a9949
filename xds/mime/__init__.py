"""multipart/related as streams: split what comes in, join what goes out (RFC 2046, RFC 2387, XOP)."""

from xds.mime.decoding import Base64Decoder
from xds.mime.errors import (
    BoundaryMissing,
    LimitExceeded,
    MalformedPart,
    MimeError,
    PartLengthMismatch,
    Truncated,
)
from xds.mime.headers import ContentType, content_id_of_href, normalize_content_id, parse_content_type
from xds.mime.reader import MimeLimits, Part, Readable, iter_parts
from xds.mime.writer import LatePart, OutPart, Related, related, related_root_last

__all__ = [
    "Base64Decoder",
    "BoundaryMissing",
    "ContentType",
    "LatePart",
    "LimitExceeded",
    "MalformedPart",
    "MimeError",
    "MimeLimits",
    "OutPart",
    "Part",
    "PartLengthMismatch",
    "Readable",
    "Related",
    "Truncated",
    "content_id_of_href",
    "iter_parts",
    "normalize_content_id",
    "parse_content_type",
    "related",
    "related_root_last",
]
