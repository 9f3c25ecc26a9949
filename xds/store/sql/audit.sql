-- add_event: an event, in the transaction that it tells of or in one of its own
INSERT INTO audit_event (body) VALUES (%(body)s);

-- add_events: several, in their order
INSERT INTO audit_event (body)
SELECT body FROM unnest(%(bodies)s::bytea[]) WITH ORDINALITY AS each (body, place) ORDER BY place;

-- know_spool: a file of events that is to be loaded; nothing when it was
INSERT INTO audit_spool (name) VALUES (%(name)s)
ON CONFLICT DO NOTHING
RETURNING name;
