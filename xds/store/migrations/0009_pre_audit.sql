-- The audit log (security digest 7): an event is a row of the transaction that it tells of. Rows are added, never changed
-- and never removed; sealing, the search by patient and delivery come afterwards and have tables of their own.

-- xid stands first: an INSERT has its transaction id before it takes a number, so that the sealer can tell when every
-- smaller number is decided.
CREATE TABLE audit_event (
    xid          xid8 NOT NULL DEFAULT pg_current_xact_id(),
    number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    body         bytea NOT NULL  -- xds.audit.event: JSON
);
CREATE INDEX audit_event_recorded_at ON audit_event USING brin (recorded_at);

-- The chain: position 1, 2, 3 … without a gap, each hash over the one before and the row.
CREATE TABLE audit_seal (
    position  bigint PRIMARY KEY,
    number    bigint NOT NULL UNIQUE,
    hash      bytea NOT NULL  -- SHA-256
);

-- Which events concern a patient: sealed ones.
CREATE TABLE audit_subject (
    patient   text NOT NULL,  -- CX
    position  bigint NOT NULL,
    PRIMARY KEY (patient, position)
);

-- Up to which number everything is decided and sealed; one row.
CREATE TABLE audit_sealer (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    done        bigint NOT NULL DEFAULT 0,  -- no row up to here is missing in audit_seal
    reach       bigint NOT NULL DEFAULT 0,  -- … up to here, once `reach_xmax` is older than every open transaction
    reach_xmax  xid8 NOT NULL DEFAULT '0'
);
INSERT INTO audit_sealer DEFAULT VALUES;

-- How far each receiver of audit messages is.
CREATE TABLE audit_delivery (
    receiver    text PRIMARY KEY,
    sent        bigint NOT NULL,  -- position of the last that was written to it
    clean       bigint NOT NULL,  -- … of the last that it has surely read
    changed_at  timestamptz NOT NULL DEFAULT now()
);

-- Spools of events that were kept on a machine's disk while the database was away: loaded once.
CREATE TABLE audit_spool (
    name       text PRIMARY KEY,
    loaded_at  timestamptz NOT NULL DEFAULT now()
);

-- The event of a submission's success, kept with what is pending: a process that settles it after a crash writes it.
ALTER TABLE repository_submission ADD COLUMN audit bytea;
