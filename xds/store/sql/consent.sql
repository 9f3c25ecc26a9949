-- restricted_patients: those of the keys whose patient, by whatever id, has a directive in force
SELECT p.patient_key
  FROM patient AS p
  JOIN patient AS s ON s.patient_key = coalesce(p.merged_into, p.patient_key)
 WHERE p.patient_key = ANY(%(keys)s::bigint[])
   AND EXISTS (SELECT 1 FROM consent_directive AS d
                WHERE d.patient_key = ANY(s.patient_key || s.member_keys) AND d.lifted_at IS NULL);

-- restricted_owners: the same of the patients whose objects these are, and of the ends of those that are associations
WITH named AS (
    SELECT entry_uuid, patient_key, kind FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[])
), owner AS (
    SELECT patient_key FROM named
    UNION
    SELECT l.patient_key
      FROM named AS n
      JOIN association AS a ON a.patient_key = n.patient_key AND a.entry_uuid = n.entry_uuid
      JOIN object_locator AS l ON l.entry_uuid IN (a.source, a.target)
     WHERE n.kind = 'A'
)
SELECT p.patient_key
  FROM owner AS o
  JOIN patient AS p ON p.patient_key = o.patient_key
  JOIN patient AS s ON s.patient_key = coalesce(p.merged_into, p.patient_key)
 WHERE EXISTS (SELECT 1 FROM consent_directive AS d
                WHERE d.patient_key = ANY(s.patient_key || s.member_keys) AND d.lifted_at IS NULL);

-- groups: the surviving patient of keys, with all keys whose rows are its own
SELECT DISTINCT s.patient_key, s.member_keys
  FROM patient AS p
  JOIN patient AS s ON s.patient_key = coalesce(p.merged_into, p.patient_key)
 WHERE p.patient_key = ANY(%(keys)s::bigint[]);

-- group_of_id: the same by the patient's id
SELECT s.patient_key, s.member_keys
  FROM patient AS p
  JOIN patient AS s ON s.patient_key = coalesce(p.merged_into, p.patient_key)
 WHERE p.cx = %(cx)s;

-- directives_in_force: of patients
SELECT directive_id, patient_key, kind, target, custodian, reason, author, made_at, logical_ids, uids
  FROM consent_directive
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND lifted_at IS NULL
 ORDER BY directive_id;

-- all_directives: of patients, those that were lifted too
SELECT directive_id, patient_key, kind, target, custodian, reason, author, made_at, lifted_at, lifted_by, lift_reason
  FROM consent_directive
 WHERE patient_key = ANY(%(keys)s::bigint[])
 ORDER BY directive_id;

-- open_overrides: of patients, whose window may be open
SELECT override_id, patient_key, organization, person, issuer, purpose, reason, author, started_at, ends_at, ended_at
  FROM consent_override
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND ended_at IS NULL AND ends_at > %(now)s::timestamptz
 ORDER BY override_id;

-- all_overrides: of patients
SELECT override_id, patient_key, organization, person, issuer, purpose, reason, author, started_at, ends_at, ended_at
  FROM consent_override
 WHERE patient_key = ANY(%(keys)s::bigint[])
 ORDER BY override_id;

-- reports: what is the report that a directive names. The same report is every version, whatever bears its uniqueId,
-- and what replaces, transforms or is replaced. An addendum, a signature and a snapshot go with what they are about.
WITH RECURSIVE report (entry_uuid) AS (
    SELECT entry_uuid
      FROM document_entry
     WHERE patient_key = ANY(%(keys)s::bigint[])
       AND (logical_id = ANY(%(logical_ids)s::uuid[]) OR uid = ANY(%(uids)s::bytea[]))
    UNION
    SELECT next.entry_uuid
      FROM report AS r
      JOIN LATERAL (
            SELECT same.entry_uuid
              FROM document_entry AS own
              JOIN document_entry AS same
                ON same.patient_key = ANY(%(keys)s::bigint[])
               AND (same.logical_id = own.logical_id OR same.uid = own.uid)
             WHERE own.patient_key = ANY(%(keys)s::bigint[]) AND own.entry_uuid = r.entry_uuid
            UNION ALL
            SELECT source FROM association WHERE target = r.entry_uuid AND type <> %(member)s
            UNION ALL
            SELECT target FROM association WHERE source = r.entry_uuid AND type = ANY(%(same)s::text[])
           ) AS next ON true
     WHERE EXISTS (SELECT 1 FROM document_entry AS mine
                    WHERE mine.patient_key = ANY(%(keys)s::bigint[]) AND mine.entry_uuid = next.entry_uuid)
)
SELECT r.entry_uuid::text, d.logical_id::text, d.uid
  FROM report AS r
  JOIN document_entry AS d ON d.patient_key = ANY(%(keys)s::bigint[]) AND d.entry_uuid = r.entry_uuid;

-- summaries: documents that this house made of the reports of patients, and kept
SELECT entry_uuid::text
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND object_type = 'S'
   AND format_code = (SELECT code_id FROM code WHERE code = %(code)s AND scheme = %(scheme)s);

