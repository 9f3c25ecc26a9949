"""The XML schemas that the messages obey, one file per namespace."""
