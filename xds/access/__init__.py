"""Who asks, and what they may see: values and pure decisions, no XML, no network, no database."""

from xds.access.caller import NOBODY, AccessContext, Caller

__all__ = ["NOBODY", "AccessContext", "Caller"]