-- touching_hidden: associations that have a hidden object at one end
SELECT entry_uuid::text
  FROM association
 WHERE source = ANY(%(ids)s::uuid[]) OR target = ANY(%(ids)s::uuid[]);

-- emptied: a patient's SubmissionSets and Folders all of whose members are hidden
SELECT DISTINCT a.source::text
  FROM association AS a
 WHERE a.target = ANY(%(ids)s::uuid[]) AND a.type = %(member)s AND a.patient_key = ANY(%(keys)s::bigint[])
   AND NOT EXISTS (SELECT 1 FROM association AS m
                    WHERE m.source = a.source AND m.type = %(member)s AND m.target <> ALL(%(ids)s::uuid[]));

-- owners: whose objects are, and what they are
SELECT entry_uuid::text, patient_key FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- lock_patient: while directives and overrides of a patient change; a registration may go on
SELECT patient_key FROM patient WHERE patient_key = %(key)s FOR NO KEY UPDATE;

-- add_directive: a restriction; nothing where it is in force already
INSERT INTO consent_directive (patient_key, kind, target, logical_ids, uids, custodian, reason, author, made_at)
VALUES (%(key)s, %(kind)s, %(target)s, %(logical_ids)s::uuid[], %(uids)s::bytea[], %(custodian)s, %(reason)s, %(author)s,
        %(now)s::timestamptz)
ON CONFLICT DO NOTHING
RETURNING directive_id;

-- lift_directive: it stays as history
UPDATE consent_directive
   SET lifted_at = %(now)s::timestamptz, lifted_by = %(author)s, lift_reason = %(reason)s
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND directive_id = ANY(%(numbers)s::bigint[]) AND lifted_at IS NULL
RETURNING directive_id;

-- keep_report: what a record directive is about, before part of it is removed
UPDATE consent_directive
   SET logical_ids = %(logical_ids)s::uuid[], uids = %(uids)s::bytea[]
 WHERE patient_key = %(key)s AND directive_id = %(number)s;

-- share_directives: of one id with another that leaves it (unmerge). Who is which patient then, a person decides
INSERT INTO consent_directive (patient_key, kind, target, logical_ids, uids, custodian, reason, author, made_at)
SELECT %(to)s::bigint, kind, target, logical_ids, uids, custodian, reason, author, made_at
  FROM consent_directive
 WHERE patient_key = %(from)s AND lifted_at IS NULL AND made_at > %(since)s::timestamptz
ON CONFLICT DO NOTHING;

-- add_override: a window that opens
INSERT INTO consent_override (patient_key, organization, person, issuer, purpose, reason, author, started_at, ends_at)
VALUES (%(key)s, %(organization)s, %(person)s, %(issuer)s, %(purpose)s, %(reason)s, %(author)s, %(now)s::timestamptz,
        %(ends_at)s::timestamptz)
RETURNING override_id;

-- end_override: before its time
UPDATE consent_override
   SET ended_at = %(now)s::timestamptz, ended_by = %(author)s
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND override_id = %(number)s AND ended_at IS NULL
   AND ends_at > %(now)s::timestamptz
RETURNING override_id;

-- add_notification: for a custodian
INSERT INTO consent_notification (patient_key, override_id, custodian) VALUES (%(key)s, %(override)s, %(custodian)s);

-- waiting_notifications: what no custodian acknowledged yet, in order
SELECT n.notification_id, n.custodian, p.cx, n.created_at, o.override_id, o.organization, o.person, o.issuer, o.purpose,
       o.reason, o.author, o.started_at, o.ends_at
  FROM consent_notification AS n
  JOIN consent_override AS o ON o.patient_key = n.patient_key AND o.override_id = n.override_id
  JOIN patient AS p ON p.patient_key = n.patient_key
 WHERE n.acknowledged_at IS NULL AND (%(custodian)s::text IS NULL OR n.custodian = %(custodian)s::text)
 ORDER BY n.notification_id
 LIMIT %(limit)s;

-- acknowledge: a custodian was told
UPDATE consent_notification
   SET acknowledged_at = %(now)s::timestamptz, acknowledged_by = %(author)s
 WHERE notification_id = ANY(%(numbers)s::bigint[]) AND acknowledged_at IS NULL
RETURNING notification_id;

-- bearers_of: whose entries bear uniqueIds
SELECT uid, patient_key || other_keys FROM unique_id WHERE uid = ANY(%(uids)s::bytea[]) AND kind = 'D';

-- entries_of_unique_ids: what bears uniqueIds
SELECT uid, entry_uuid::text, patient_key
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND uid = ANY(%(uids)s::bytea[]);

-- keys_of_ids: patients by their ids
SELECT cx, patient_key FROM patient WHERE cx = ANY(%(ids)s::text[]);

-- entry_of: the entry that a directive names, by entryUUID or uniqueId, among a patient's
SELECT 'urn:uuid:' || entry_uuid, logical_id::text, uid
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s::bigint[]) AND (entry_uuid = ANY(%(ids)s::uuid[]) OR logical_id = ANY(%(ids)s::uuid[])
       OR uid = %(uid)s::bytea);
