"""The codes of an affinity domain: its lists, from our TOML or a test tool's codes.xml, and its concept map."""

from xds.codes.concept_map import ConceptMap, load_concept_map
from xds.codes.lists import ATTRIBUTES, CodeLists, load_codes
from xds.codes.writing import as_toml

__all__ = ["ATTRIBUTES", "CodeLists", "ConceptMap", "as_toml", "load_codes", "load_concept_map"]
