-- touching: source or target is one of them (ITI TF-2 3.18.4.1.2.3.7.7)
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE (source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[])) AND status = ANY(%(statuses)s::"char"[])
 ORDER BY entry_uuid LIMIT %(limit)s;

-- touching_of_types: the same, of some types only (ITI TF-2 3.18.4.1.2.3.7.13)
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE (source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[])) AND status = ANY(%(statuses)s::"char"[])
   AND type = ANY(%(types)s)
 ORDER BY entry_uuid LIMIT %(limit)s;

-- memberships: HasMember from one of some to one of others
SELECT 'urn:uuid:' || entry_uuid, patient_key, status::text, home, body, NULL::bigint,
       'urn:uuid:' || source, 'urn:uuid:' || target, type
  FROM association
 WHERE source = ANY(%(sources)s::uuid[]) AND target = ANY(%(targets)s::uuid[]) AND type = %(type)s
   AND status = ANY(%(statuses)s::"char"[])
 ORDER BY entry_uuid LIMIT %(limit)s;

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
 WHERE patient_key = ANY(%(keys)s) AND entry_uuid = ANY(%(ids)s::uuid[]) AND status = ANY(%(statuses)s::"char"[])
 ORDER BY entry_uuid LIMIT %(limit)s;
