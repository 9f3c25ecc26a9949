-- relax: the next commit need not wait for the disk. What follows from a claim is committed later and waits, and then
-- the claim is on disk too: the log is written in order.
SELECT set_config('synchronous_commit', 'off', true);

-- claim: the first that comes with a MessageID is it (security digest 2.1 step 11)
INSERT INTO signed_message (partner, message, digest, sender, number, expires_at)
VALUES (%(partner)s, %(message)s, %(digest)s, %(sender)s, %(number)s, %(expires_at)s::timestamptz)
ON CONFLICT DO NOTHING
RETURNING number;

-- claimed: what came with it before
SELECT digest, sender, number, answer
  FROM signed_message
 WHERE partner = %(partner)s AND message = %(message)s;

-- settle: the answer that a repeat gets
UPDATE signed_message SET answer = %(answer)s
 WHERE partner = %(partner)s AND message = %(message)s;

-- forget: after a day, and never while the message may still be believed
DELETE FROM signed_message
 WHERE created_at < now() - interval '24 hours' AND expires_at < now() - interval '10 minutes';
