-- touching: source or target is one of them (ITI TF-2 3.18.4.1.2.3.7.7)
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE (source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[])) AND status = ANY(%(statuses)s::"char"[]);

-- memberships: HasMember from one of some to one of others
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE source = ANY(%(sources)s::uuid[]) AND target = ANY(%(targets)s::uuid[]) AND type = %(type)s
   AND status = ANY(%(statuses)s::"char"[]);

-- members: what SubmissionSets or Folders have as members
SELECT DISTINCT 'urn:uuid:' || target
  FROM association
 WHERE source = ANY(%(ids)s::uuid[]) AND type = %(type)s AND status = ANY(%(statuses)s::"char"[]);

-- holders: what has some objects as members
SELECT DISTINCT 'urn:uuid:' || source
  FROM association
 WHERE target = ANY(%(ids)s::uuid[]) AND type = %(type)s AND status = ANY(%(statuses)s::"char"[]);

-- by_id: by entryUUID
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = ANY(%(statuses)s::"char"[]);

-- filter_types: of some types only (ITI TF-2 3.18.4.1.2.3.7.13)
 AND type = ANY(%(types)s);

-- filter_shown: what consent directives withhold is not there, and no other patient's association leads to it
 AND entry_uuid <> ALL(%(hidden)s::uuid[])
 AND NOT EXISTS (SELECT 1 FROM object_locator AS l
                  WHERE l.entry_uuid IN (association.entry_uuid, source, target)
                    AND l.patient_key = ANY(%(blocked)s::bigint[]))
 AND NOT EXISTS (SELECT 1
                   FROM object_locator AS n
                   JOIN association AS m ON m.patient_key = n.patient_key AND m.entry_uuid = n.entry_uuid
                   JOIN object_locator AS l ON l.entry_uuid IN (m.source, m.target)
                  WHERE n.entry_uuid = association.target AND n.kind = 'A'
                    AND l.patient_key = ANY(%(blocked)s::bigint[]));

-- some: and no more than can be answered
 ORDER BY entry_uuid LIMIT %(limit)s;
