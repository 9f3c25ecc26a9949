-- ITI-86 Remove Documents: a removed document is not served any more and leaves its row as a tombstone, so that a
-- retrieve can be told why, and its uniqueId never names other octets. Between the two times lies the unlinking:
-- what a crash leaves there is done at the next start.
ALTER TABLE repository_document
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN erased_at timestamptz;
CREATE INDEX repository_document_to_erase ON repository_document (removed_at)
 WHERE removed_at IS NOT NULL AND erased_at IS NULL;
