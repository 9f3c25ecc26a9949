-- add_event: an event, in the transaction that it tells of or in one of its own
INSERT INTO audit_event (body) VALUES (%(body)s);

-- add_events: several, in their order
INSERT INTO audit_event (body)
SELECT body FROM unnest(%(bodies)s::bytea[]) WITH ORDINALITY AS each (body, place) ORDER BY place;

-- know_spool: a file of events that is to be loaded; nothing when it was
INSERT INTO audit_spool (name) VALUES (%(name)s)
ON CONFLICT DO NOTHING
RETURNING name;

-- horizon: the largest number that is there, and which transactions are decided
SELECT (SELECT coalesce(max(number), 0) FROM audit_event), pg_snapshot_xmin(now)::text, pg_snapshot_xmax(now)::text
  FROM pg_current_snapshot() AS now;

-- sealer: how far the chain is decided
SELECT done, reach, reach_xmax::text FROM audit_sealer FOR UPDATE;

-- set_sealer: nothing up to `done` is missing in the chain; nothing up to `reach`, once older transactions have ended
UPDATE audit_sealer
   SET done = %(done)s, reach = %(reach)s, reach_xmax = %(reach_xmax)s::text::xid8;

-- unsealed: committed rows that are not in the chain, in their order; a restored database has ids of a future that
-- never was
SELECT e.number, (extract(epoch FROM e.recorded_at) * 1000000)::bigint, e.body
  FROM audit_event AS e, pg_current_snapshot() AS now
 WHERE e.number > %(done)s
   AND (e.xid < pg_snapshot_xmin(now) OR e.xid >= pg_snapshot_xmax(now))
   AND NOT EXISTS (SELECT 1 FROM audit_seal AS a WHERE a.number = e.number)
 ORDER BY e.number
 LIMIT %(limit)s::bigint;

-- last_seal: the end of the chain
SELECT position, hash FROM audit_seal ORDER BY position DESC LIMIT 1;

-- add_seals: links of the chain
INSERT INTO audit_seal (position, number, hash)
SELECT * FROM unnest(%(positions)s::bigint[], %(numbers)s::bigint[], %(hashes)s::bytea[]);

-- add_subjects: whom they concern
INSERT INTO audit_subject (patient, position)
SELECT * FROM unnest(%(patients)s::text[], %(positions)s::bigint[])
ON CONFLICT DO NOTHING;

-- sealed: links of the chain with their rows, if those are there
SELECT a.position, a.number, a.hash, (extract(epoch FROM e.recorded_at) * 1000000)::bigint, e.body
  FROM audit_seal AS a
  LEFT JOIN audit_event AS e USING (number)
 WHERE a.position > %(position)s
 ORDER BY a.position
 LIMIT %(limit)s::bigint;

-- count_unsealed: rows that wait for the sealer
SELECT count(*)
  FROM audit_event AS e, audit_sealer AS s
 WHERE e.number > s.done AND NOT EXISTS (SELECT 1 FROM audit_seal AS a WHERE a.number = e.number);

-- search: events in their order, by when they were recorded
SELECT e.number, e.body
  FROM audit_event AS e
 WHERE e.number > %(number)s
   AND e.recorded_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND e.recorded_at < coalesce(%(until)s::timestamptz, 'infinity')
 ORDER BY e.number
 LIMIT %(limit)s::bigint;

-- search_subject: those that concern a patient: sealed ones by the index, and those that wait for the sealer
SELECT e.number, e.body
  FROM audit_event AS e
 WHERE e.number > %(number)s
   AND e.recorded_at >= coalesce(%(since)s::timestamptz, '-infinity')
   AND e.recorded_at < coalesce(%(until)s::timestamptz, 'infinity')
   AND (e.number IN (SELECT a.number
                       FROM audit_subject AS p
                       JOIN audit_seal AS a USING (position)
                      WHERE p.patient = %(patient)s)
        OR (e.number > (SELECT done FROM audit_sealer)
            AND NOT EXISTS (SELECT 1 FROM audit_seal AS a WHERE a.number = e.number)))
 ORDER BY e.number
 LIMIT %(limit)s::bigint;

-- delivery: how far a receiver is
SELECT sent, clean FROM audit_delivery WHERE receiver = %(receiver)s;

-- set_delivery: how far it is now
INSERT INTO audit_delivery (receiver, sent, clean)
VALUES (%(receiver)s, %(sent)s, %(clean)s)
ON CONFLICT (receiver) DO UPDATE
   SET sent = excluded.sent, clean = excluded.clean, changed_at = now();

-- rewound: from where to send again: so many seconds before a position
SELECT coalesce(min(a.position) - 1, 0)
  FROM audit_seal AS a
  JOIN audit_event AS e USING (number)
 WHERE a.position <= %(position)s::bigint AND a.position > %(position)s::bigint - 100000
   AND e.recorded_at >= (SELECT w.recorded_at - make_interval(secs => %(seconds)s::int)
                           FROM audit_seal AS v JOIN audit_event AS w USING (number)
                          WHERE v.position = %(position)s::bigint);

-- backlog: how many events a receiver has not been sent, and for how many seconds the oldest of them has waited
SELECT count(*), coalesce(extract(epoch FROM now() - min(e.recorded_at)), 0)::float8
  FROM audit_event AS e
  LEFT JOIN audit_seal AS a USING (number)
 WHERE e.number > coalesce((SELECT min(number) FROM audit_seal WHERE position > %(sent)s::bigint),
                           (SELECT done FROM audit_sealer) + 1) - 1
   AND (a.position IS NULL OR a.position > %(sent)s::bigint);

-- known_receivers: those that were ever sent something
SELECT receiver, sent FROM audit_delivery ORDER BY receiver;
