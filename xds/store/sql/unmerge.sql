-- added_submissions: SubmissionSets that were registered for an identifier after another was merged into it
SELECT 'urn:uuid:' || entry_uuid, registered_at
  FROM submission_set
 WHERE patient_key = %(key)s AND registered_at > %(since)s::timestamptz
 ORDER BY registered_at, entry_uuid;

-- memberships_of: of SubmissionSets
SELECT 'urn:uuid:' || source, 'urn:uuid:' || entry_uuid, 'urn:uuid:' || target, body
  FROM association
 WHERE source = ANY(%(ids)s::uuid[]) AND type = %(type)s;

-- relationships_of: associations that begin at these objects and are no membership of a SubmissionSet
SELECT 'urn:uuid:' || a.source, 'urn:uuid:' || a.entry_uuid
  FROM association AS a
 WHERE a.source = ANY(%(ids)s::uuid[])
   AND NOT EXISTS (SELECT 1 FROM association AS m WHERE m.target = a.entry_uuid AND m.type = %(type)s);

-- objects_of_keys: every object of identifiers
SELECT 'urn:uuid:' || entry_uuid FROM document_entry WHERE patient_key = ANY(%(keys)s)
 UNION ALL
SELECT 'urn:uuid:' || entry_uuid FROM submission_set WHERE patient_key = ANY(%(keys)s)
 UNION ALL
SELECT 'urn:uuid:' || entry_uuid FROM folder WHERE patient_key = ANY(%(keys)s)
 UNION ALL
SELECT 'urn:uuid:' || entry_uuid FROM association WHERE patient_key = ANY(%(keys)s);

-- associations_with: those that count and touch one of the objects, and where both their ends are
SELECT 'urn:uuid:' || a.entry_uuid, a.type, 'urn:uuid:' || a.source, s.patient_key, 'urn:uuid:' || a.target,
       t.patient_key
  FROM association AS a
  JOIN object_locator AS s ON s.entry_uuid = a.source
  JOIN object_locator AS t ON t.entry_uuid = a.target
 WHERE (a.source = ANY(%(ids)s::uuid[]) OR a.target = ANY(%(ids)s::uuid[])) AND a.status = 'A'
 ORDER BY a.entry_uuid;

-- versions_of_documents: every version of the logical objects that these are versions of
SELECT 'urn:uuid:' || o.logical_id, 'urn:uuid:' || v.entry_uuid, v.patient_key
  FROM document_entry AS o
  JOIN document_entry AS v ON v.logical_id = o.logical_id
 WHERE o.patient_key = ANY(%(keys)s) AND o.entry_uuid = ANY(%(ids)s::uuid[]) AND v.patient_key = ANY(%(keys)s);

-- versions_of_folders: likewise
SELECT 'urn:uuid:' || o.logical_id, 'urn:uuid:' || v.entry_uuid, v.patient_key
  FROM folder AS o
  JOIN folder AS v ON v.logical_id = o.logical_id
 WHERE o.patient_key = ANY(%(keys)s) AND o.entry_uuid = ANY(%(ids)s::uuid[]) AND v.patient_key = ANY(%(keys)s);

-- share_unique_ids_of: objects that move bear their uniqueIds for the new identifier too
UPDATE unique_id
   SET other_keys = other_keys || %(key)s::bigint
 WHERE patient_key <> %(key)s AND NOT other_keys @> ARRAY[%(key)s::bigint]
   AND uid IN (SELECT uid FROM document_entry WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
                UNION ALL
               SELECT uid FROM submission_set WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
                UNION ALL
               SELECT uid FROM folder WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]));

-- move_documents: to another identifier
UPDATE document_entry SET patient_key = %(key)s
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- move_submission_sets: likewise
UPDATE submission_set SET patient_key = %(key)s
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- move_folders: likewise
UPDATE folder SET patient_key = %(key)s
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- move_associations: likewise
UPDATE association SET patient_key = %(key)s
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- move_locators: and they are found there
UPDATE object_locator SET patient_key = %(key)s WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- cut: associations that no query follows any more
UPDATE association SET status = 'D' WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- release: an identifier stands for itself again
UPDATE patient SET merged_into = NULL WHERE patient_key = %(subsumed)s;

-- give_back_members: those that had been merged into it before
UPDATE patient SET merged_into = %(subsumed)s WHERE patient_key = ANY(%(members)s);

-- lose_members: of every identifier on the way to the survivor
UPDATE patient
   SET member_keys = ARRAY(SELECT key FROM unnest(member_keys) WITH ORDINALITY AS m (key, place)
                            WHERE key <> ALL(%(moved)s::bigint[]) ORDER BY place)
 WHERE patient_key = ANY(%(ancestors)s);

-- undo_merge: the history keeps it
UPDATE patient_merge
   SET undone_at = clock_timestamp(), undone_by = %(source)s
 WHERE subsumed_key = %(subsumed)s AND undone_at IS NULL;
