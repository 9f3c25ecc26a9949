-- ITI-40: assertions that were used, so that an id is never believed with other content, and one for a single use
-- not twice, whichever process it comes to. No text of an assertion: digests only.
CREATE TABLE assertion_use (
    key         bytea PRIMARY KEY,     -- SHA-256 of issuer and ID
    content     bytea NOT NULL,        -- SHA-256 of what was signed
    expires_at  timestamptz NOT NULL
);
CREATE INDEX assertion_use_expires_at ON assertion_use (expires_at);
