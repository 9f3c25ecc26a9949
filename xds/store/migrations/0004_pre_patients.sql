-- Patients as the feeds know them, the history of merges, and when each submission was registered: an unmerge has to
-- tell what was added since the merge.

-- One row per patient identifier: what a viewer searches by. A subsumed identifier keeps its own.
CREATE TABLE patient_record (
    patient_key    bigint PRIMARY KEY,
    identifiers    text[] NOT NULL,    -- CX, the affinity domain's first
    family_name    text,
    given_names    text[] NOT NULL,
    name_prefix    text,
    name_suffix    text,
    birth_date     text,               -- DTM
    sex            text,               -- HL7 table 0001
    search_keys    text[] NOT NULL,    -- of identifiers: with their authority, and the number alone
    search_family  text NOT NULL,      -- without case, accents, spaces and punctuation
    search_given   text NOT NULL,
    from_feed      boolean NOT NULL,   -- false: from the sourcePatientInfo of a submission
    changed_at     timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 90);
CREATE INDEX patient_record_keys ON patient_record USING gin (search_keys);
CREATE INDEX patient_record_family ON patient_record (search_family text_pattern_ops);
CREATE INDEX patient_record_birth_date ON patient_record (birth_date text_pattern_ops);

-- Every merge there ever was. Those in force form trees; patient.merged_into and patient.member_keys are what follows
-- from them.
CREATE TABLE patient_merge (
    merge_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subsumed_key  bigint NOT NULL,
    survivor_key  bigint NOT NULL,
    source        text NOT NULL,                                  -- who said so: "ITI-8 …", "administrator"
    merged_at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- the patients' rows are locked by then
    undone_at     timestamptz,
    undone_by     text
);
CREATE UNIQUE INDEX patient_merge_subsumed ON patient_merge (subsumed_key) WHERE undone_at IS NULL;
CREATE INDEX patient_merge_survivor ON patient_merge (survivor_key);
CREATE INDEX patient_merge_history ON patient_merge (subsumed_key);

-- Null for what was registered before this migration, and so before any merge. The default comes afterwards: rows
-- that are there are not rewritten.
ALTER TABLE submission_set ADD COLUMN registered_at timestamptz;
ALTER TABLE submission_set ALTER COLUMN registered_at SET DEFAULT clock_timestamp();

CREATE INDEX patient_merged_into ON patient (merged_into) WHERE merged_into IS NOT NULL;
