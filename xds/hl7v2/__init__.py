"""HL7 v2: messages and acknowledgements (ER7), and the server that takes them in (MLLP)."""

from xds.hl7v2.acknowledgement import ACCEPTED, Code, Outcome, Problem, encode, refused
from xds.hl7v2.frames import Broken, FrameLimits, FrameReader, frame
from xds.hl7v2.identifiers import Domain, identifier_text
from xds.hl7v2.message import (
    DELETED,
    Component,
    Message,
    Segment,
    Separators,
    UnreadableMessage,
    Value,
    read,
    read_header,
)
from xds.hl7v2.mllp import MllpLimits, MllpServer

__all__ = [
    "ACCEPTED",
    "DELETED",
    "Broken",
    "Code",
    "Component",
    "Domain",
    "FrameLimits",
    "FrameReader",
    "Message",
    "MllpLimits",
    "MllpServer",
    "Outcome",
    "Problem",
    "Segment",
    "Separators",
    "UnreadableMessage",
    "Value",
    "encode",
    "frame",
    "identifier_text",
    "read",
    "read_header",
    "refused",
]
