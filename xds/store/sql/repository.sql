-- known_documents: what the repository holds under uniqueIds, registered only
SELECT d.unique_id, d.sha1, d.size
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.unique_id = ANY(%(unique_ids)s) AND s.state = 'registered';

-- add_submission: documents are durable, the registry was not asked yet
INSERT INTO repository_submission (submission_set_unique_id, submission_set_uuid, state, message_id, digest, owner)
VALUES (%(unique_id)s, %(uuid)s, 'pending', %(message_id)s, %(digest)s, %(owner)s)
RETURNING submission_id;

-- add_document: one document of it
INSERT INTO repository_document (unique_id, submission_id, sha256, sha1, size, mime_type, patient_id, seal)
VALUES (%(unique_id)s, %(submission_id)s, %(sha256)s, %(sha1)s, %(size)s, %(mime_type)s, %(patient_id)s, %(seal)s);

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
       extract(epoch FROM now() - created_at)::float8
  FROM repository_submission
 WHERE state = 'pending'
 ORDER BY submission_id;

-- documents_to_serve: registered documents by uniqueId
SELECT DISTINCT ON (d.unique_id) d.unique_id, d.sha256, d.size, d.mime_type, d.seal
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.unique_id = ANY(%(unique_ids)s) AND s.state = 'registered'
 ORDER BY d.unique_id, d.submission_id DESC;

-- referenced: which of these addresses some document still uses
SELECT DISTINCT d.sha256
  FROM repository_document AS d
  JOIN repository_submission AS s USING (submission_id)
 WHERE d.sha256 = ANY(%(sha256s)s) AND s.state <> 'rejected';
