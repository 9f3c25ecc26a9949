-- What a document is checked by when it is read (docs/decisions/0004-seal.md); empty for those stored earlier, which
-- are checked by SHA-256.
ALTER TABLE repository_document ADD COLUMN seal bytea NOT NULL DEFAULT '';
