"""xds: an IHE XDS.b / XDS-I.b document registry and repository for diagnostic imaging."""

__version__ = "0.1.0"
