"""SOAP 1.2: envelope, faults, the spyne protocol class, and answers onto the wire."""

import xds.soap.spyne_import  # noqa: F401  # before anything of spyne, whatever the alphabet says
from xds.soap.attachments import document_content, resolve_includes
from xds.soap.envelope import Envelope, read_envelope
from xds.soap.faults import SoapFault, encode_fault
from xds.soap.message import DocumentSource, Handler, LateParts, LateReply, Reply, ReplyPart, Request
from xds.soap.permission import DENIALS, access_fault, require_patients
from xds.soap.protocol import Route, SoapEndpoint
from xds.soap.reply import WireReply, encode_reply
from xds.soap.security import security_fault

__all__ = [
    "DENIALS",
    "DocumentSource",
    "Envelope",
    "Handler",
    "LateParts",
    "LateReply",
    "Reply",
    "ReplyPart",
    "Request",
    "Route",
    "SoapEndpoint",
    "SoapFault",
    "WireReply",
    "access_fault",
    "document_content",
    "encode_fault",
    "encode_reply",
    "read_envelope",
    "require_patients",
    "resolve_includes",
    "security_fault",
]
