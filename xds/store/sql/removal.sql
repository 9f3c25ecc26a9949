-- links: what Associations link, whatever their status
SELECT 'urn:uuid:' || entry_uuid, type, 'urn:uuid:' || source, 'urn:uuid:' || target
  FROM association
 WHERE entry_uuid = ANY(%(ids)s::uuid[])
   AND patient_key = ANY(ARRAY(SELECT patient_key FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[])));

-- lock_document_entries: they stay as they are until the removal is decided
SELECT 'urn:uuid:' || entry_uuid, status::text
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_folders: the same for Folders
SELECT 'urn:uuid:' || entry_uuid, status::text
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_submission_sets: the same for SubmissionSets
SELECT 'urn:uuid:' || entry_uuid, status::text
  FROM submission_set
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_associations: the same for Associations
SELECT 'urn:uuid:' || entry_uuid, status::text
  FROM association
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- references: Associations that stay and hold on to what is removed
SELECT 'urn:uuid:' || entry_uuid, type, 'urn:uuid:' || source, 'urn:uuid:' || target
  FROM association
 WHERE (source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[])) AND entry_uuid <> ALL(%(ids)s::uuid[])
 ORDER BY entry_uuid;

-- linked: those of the ends to which an Association remains
SELECT 'urn:uuid:' || e.id
  FROM unnest(%(ends)s::uuid[]) AS e (id)
 WHERE EXISTS (SELECT 1 FROM association AS a WHERE a.source = e.id AND a.entry_uuid <> ALL(%(removed)s::uuid[]))
    OR EXISTS (SELECT 1 FROM association AS a WHERE a.target = e.id AND a.entry_uuid <> ALL(%(removed)s::uuid[]));

-- members: those of the ends that remain in a SubmissionSet
SELECT 'urn:uuid:' || e.id
  FROM unnest(%(ends)s::uuid[]) AS e (id)
 WHERE EXISTS (SELECT 1
                 FROM association AS a
                 JOIN object_locator AS l ON l.entry_uuid = a.source AND l.kind = 'S'
                WHERE a.target = e.id AND a.type = %(type)s AND a.entry_uuid <> ALL(%(removed)s::uuid[]));

-- delete_document_entries: with the uniqueIds that they bore
DELETE FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
RETURNING uid;

-- delete_folders: the same for Folders
DELETE FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
RETURNING uid;

-- delete_submission_sets: the same for SubmissionSets
DELETE FROM submission_set
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
RETURNING uid;

-- delete_associations: these bear none
DELETE FROM association
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
RETURNING entry_uuid;

-- delete_locators: their entryUUIDs are free again
DELETE FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- lock_unique_ids: a registration that shares one comes before or after
SELECT uid, patient_key, other_keys
  FROM unique_id
 WHERE uid = ANY(%(uids)s::bytea[])
 ORDER BY uid
   FOR UPDATE;

-- bearers: which patients still have an object with one of these uniqueIds
SELECT uid, patient_key FROM document_entry WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s::bytea[])
UNION
SELECT uid, patient_key FROM submission_set WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s::bytea[])
UNION
SELECT uid, patient_key FROM folder WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s::bytea[]);

-- delete_unique_ids: nobody bears them
DELETE FROM unique_id WHERE uid = ANY(%(uids)s::bytea[]);

-- rehome_unique_id: only these patients bear it
UPDATE unique_id SET patient_key = %(key)s, other_keys = %(others)s::bigint[] WHERE uid = %(uid)s::bytea;
