"""Who asks, and what they may see: values and pure decisions, no XML, no network, no database."""

from xds.access.attributes import (
    AmbiguousAttribute,
    AttributeValue,
    Claims,
    CodedValue,
    access_context,
)
from xds.access.caller import NOBODY, AccessContext, Caller
from xds.access.policy import AccessPolicy, Attribute, Demand, Policy, Reason, Refusal, refusal_of

__all__ = [
    "NOBODY",
    "AccessContext",
    "AccessPolicy",
    "AmbiguousAttribute",
    "Attribute",
    "AttributeValue",
    "Caller",
    "Claims",
    "CodedValue",
    "Demand",
    "Policy",
    "Reason",
    "Refusal",
    "access_context",
    "refusal_of",
]
