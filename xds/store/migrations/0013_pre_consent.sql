-- Consent: what patients withhold, overrides, and what custodians have to be told. Rows are never removed: a directive
-- that is lifted stays as the history of it. Unique keys begin with patient_key, as those of the registry.
CREATE TABLE consent_directive (
    patient_key   bigint NOT NULL,
    directive_id  bigint GENERATED ALWAYS AS IDENTITY,
    kind          text NOT NULL CHECK (kind IN ('domain', 'record', 'hic-agent', 'agent')),
    target        text NOT NULL,                -- uniqueId, organization or person; empty for domain
    logical_ids   uuid[] NOT NULL DEFAULT '{}', -- record: what is the report, as far as known when it was last looked at
    uids          bytea[] NOT NULL DEFAULT '{}',
    custodian     text NOT NULL,                -- who is told of an override; empty: the domain's
    reason        text NOT NULL,
    author        text NOT NULL,
    made_at       timestamptz NOT NULL,
    lifted_at     timestamptz,
    lifted_by     text,
    lift_reason   text,
    PRIMARY KEY (patient_key, directive_id)
);
-- In force, and once: next to no patient has one, so that a look whether there is one costs next to nothing.
CREATE UNIQUE INDEX consent_directive_in_force ON consent_directive (patient_key, kind, target) WHERE lifted_at IS NULL;

CREATE TABLE consent_override (
    patient_key   bigint NOT NULL,
    override_id   bigint GENERATED ALWAYS AS IDENTITY,
    organization  text NOT NULL,
    person        text NOT NULL,   -- who asked for it; empty for a ticket of the whole organization
    issuer        text NOT NULL,   -- of the assertion that named the person
    purpose       text NOT NULL,
    reason        text NOT NULL,
    author        text NOT NULL,   -- who issued the ticket; empty when a request began it
    started_at    timestamptz NOT NULL,
    ends_at       timestamptz NOT NULL,
    ended_at      timestamptz,     -- before its time
    ended_by      text,
    PRIMARY KEY (patient_key, override_id)
);
CREATE INDEX consent_override_open ON consent_override (patient_key, ends_at) WHERE ended_at IS NULL;

-- The queue of custodians: what was not acknowledged is told again.
CREATE TABLE consent_notification (
    patient_key      bigint NOT NULL,
    notification_id  bigint GENERATED ALWAYS AS IDENTITY,
    override_id      bigint NOT NULL,
    custodian        text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    PRIMARY KEY (patient_key, notification_id)
);
CREATE INDEX consent_notification_waiting ON consent_notification (notification_id) WHERE acknowledged_at IS NULL;
