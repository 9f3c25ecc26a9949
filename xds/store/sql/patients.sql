-- add_patient: an identifier that becomes known
INSERT INTO patient (cx) VALUES (%(cx)s) ON CONFLICT DO NOTHING RETURNING patient_key;

-- patient_of: one identifier; a merge waits until what is done with it is committed
SELECT cx, patient_key, merged_into, member_keys FROM patient WHERE cx = %(cx)s FOR KEY SHARE;

-- look_up_patient: one identifier as it is now
SELECT cx, patient_key, merged_into, member_keys FROM patient WHERE cx = %(cx)s;

-- lock_patients: for a merge: registrations that name one of them are committed, or wait
SELECT cx, patient_key, merged_into, member_keys
  FROM patient
 WHERE cx = ANY(%(ids)s)
 ORDER BY cx
   FOR UPDATE;

-- patients_of_keys: identifiers by key
SELECT cx, patient_key, merged_into, member_keys FROM patient WHERE patient_key = ANY(%(keys)s) ORDER BY cx;

-- record: what is known of a patient
SELECT patient_key, identifiers, family_name, given_names, name_prefix, name_suffix, birth_date, sex, from_feed,
       changed_at
  FROM patient_record
 WHERE patient_key = ANY(%(keys)s)
 ORDER BY patient_key;

-- lock_record: to change what is known of a patient
SELECT patient_key, identifiers, family_name, given_names, name_prefix, name_suffix, birth_date, sex, from_feed,
       changed_at
  FROM patient_record
 WHERE patient_key = %(key)s
   FOR UPDATE;

-- keep_record: what is known of a patient from now on
INSERT INTO patient_record (patient_key, identifiers, family_name, given_names, name_prefix, name_suffix, birth_date,
                            sex, search_keys, search_family, search_given, from_feed)
VALUES (%(key)s, %(identifiers)s::text[], %(family)s, %(given)s::text[], %(prefix)s, %(suffix)s, %(birth_date)s,
        %(sex)s, %(search_keys)s::text[], %(search_family)s, %(search_given)s, %(from_feed)s::boolean)
ON CONFLICT (patient_key) DO UPDATE
   SET identifiers = excluded.identifiers, family_name = excluded.family_name, given_names = excluded.given_names,
       name_prefix = excluded.name_prefix, name_suffix = excluded.name_suffix, birth_date = excluded.birth_date,
       sex = excluded.sex, search_keys = excluded.search_keys, search_family = excluded.search_family,
       search_given = excluded.search_given, from_feed = excluded.from_feed, changed_at = now();

-- keep_record_of_submission: only while no feed told anything
INSERT INTO patient_record (patient_key, identifiers, family_name, given_names, name_prefix, name_suffix, birth_date,
                            sex, search_keys, search_family, search_given, from_feed)
VALUES (%(key)s, %(identifiers)s::text[], %(family)s, %(given)s::text[], %(prefix)s, %(suffix)s, %(birth_date)s,
        %(sex)s, %(search_keys)s::text[], %(search_family)s, %(search_given)s, false)
ON CONFLICT DO NOTHING;

-- point_members: every key whose rows are the survivor's from now on
UPDATE patient SET merged_into = %(survivor)s WHERE patient_key = ANY(%(moved)s);

-- take_members: the other side of it
UPDATE patient SET member_keys = member_keys || %(moved)s::bigint[] WHERE patient_key = %(survivor)s;

-- remember_merge: who, when, by whom
INSERT INTO patient_merge (subsumed_key, survivor_key, source)
VALUES (%(subsumed)s, %(survivor)s, %(source)s);

-- merges_in_force: of these identifiers into others
SELECT subsumed_key, survivor_key, merged_at, source
  FROM patient_merge
 WHERE subsumed_key = ANY(%(keys)s) AND undone_at IS NULL;

-- merge_history: every merge that one of these identifiers took part in
SELECT sub.cx, sur.cx, m.merged_at, m.source, m.undone_at, m.undone_by
  FROM patient_merge AS m
  JOIN patient AS sub ON sub.patient_key = m.subsumed_key
  JOIN patient AS sur ON sur.patient_key = m.survivor_key
 WHERE m.subsumed_key = ANY(%(keys)s) OR m.survivor_key = ANY(%(keys)s)
 ORDER BY m.merge_id;

-- documents_of_keys: how many Approved DocumentEntries each identifier has of its own
SELECT patient_key, count(*)
  FROM document_entry
 WHERE patient_key = ANY(%(keys)s) AND status = 'A'
 GROUP BY patient_key;

-- find_patients: surviving identifiers, by what is known of them or of those merged into them; filters follow
SELECT DISTINCT coalesce(p.merged_into, p.patient_key)
  FROM patient_record AS r
  JOIN patient AS p USING (patient_key)
 WHERE true;

-- filter_key: an identifier with its authority, or its number alone
 AND r.search_keys @> ARRAY[%(key)s::text];

-- filter_family: the beginning of the family name
 AND r.search_family LIKE %(family)s;

-- filter_given: the beginning of one of the given names
 AND (r.search_given LIKE %(given)s::text OR r.search_given LIKE '% ' || %(given)s::text);

-- filter_birth_date: to the precision that is asked for
 AND r.birth_date LIKE %(birth_date)s;

-- filter_sex: as coded
 AND r.sex = %(sex)s;

-- limited: and no more than can be shown
 ORDER BY 1 LIMIT %(limit)s;
