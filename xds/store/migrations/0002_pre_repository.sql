-- The repository's own tables; it never reads the registry's.

-- One provided submission: pending → registered or rejected. A pending one that no process works on any more is
-- settled at the next start by asking the registry.
CREATE TABLE repository_submission (
    submission_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    submission_set_unique_id  text NOT NULL,
    submission_set_uuid       uuid NOT NULL,
    state                     text NOT NULL CHECK (state IN ('pending', 'registered', 'rejected')),
    message_id                text,
    digest                    bytea,
    answer                    bytea,
    owner                     text NOT NULL,  -- the process that works on it
    created_at                timestamptz NOT NULL DEFAULT now(),
    settled_at                timestamptz
);
CREATE INDEX repository_submission_pending ON repository_submission (created_at) WHERE state = 'pending';
CREATE INDEX repository_submission_message ON repository_submission (message_id) WHERE message_id IS NOT NULL;

-- One document of a submission. The same uniqueId may come again with the same octets.
CREATE TABLE repository_document (
    unique_id      text NOT NULL,
    submission_id  bigint NOT NULL REFERENCES repository_submission,
    sha256         bytea NOT NULL,  -- its address in the vault
    sha1           bytea NOT NULL,  -- DocumentEntry.hash
    size           bigint NOT NULL,
    mime_type      text NOT NULL,
    patient_id     text NOT NULL,   -- for consent: ITI-43 names no patient
    PRIMARY KEY (unique_id, submission_id)
);
CREATE INDEX repository_document_submission ON repository_document (submission_id);
CREATE INDEX repository_document_sha256 ON repository_document (sha256);
