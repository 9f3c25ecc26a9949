-- documentAvailability of an entry: what is Offline is not seen at $MetadataLevel 1 (XDS Metadata Update 3.18).
ALTER TABLE document_entry ADD COLUMN offline boolean NOT NULL DEFAULT false;
