-- find_submission_sets: of patients (ITI TF-2 3.18.4.1.2.3.7.2); filters follow
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body
  FROM submission_set
 WHERE patient_key = ANY(%(keys)s) AND status = ANY(%(statuses)s::"char"[]);

-- filter_source_ids: one of them
 AND source_id = ANY(%(source_ids)s);

-- filter_content_types: one of them
 AND content_type = ANY(%(content_types)s);

-- filter_submission_start: lower end inclusive (3.18.4.1.2.3.3)
 AND submission_time >= %(submission_start)s;

-- filter_submission_stop: upper end exclusive
 AND submission_time < %(submission_stop)s;

-- filter_author_patterns: LIKE on the raw authorPerson text
 AND EXISTS (SELECT 1 FROM unnest(author_persons) AS a (person) WHERE person LIKE ANY(%(author_patterns)s));

-- filter_ids: by entryUUID
 AND entry_uuid = ANY(%(ids)s::uuid[]);

-- filter_uids: by uniqueId
 AND uid = ANY(%(uids)s);

-- filter_shown: what consent directives withhold is not there
 AND patient_key <> ALL(%(blocked)s::bigint[]) AND entry_uuid <> ALL(%(hidden)s::uuid[]);

-- newest_first: and no more than can be answered
 ORDER BY submission_time DESC, entry_uuid LIMIT %(limit)s;
