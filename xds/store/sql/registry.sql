-- codes: numbers of coded values
SELECT c.code_id, c.code, c.scheme
  FROM code AS c
  JOIN unnest(%(codes)s::text[], %(schemes)s::text[]) AS wanted (code, scheme)
    ON c.code = wanted.code AND c.scheme = wanted.scheme;

-- add_codes: coded values seen for the first time
INSERT INTO code (code, scheme)
SELECT * FROM unnest(%(codes)s::text[], %(schemes)s::text[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING;

-- patients: those of the ids that are known; a merge waits until the submission is decided, or has come first
SELECT p.cx, p.patient_key, p.merged_into IS NOT NULL,
       EXISTS (SELECT 1 FROM patient_record AS r WHERE r.patient_key = p.patient_key)
  FROM patient AS p
 WHERE p.cx = ANY(%(ids)s)
 ORDER BY p.cx
   FOR KEY SHARE OF p;

-- add_patients: ids that become known by their first use, in Lite only
INSERT INTO patient (cx)
SELECT * FROM unnest(%(ids)s::text[]) ORDER BY 1
ON CONFLICT DO NOTHING;

-- patient_names: the surviving id of each key (ITI TF-2 3.8.4.2.4)
SELECT p.patient_key, coalesce(survivor.cx, p.cx)
  FROM patient AS p
  LEFT JOIN patient AS survivor ON survivor.patient_key = p.merged_into
 WHERE p.patient_key = ANY(%(keys)s);

-- locate: where objects are, and whose submission brought them
SELECT 'urn:uuid:' || entry_uuid, patient_key, kind::text, source_id
  FROM object_locator
 WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- claim: take an entryUUID; waits for a transaction that has taken it and is not decided
INSERT INTO object_locator (entry_uuid, patient_key, kind)
VALUES (%(id)s::uuid, 0, 'S')
ON CONFLICT DO NOTHING
RETURNING 1;

-- locate_unique_ids: who bears uniqueIds
SELECT uid, patient_key, other_keys, kind::text, hash, size
  FROM unique_id
 WHERE uid = ANY(%(uids)s);

-- on_demand_unique_ids: those that On-Demand entries bear
SELECT DISTINCT uid
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s::bytea[]) AND object_type = 'O';

-- lock_unique_ids: those that a submission shares; they stay until it is decided
SELECT uid, patient_key, other_keys, kind::text, hash, size
  FROM unique_id
 WHERE uid = ANY(%(uids)s)
 ORDER BY uid
   FOR NO KEY UPDATE;

-- lock_entries: entries that a submission refers to; they stay as they are until it is decided
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, object_type::text
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_folders: the same for Folders
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- dependents: Approved entries that transform an entry or are appended to it (ITI TF-2 3.42.4.1.3.5)
SELECT 'urn:uuid:' || a.target, 'urn:uuid:' || a.source
  FROM association AS a
  JOIN document_entry AS d ON d.patient_key = a.patient_key AND d.entry_uuid = a.source
 WHERE a.target = ANY(%(ids)s::uuid[]) AND a.type = ANY(%(types)s) AND a.status = 'A' AND d.status = 'A';

-- folders_of: Approved Folders that hold an entry (ITI TF-2 3.42.4.1.3.5)
SELECT 'urn:uuid:' || a.target, 'urn:uuid:' || f.entry_uuid, f.patient_key, f.status::text
  FROM association AS a
  JOIN folder AS f ON f.patient_key = a.patient_key AND f.entry_uuid = a.source
 WHERE a.target = ANY(%(ids)s::uuid[]) AND a.type = %(type)s AND a.status = 'A' AND f.status = 'A';

-- transformations: those of the entries that are the source of a transformation (ITI TF-3 4.2.2.2.1)
SELECT DISTINCT 'urn:uuid:' || source
  FROM association
 WHERE source = ANY(%(ids)s::uuid[]) AND type = ANY(%(types)s);

-- share_unique_ids: a document that is registered again for another patient
UPDATE unique_id
   SET other_keys = other_keys || %(key)s::bigint
 WHERE uid = ANY(%(uids)s) AND patient_key <> %(key)s AND NOT other_keys @> ARRAY[%(key)s::bigint];

-- deprecate_document_entries: the targets of a replacement (ITI TF-2 3.42.4.1.3.5)
UPDATE document_entry
   SET status = 'D'
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = 'A'
RETURNING entry_uuid;

-- touch_folders: a document was put into them (ITI TF-2 3.42.4.1.3.6)
UPDATE folder
   SET last_update_time = greatest(last_update_time, %(now)s)
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- answer_of: the stored answer to a repeated message
SELECT answer
  FROM replay
 WHERE message_id = %(message_id)s AND digest = %(digest)s AND number = %(number)s;

-- remember_answer: so that a repeat gets it
INSERT INTO replay (message_id, digest, number, answer)
VALUES (%(message_id)s, %(digest)s, %(number)s, %(answer)s)
ON CONFLICT DO NOTHING
RETURNING message_id;

-- remember_new_answer: of a message that nobody sent before, or it fails
INSERT INTO replay (message_id, digest, number, answer)
VALUES (%(message_id)s, %(digest)s, %(number)s, %(answer)s);

-- forget_answers: a day is the promise
DELETE FROM replay WHERE created_at < now() - interval '24 hours';
