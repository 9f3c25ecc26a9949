-- logical_ids_of_entries: which logical entry a version belongs to
SELECT 'urn:uuid:' || entry_uuid, 'urn:uuid:' || logical_id
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- logical_ids_of_folders: likewise
SELECT 'urn:uuid:' || entry_uuid, 'urn:uuid:' || logical_id
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- lock_first_entries: who updates the same entry waits here; the first version's id is the logicalID
SELECT entry_uuid
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_later_entries: later versions may lie with another patient
SELECT entry_uuid
  FROM document_entry
 WHERE logical_id = ANY(%(ids)s::uuid[]) AND version > 1
 ORDER BY logical_id, version
   FOR NO KEY UPDATE;

-- lock_first_folders: the same for Folders
SELECT entry_uuid
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- lock_later_folders: likewise
SELECT entry_uuid
  FROM folder
 WHERE logical_id = ANY(%(ids)s::uuid[]) AND version > 1
 ORDER BY logical_id, version
   FOR NO KEY UPDATE;

-- later_entries: the latest of each logical entry that has been updated
SELECT DISTINCT ON (logical_id)
       'urn:uuid:' || logical_id, version, 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint
  FROM document_entry
 WHERE logical_id = ANY(%(ids)s::uuid[]) AND version > 1
 ORDER BY logical_id, version DESC;

-- first_entries: those that have not
SELECT 'urn:uuid:' || logical_id, version, 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND version = 1;

-- later_folders: the latest of each Folder that has been updated
SELECT DISTINCT ON (logical_id)
       'urn:uuid:' || logical_id, version, 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body,
       last_update_time
  FROM folder
 WHERE logical_id = ANY(%(ids)s::uuid[]) AND version > 1
 ORDER BY logical_id, version DESC;

-- first_folders: those that have not
SELECT 'urn:uuid:' || logical_id, version, 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body,
       last_update_time
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND version = 1;

-- lock_associations: those whose status an update changes
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM association
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY patient_key, entry_uuid
   FOR NO KEY UPDATE;

-- connections: what a new version takes over (XDS Metadata Update 3.57.4.1.3.3.1.5); a SubmissionSet's stay as they are
SELECT 'urn:uuid:' || a.entry_uuid, a.patient_key, a.status::text, a.home, a.body,
       'urn:uuid:' || a.source, 'urn:uuid:' || a.target
  FROM association AS a
  JOIN object_locator AS l ON l.entry_uuid = a.source
 WHERE (a.source = ANY(%(ids)s::uuid[]) OR a.target = ANY(%(ids)s::uuid[])) AND a.status = 'A' AND l.kind <> 'S'
 ORDER BY a.entry_uuid;

-- superseded: versions of which there is a later one
SELECT 'urn:uuid:' || d.entry_uuid
  FROM document_entry AS d
 WHERE d.patient_key = ANY(%(keys)s) AND d.entry_uuid = ANY(%(ids)s::uuid[])
   AND EXISTS (SELECT 1 FROM document_entry AS n
                WHERE n.logical_id = d.logical_id AND n.version > 1 AND n.version > d.version)
UNION ALL
SELECT 'urn:uuid:' || f.entry_uuid
  FROM folder AS f
 WHERE f.patient_key = ANY(%(keys)s) AND f.entry_uuid = ANY(%(ids)s::uuid[])
   AND EXISTS (SELECT 1 FROM folder AS n
                WHERE n.logical_id = f.logical_id AND n.version > 1 AND n.version > f.version);

-- links: Approved associations between objects
SELECT type, 'urn:uuid:' || source, 'urn:uuid:' || target
  FROM association
 WHERE source = ANY(%(sources)s::uuid[]) AND target = ANY(%(targets)s::uuid[]) AND status = 'A';

-- shared_unique_ids: documents with more than one logical entry (ITI TF-2 3.42.4.1.3.3.1)
SELECT uid
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s)
 GROUP BY uid
HAVING count(DISTINCT logical_id) > 1;

-- measure_document: a delayed document was assembled (ITI TF-2 3.43.4.1.3.2)
UPDATE unique_id
   SET hash = %(hash)s, size = %(size)s
 WHERE uid = %(uid)s AND (hash IS DISTINCT FROM %(hash)s OR size IS DISTINCT FROM %(size)s);

-- deprecate_folders: those that have a new version
UPDATE folder
   SET status = 'D'
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = 'A';

-- set_document_entry_status: by order (XDS Metadata Update 3.57.4.1.3.3.2)
UPDATE document_entry
   SET status = %(status)s::"char"
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- set_folder_status: likewise (.4)
UPDATE folder
   SET status = %(status)s::"char"
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- set_association_status: likewise (.5)
UPDATE association
   SET status = %(status)s::"char"
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);
