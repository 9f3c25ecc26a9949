"""The Imaging Document Source of a DI-r: reports from its HL7 v2 feed into a repository (docs/feed.md)."""
