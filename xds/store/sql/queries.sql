-- patient: an id that is known and not merged away, with all keys whose rows are its own, and whether there is a
-- consent directive to be read
SELECT patient_key || member_keys,
       EXISTS (SELECT 1 FROM consent_directive AS d
                WHERE d.patient_key = ANY(patient.patient_key || member_keys) AND d.lifted_at IS NULL)
  FROM patient
 WHERE cx = %(cx)s AND merged_into IS NULL;

-- patients: those of the ids that are known and not merged away
SELECT cx, patient_key || member_keys
  FROM patient
 WHERE cx = ANY(%(ids)s) AND merged_into IS NULL;

-- find_documents: DocumentEntries of a patient (ITI TF-2 3.18.4.1.2.3.7.1); filters follow
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND status = ANY(%(statuses)s::"char"[])
   AND object_type = ANY(%(object_types)s::"char"[]);

-- find_documents_of_anyone: DocumentEntries whoever's they are (ITI TF-2 3.51.4.1.2.1.1); filters follow. The limit
-- comes before the order: where too much matches, no more of it is read.
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM (SELECT entry_uuid, patient_key, status, home, body, creation_time
          FROM document_entry
         WHERE status = ANY(%(statuses)s::"char"[]) AND object_type = ANY(%(object_types)s::"char"[]);

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

-- filter_ids: by entryUUID
 AND entry_uuid = ANY(%(ids)s::uuid[]);

-- filter_uids: by uniqueId; one may name several
 AND uid = ANY(%(uids)s);

-- filter_logical_ids: by logicalID (XDS Metadata Update)
 AND logical_id = ANY(%(logical_ids)s::uuid[]);

-- filter_shown: what consent directives withhold is not there
 AND patient_key <> ALL(%(blocked)s::bigint[]) AND entry_uuid <> ALL(%(hidden)s::uuid[]);

-- filter_online: documentAvailability
 AND NOT offline;

-- filter_offline: documentAvailability
 AND offline;

-- filter_latest: not superseded by a later version of its logicalID; a version that is Approved never is
 AND (status = 'A' OR NOT EXISTS (SELECT 1 FROM document_entry AS newer
                                   WHERE newer.logical_id = document_entry.logical_id
                                     AND newer.version > document_entry.version AND newer.version > 1));

-- newest_first: and no more than can be answered
 ORDER BY creation_time DESC NULLS FIRST, entry_uuid LIMIT %(limit)s;

-- some_of_anyone: as many as can be answered, then newest first
 LIMIT %(limit)s) AS found ORDER BY creation_time DESC NULLS FIRST, entry_uuid;

-- keys_of_later_versions: whose the later versions of logical objects are
SELECT DISTINCT patient_key FROM document_entry WHERE logical_id = ANY(%(logical_ids)s::uuid[]) AND version > 1;

-- patient_names: the surviving id of each key (ITI TF-2 3.18.4.1.2.3.9.1)
SELECT p.patient_key, coalesce(survivor.cx, p.cx)
  FROM patient AS p
  LEFT JOIN patient AS survivor ON survivor.patient_key = p.merged_into
 WHERE p.patient_key = ANY(%(keys)s);
