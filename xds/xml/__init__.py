"""XML: the namespaces, and the one hardened parser."""

from xds.xml.parser import MalformedXml, XmlLimits, parse

__all__ = ["MalformedXml", "XmlLimits", "parse"]
