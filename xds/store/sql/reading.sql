-- locate: where objects are
SELECT 'urn:uuid:' || entry_uuid, patient_key, kind::text FROM object_locator WHERE entry_uuid = ANY(%(ids)s::uuid[]);

-- locate_unique_ids: who bears uniqueIds of one kind of object
SELECT patient_key, other_keys FROM unique_id WHERE uid = ANY(%(uids)s) AND kind = %(kind)s::"char";
