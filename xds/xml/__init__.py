"""XML: the namespaces, and the one hardened parser."""

from xds.xml.parser import MalformedXml, XmlLimits, check_shape, has_instructions, parse

__all__ = ["MalformedXml", "XmlLimits", "check_shape", "has_instructions", "parse"]
