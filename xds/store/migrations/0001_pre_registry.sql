-- The registry: typed columns for what is queried, the ebRIM fragment of each object ready to send.
-- Every unique key begins with patient_key or is a lookup by id, so that the same schema can be distributed.
-- Why the tables are as they are, with figures: docs/decisions/0003-store.md

-- One row per coded value; referred to by number, cached in each process. Rows are only ever added.
CREATE TABLE code (
    code_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code     text NOT NULL,
    scheme   text NOT NULL,
    UNIQUE (code, scheme)
);

-- Patient identifiers of the affinity domain. A merge is an alias: merged_into points at the surviving key,
-- member_keys of the survivor lists every key whose rows are its own.
CREATE TABLE patient (
    cx           text PRIMARY KEY,
    patient_key  bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    merged_into  bigint,
    member_keys  bigint[] NOT NULL DEFAULT '{}'
);

-- Where an object is: every id that was ever given out.
CREATE TABLE object_locator (
    entry_uuid   uuid PRIMARY KEY,
    patient_key  bigint NOT NULL,
    kind         "char" NOT NULL  -- D, S, F, A
);

-- uid is blake2b-128 of the uniqueId: 16 octets whatever its length. other_keys: further patients whose
-- entries bear the same uniqueId (byte-identical documents may be registered twice).
CREATE TABLE unique_id (
    uid          bytea PRIMARY KEY,
    patient_key  bigint NOT NULL,
    kind         "char" NOT NULL,
    hash         bytea,
    size         bigint,
    other_keys   bigint[] NOT NULL DEFAULT '{}'
);

CREATE TABLE document_entry (
    patient_key            bigint NOT NULL,
    entry_uuid             uuid NOT NULL,
    logical_id             uuid NOT NULL,
    version                integer NOT NULL,
    status                 "char" NOT NULL,  -- A, D
    object_type            "char" NOT NULL,  -- S, O
    uid                    bytea NOT NULL,
    creation_time          bigint,           -- YYYYMMDDhhmmss, the first second the DTM can mean
    service_start_time     bigint,
    service_stop_time      bigint,
    class_code             integer,
    type_code              integer,
    format_code            integer,
    facility_type_code     integer,
    practice_setting_code  integer,
    event_codes            integer[] NOT NULL,
    confidentiality_codes  integer[] NOT NULL,
    author_persons         text[] NOT NULL,
    reference_ids          text[] NOT NULL,
    home                   text,
    body                   bytea NOT NULL,
    PRIMARY KEY (patient_key, entry_uuid),
    UNIQUE (patient_key, logical_id, version)
) WITH (fillfactor = 90);
ALTER TABLE document_entry ALTER COLUMN body SET STORAGE EXTERNAL;  -- zstd did the compressing
CREATE INDEX document_entry_creation_time ON document_entry (patient_key, creation_time);

CREATE TABLE submission_set (
    patient_key      bigint NOT NULL,
    entry_uuid       uuid NOT NULL,
    uid              bytea NOT NULL,
    submission_time  bigint,
    source_id        text NOT NULL,
    content_type     integer,
    author_persons   text[] NOT NULL,
    status           "char" NOT NULL,
    home             text,
    body             bytea NOT NULL,
    PRIMARY KEY (patient_key, entry_uuid)
);
ALTER TABLE submission_set ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE folder (
    patient_key       bigint NOT NULL,
    entry_uuid        uuid NOT NULL,
    logical_id        uuid NOT NULL,
    version           integer NOT NULL,
    uid               bytea NOT NULL,
    last_update_time  bigint NOT NULL,
    codes             integer[] NOT NULL,
    status            "char" NOT NULL,
    home              text,
    body              bytea NOT NULL,
    PRIMARY KEY (patient_key, entry_uuid),
    UNIQUE (patient_key, logical_id, version)
) WITH (fillfactor = 90);
ALTER TABLE folder ALTER COLUMN body SET STORAGE EXTERNAL;

-- An association lives with the patient of its source; its target may be another's (SubmissionSet by reference).
CREATE TABLE association (
    patient_key  bigint NOT NULL,
    entry_uuid   uuid NOT NULL,
    source       uuid NOT NULL,
    target       uuid NOT NULL,
    type         text NOT NULL,
    status       "char" NOT NULL,
    home         text,
    body         bytea NOT NULL,
    PRIMARY KEY (patient_key, entry_uuid)
);
ALTER TABLE association ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX association_source ON association (source);
CREATE INDEX association_target ON association (target);

-- Answers of writing transactions, so that a repeat of the same message gets the same answer.
CREATE TABLE replay (
    message_id  text NOT NULL,
    digest      bytea NOT NULL,  -- SHA-256 of the request
    number      text NOT NULL,   -- "ITI-42"
    answer      bytea NOT NULL,  -- the body's element
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (message_id, digest)
);
CREATE INDEX replay_created_at ON replay (created_at);
