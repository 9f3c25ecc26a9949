-- use_assertion: the first use of an assertion's id; a later one adds no row (ITI TF-2 3.40.4.1.3)
INSERT INTO assertion_use (key, content, expires_at)
VALUES (%(key)s, %(content)s, to_timestamp(%(expires_at)s::bigint))
ON CONFLICT DO NOTHING
RETURNING key;

-- used_assertion: what an id was used with
SELECT content FROM assertion_use WHERE key = %(key)s;

-- forget_assertions: those that nobody would believe any more
DELETE FROM assertion_use WHERE expires_at < now() - interval '24 hours';
