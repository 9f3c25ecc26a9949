-- Later versions of entries and Folders (XDS Metadata Update): found by logicalID wherever they lie, as an update
-- may move the object to another patient and a merge gives its new version another key. First versions are not in
-- these indexes: their entryUUID is the logicalID, so object_locator knows them.
CREATE INDEX document_entry_later_versions ON document_entry (logical_id, version) WHERE version > 1;
CREATE INDEX folder_later_versions ON folder (logical_id, version) WHERE version > 1;
