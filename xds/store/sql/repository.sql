-- known_documents: what the repository holds or held under uniqueIds, registered only: removed or not, a
-- uniqueId names the same octets for ever (ITI TF-3 4.2.3.2.26)
SELECT d.unique_id, d.sha1, d.size, d.sha256
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.unique_id = ANY(%(unique_ids)s) AND s.state = 'registered';

-- add_submission: documents are durable, the registry was not asked yet
INSERT INTO repository_submission (submission_set_unique_id, submission_set_uuid, state, message_id, digest, owner, audit,
                                   source_id)
VALUES (%(unique_id)s, %(uuid)s, 'pending', %(message_id)s, %(digest)s, %(owner)s, %(audit)s, %(source_id)s)
RETURNING submission_id;

-- sources_of_documents: who provided them
SELECT d.unique_id, s.source_id
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.unique_id = ANY(%(unique_ids)s) AND s.state = 'registered';

-- add_document: one document of it
INSERT INTO repository_document (unique_id, submission_id, sha256, sha1, size, mime_type, patient_id, seal)
VALUES (%(unique_id)s, %(submission_id)s, %(sha256)s, %(sha1)s, %(size)s, %(mime_type)s, %(patient_id)s, %(seal)s);

-- add_study: a study that a manifest refers to, and where its images are
INSERT INTO repository_study (study_uid, unique_id, submission_id, retrieve_location_uid)
VALUES (%(study_uid)s, %(unique_id)s, %(submission_id)s, %(retrieve_location_uid)s)
ON CONFLICT DO NOTHING;

-- settle_submission: the registry has answered
UPDATE repository_submission
   SET state = %(state)s, answer = %(answer)s, settled_at = now()
 WHERE submission_id = %(submission_id)s
   AND (state = 'pending' OR (state = 'rejected' AND %(state)s = 'registered'))
RETURNING submission_id;

-- give_up_submission: its process has answered and does not ask the registry again
UPDATE repository_submission SET owner = ''
 WHERE submission_id = %(submission_id)s AND state = 'pending';

-- earlier_submission: the same message, if it came before
SELECT state, answer
  FROM repository_submission
 WHERE message_id = %(message_id)s AND digest = %(digest)s AND state <> 'rejected'
 ORDER BY submission_id
 LIMIT 1;

-- pending_submissions: what no living process settles any more
SELECT submission_id, 'urn:uuid:' || submission_set_uuid, submission_set_unique_id, owner,
       extract(epoch FROM now() - created_at)::float8, audit
  FROM repository_submission
 WHERE state = 'pending'
 ORDER BY submission_id;

-- documents_to_serve: registered documents by uniqueId
SELECT DISTINCT ON (d.unique_id) d.unique_id, d.sha256, d.size, d.mime_type, d.seal, d.patient_id
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.unique_id = ANY(%(unique_ids)s) AND s.state = 'registered' AND d.removed_at IS NULL
 ORDER BY d.unique_id, d.submission_id DESC;

-- referenced: which of these addresses some document still uses
SELECT DISTINCT d.sha256
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.sha256 = ANY(%(sha256s)s) AND s.state <> 'rejected' AND d.removed_at IS NULL;

-- remove_documents: they are not served any more; their rows stay
UPDATE repository_document AS d
   SET removed_at = now()
  FROM repository_submission AS s
 WHERE s.submission_id = d.submission_id AND s.state = 'registered'
   AND d.unique_id = ANY(%(unique_ids)s) AND d.removed_at IS NULL
RETURNING d.unique_id;

-- removed_documents: tombstones, with when it was and whether octets are still to be erased
SELECT d.unique_id, d.sha256, d.erased_at IS NOT NULL,
       to_char(max(d.removed_at) OVER (PARTITION BY d.unique_id) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       d.patient_id
  FROM repository_document AS d
 WHERE d.unique_id = ANY(%(unique_ids)s) AND d.removed_at IS NOT NULL
 ORDER BY d.unique_id, d.submission_id;

-- documents_to_erase: removed documents whose octets may still be there
SELECT DISTINCT sha256 FROM repository_document WHERE removed_at IS NOT NULL AND erased_at IS NULL;

-- set_erased: octets are gone, or belong to another document
UPDATE repository_document
   SET erased_at = now()
 WHERE sha256 = %(sha256)s AND removed_at IS NOT NULL AND erased_at IS NULL;

-- studies: the manifests that refer to a study, for as long as they are served
SELECT t.study_uid, t.unique_id, t.retrieve_location_uid, d.patient_id
  FROM repository_study AS t
  JOIN repository_document AS d USING (unique_id, submission_id)
  JOIN repository_submission AS s USING (submission_id)
 WHERE t.study_uid = ANY(%(study_uids)s) AND s.state = 'registered' AND d.removed_at IS NULL
 ORDER BY t.study_uid, t.unique_id, t.retrieve_location_uid;
