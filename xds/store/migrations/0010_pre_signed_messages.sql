-- Signed messages that came, so that none is done twice (security digest 2.1 step 11, 11.5): shared by all workers.
CREATE TABLE signed_message (
    partner     text NOT NULL,         -- who signed it
    message     bytea NOT NULL,        -- SHA-256 of its wsa:MessageID
    digest      bytea NOT NULL,        -- SHA-256 of its SignatureValue, and so of all that is signed
    sender      text NOT NULL,         -- who sent it: a partner by TLS, or an address
    number      text NOT NULL,         -- "ITI-42"
    answer      bytea,                 -- the body's element, of a transaction that writes
    expires_at  timestamptz NOT NULL,  -- wsu:Expires
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partner, message)
);
CREATE INDEX signed_message_created_at ON signed_message (created_at);
