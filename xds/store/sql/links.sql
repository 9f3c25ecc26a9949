-- entries_of_patients: what may carry the local id of a link that changes (ITI TF-2 3.64.4.1.3.1)
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND status = 'A'
 ORDER BY entry_uuid;

-- memberships_to: of SubmissionSets in these entries
SELECT 'urn:uuid:' || a.entry_uuid, a.patient_key, a.status::text, a.home, a.body
  FROM association AS a
  JOIN object_locator AS l ON l.entry_uuid = a.source
 WHERE a.target = ANY(%(ids)s::uuid[]) AND a.type = %(type)s AND a.status = 'A' AND l.kind = 'S'
 ORDER BY a.entry_uuid;

-- approved_folders: those of these that count
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, last_update_time
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = 'A'
 ORDER BY entry_uuid;

-- approved_members: the Approved entries in Folders
SELECT 'urn:uuid:' || a.source, 'urn:uuid:' || a.target
  FROM association AS a
  JOIN object_locator AS l ON l.entry_uuid = a.target
  JOIN document_entry AS d ON d.patient_key = l.patient_key AND d.entry_uuid = a.target
 WHERE a.source = ANY(%(ids)s::uuid[]) AND a.type = %(type)s AND a.status = 'A' AND d.status = 'A'
 ORDER BY a.source, a.target;

-- patients_of_objects: the surviving patient of objects
SELECT 'urn:uuid:' || l.entry_uuid, coalesce(s.cx, p.cx)
  FROM object_locator AS l
  JOIN patient AS p ON p.patient_key = l.patient_key
  LEFT JOIN patient AS s ON s.patient_key = p.merged_into
 WHERE l.entry_uuid = ANY(%(ids)s::uuid[]);
