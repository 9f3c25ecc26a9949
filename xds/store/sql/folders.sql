-- find_folders: Folders (ITI TF-2 3.18.4.1.2.3.7.3); filters follow
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, last_update_time
  FROM folder
 WHERE status = ANY(%(statuses)s::"char"[]);

-- filter_keys: of patients
 AND patient_key = ANY(%(keys)s);

-- filter_updated_start: lower end inclusive (3.18.4.1.2.3.3)
 AND last_update_time >= %(updated_start)s;

-- filter_updated_stop: upper end exclusive
 AND last_update_time < %(updated_stop)s;

-- filter_ids: by entryUUID
 AND entry_uuid = ANY(%(ids)s::uuid[]);

-- filter_uids: by uniqueId
 AND uid = ANY(%(uids)s);

-- filter_logical_ids: by logicalID (XDS Metadata Update)
 AND logical_id = ANY(%(logical_ids)s::uuid[]);

-- filter_shown: what consent directives withhold is not there
 AND patient_key <> ALL(%(blocked)s::bigint[]) AND entry_uuid <> ALL(%(hidden)s::uuid[]);

-- newest_first: and no more than can be answered
 ORDER BY last_update_time DESC, entry_uuid LIMIT %(limit)s;

-- keys_of_later_versions: whose the later versions of logical objects are
SELECT DISTINCT patient_key FROM folder WHERE logical_id = ANY(%(logical_ids)s::uuid[]) AND version > 1;
