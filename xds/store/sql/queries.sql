-- patient: an id that is known and not merged away, with all keys whose rows are its own
SELECT patient_key || member_keys
  FROM patient
 WHERE cx = %(cx)s AND merged_into IS NULL;

-- find_documents: DocumentEntries of a patient (ITI TF-2 3.18.4.1.2.3.7.1); filters follow
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND status = ANY(%(statuses)s::"char"[])
   AND object_type = ANY(%(object_types)s::"char"[]);

-- filter_class_codes: one of them
 AND class_code = ANY(%(class_codes)s);

-- filter_type_codes: one of them
 AND type_code = ANY(%(type_codes)s);

-- filter_format_codes: one of them
 AND format_code = ANY(%(format_codes)s);

-- filter_healthcare_facility_type_codes: one of them
 AND facility_type_code = ANY(%(healthcare_facility_type_codes)s);

-- filter_practice_setting_codes: one of them
 AND practice_setting_code = ANY(%(practice_setting_codes)s);

-- filter_creation_start: does not touch On-Demand entries, which have no creationTime (fn 6)
 AND (object_type = 'O' OR creation_time >= %(creation_start)s);

-- filter_creation_stop: upper end exclusive (3.18.4.1.2.3.3)
 AND (object_type = 'O' OR creation_time < %(creation_stop)s);

-- filter_service_start_start: an entry without the attribute is not excluded (3.18.4.1.2.3.3.1)
 AND (service_start_time IS NULL OR service_start_time >= %(service_start_start)s);

-- filter_service_start_stop: likewise
 AND (service_start_time IS NULL OR service_start_time < %(service_start_stop)s);

-- filter_service_stop_start: likewise
 AND (service_stop_time IS NULL OR service_stop_time >= %(service_stop_start)s);

-- filter_service_stop_stop: likewise
 AND (service_stop_time IS NULL OR service_stop_time < %(service_stop_stop)s);

-- filter_author_patterns: LIKE on the raw authorPerson text
 AND EXISTS (SELECT 1 FROM unnest(author_persons) AS a (person) WHERE person LIKE ANY(%(author_patterns)s));

-- filter_ids: members of a SubmissionSet or Folder
 AND entry_uuid = ANY(%(ids)s::uuid[]);

-- newest_first: and no more than can be answered
 ORDER BY creation_time DESC NULLS FIRST, entry_uuid LIMIT %(limit)s;

-- locate: where objects are
SELECT 'urn:uuid:' || entry_uuid, patient_key, kind::text FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- locate_unique_ids: who bears uniqueIds of one kind of object
SELECT patient_key, other_keys FROM unique_id WHERE uid = ANY(%(uids)s) AND kind = %(kind)s::"char";

-- patient_names: the surviving id of each key (ITI TF-2 3.18.4.1.2.3.9.1)
SELECT p.patient_key, coalesce(survivor.cx, p.cx)
  FROM patient AS p
  LEFT JOIN patient AS survivor ON survivor.patient_key = p.merged_into
 WHERE p.patient_key = ANY(%(keys)s);

-- documents_by_id: whatever their status
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[])
 ORDER BY entry_uuid LIMIT %(limit)s;

-- documents_by_unique_id: one uniqueId may name several entries
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND uid = ANY(%(uids)s)
 ORDER BY entry_uuid LIMIT %(limit)s;

-- submission_sets: of patients, by status
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM submission_set
 WHERE patient_key = ANY(%(keys)s) AND status = ANY(%(statuses)s::"char"[])
 ORDER BY submission_time DESC, entry_uuid LIMIT %(limit)s;

-- submission_sets_by_id: by entryUUID or uniqueId
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM submission_set
 WHERE patient_key = ANY(%(keys)s) AND (entry_uuid = ANY(%(ids)s::uuid[]) OR uid = ANY(%(uids)s));

-- folders: of patients, by status
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, last_update_time
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND status = ANY(%(statuses)s::"char"[])
 ORDER BY last_update_time DESC, entry_uuid LIMIT %(limit)s;

-- folders_by_id: by entryUUID
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, last_update_time
  FROM folder
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]);

-- associations_touching: source or target is one of them (ITI TF-2 3.18.4.1.2.3.7.7)
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE (source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[])) AND status = 'A'
 ORDER BY entry_uuid LIMIT %(limit)s;

-- associations_from: of one type from one source
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE source = ANY(%(ids)s::uuid[]) AND type = %(type)s AND status = 'A'
 ORDER BY entry_uuid LIMIT %(limit)s;

-- associations_by_id: by entryUUID
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = 'A';
