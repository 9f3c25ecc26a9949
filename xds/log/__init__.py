"""Log records of facts, never of patients (style rule 12)."""

from xds.log.configure import configure

__all__ = ["configure"]
