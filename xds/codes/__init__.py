"""The code lists of an affinity domain: read from our TOML or a test tool's codes.xml, written as our TOML."""

from xds.codes.lists import ATTRIBUTES, CodeLists, load_codes
from xds.codes.writing import as_toml

__all__ = ["ATTRIBUTES", "CodeLists", "as_toml", "load_codes"]
