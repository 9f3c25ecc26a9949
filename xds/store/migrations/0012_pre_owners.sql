-- Whose an object is: the sourceId of the SubmissionSet of the submission that brought it, for partners that are held to
-- what is their own. What was there before gets that of the one source whose SubmissionSets hold it; of what several
-- hold, and of associations that no SubmissionSet holds, nothing is known, and no partner owns it.
ALTER TABLE object_locator ADD COLUMN source_id text;

UPDATE object_locator AS l
   SET source_id = s.source_id
  FROM submission_set AS s
 WHERE l.kind = 'S' AND s.entry_uuid = l.entry_uuid;

UPDATE object_locator AS l
   SET source_id = held.source_id
  FROM (SELECT a.target, min(s.source_id) AS source_id
          FROM association AS a
          JOIN submission_set AS s ON s.entry_uuid = a.source
         WHERE a.type = 'urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember'
         GROUP BY a.target
        HAVING count(DISTINCT s.source_id) = 1) AS held
 WHERE l.kind IN ('D', 'F') AND held.target = l.entry_uuid;

-- The repository names no registry's table: who provided a document is kept with its submission.
ALTER TABLE repository_submission ADD COLUMN source_id text;
