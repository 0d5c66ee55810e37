-- A month that is over can be put away: its events leave the table once somebody else keeps them, and
-- come back when they are wanted. Titles and notes can be erased for good. Whoever runs the service
-- can still neither change nor remove a record: it can ask for these three steps as a whole, and
-- each leaves an entry that nobody changes.

-- What was put away last of a month, which of its cases have their events in it.
CREATE TABLE archive (
    jurisdiction text COLLATE "C" NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    -- 1 put away, 2 restored.
    state smallint NOT NULL CHECK (state BETWEEN 1 AND 2),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    -- That of titles and notes; absent where the archive has none of them.
    text_digest bytea CHECK (octet_length(text_digest) = 32),
    case_count bigint NOT NULL CHECK (case_count >= 0),
    event_count bigint NOT NULL CHECK (event_count > 0),
    deadline_count bigint NOT NULL CHECK (deadline_count >= 0),
    -- The first sequence of its cases: readings of fewer records do not need it.
    first_sequence bigint NOT NULL CHECK (first_sequence > 0),
    put_away_time timestamptz NOT NULL,
    restore_time timestamptz CHECK ((state = 2) = (restore_time IS NOT NULL)),
    PRIMARY KEY (jurisdiction, month)
);

-- Months of which titles and notes were erased, and are taken in no more.
CREATE TABLE text_erasure (
    jurisdiction text COLLATE "C" NOT NULL,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    erase_time timestamptz NOT NULL,
    PRIMARY KEY (jurisdiction, month)
);

-- Who did what to which month, and why.
CREATE TABLE retention_entry (
    jurisdiction text COLLATE "C" NOT NULL,
    -- From 1, without a gap.
    entry_no bigint NOT NULL CHECK (entry_no > 0),
    -- 1 put away, 2 restored, 3 texts erased.
    action smallint NOT NULL CHECK (action BETWEEN 1 AND 3),
    month date NOT NULL,
    actor text NOT NULL CHECK (actor <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    -- Whether it was done before its time.
    is_early boolean NOT NULL,
    -- Of the records; erasing texts leaves it as it is.
    digest bytea CHECK (octet_length(digest) = 32),
    case_count bigint NOT NULL DEFAULT 0,
    event_count bigint NOT NULL DEFAULT 0,
    title_count bigint NOT NULL DEFAULT 0,
    note_count bigint NOT NULL DEFAULT 0,
    payload_count bigint NOT NULL DEFAULT 0,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, entry_no)
);

-- The next number of an entry. Writers of a jurisdiction take turns on its row.
CREATE FUNCTION next_retention_entry(of_jurisdiction text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM jurisdiction WHERE jurisdiction = of_jurisdiction FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no jurisdiction %', of_jurisdiction;
    END IF;
    RETURN 1 + coalesce((SELECT max(entry_no) FROM retention_entry
                         WHERE jurisdiction = of_jurisdiction), 0);
END $$;

-- Records that somebody else keeps these events, and takes them out. All or nothing: it is refused
-- unless exactly so many are there.
CREATE FUNCTION put_away_month(
    of_jurisdiction text, wanted date, with_digest bytea, with_text_digest bytea, cases bigint,
    events bigint, deadlines bigint, first_of_cases bigint, who text, why text, early boolean
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    entry bigint := next_retention_entry(of_jurisdiction);
    part text := 'event_' || to_char(wanted, 'YYYY_MM');
    found_cases bigint;
    found_events bigint;
    is_alone boolean;
BEGIN
    IF EXISTS (SELECT FROM archive
               WHERE jurisdiction = of_jurisdiction AND month = wanted AND state = 1) THEN
        RAISE EXCEPTION 'the events of % are put away already', wanted;
    END IF;
    SELECT count(*) INTO found_cases FROM case_month
    WHERE jurisdiction = of_jurisdiction AND month = wanted;
    SELECT count(*) INTO found_events FROM event
    WHERE jurisdiction = of_jurisdiction AND month = wanted;
    IF found_cases <> cases OR found_events <> events THEN
        RAISE EXCEPTION 'there are % cases and % events of %, not % and %', found_cases,
            found_events, wanted, cases, events;
    END IF;
    INSERT INTO archive (jurisdiction, month, state, digest, text_digest, case_count, event_count,
                         deadline_count, first_sequence, put_away_time)
    VALUES (of_jurisdiction, wanted, 1, with_digest, with_text_digest, cases, events, deadlines,
            first_of_cases, now())
    ON CONFLICT (jurisdiction, month) DO UPDATE
    SET state = 1, digest = excluded.digest, text_digest = excluded.text_digest,
        case_count = excluded.case_count, event_count = excluded.event_count,
        deadline_count = excluded.deadline_count, first_sequence = excluded.first_sequence,
        put_away_time = excluded.put_away_time, restore_time = NULL;
    INSERT INTO retention_entry (jurisdiction, entry_no, action, month, actor, reason, is_early,
                                 digest, case_count, event_count)
    VALUES (of_jurisdiction, entry, 1, wanted, who, why, early, with_digest, cases, events);
    -- Where nobody else's rows are, and nobody is in the way, all go at once and give their space
    -- back. The part stays: whoever knows of it may add to it at any moment.
    SELECT NOT EXISTS (SELECT FROM event WHERE month = wanted AND jurisdiction <> of_jurisdiction)
    INTO is_alone;
    IF is_alone THEN
        BEGIN
            EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE NOWAIT', part);
            SELECT NOT EXISTS (SELECT FROM event
                               WHERE month = wanted AND jurisdiction <> of_jurisdiction)
            INTO is_alone;
        EXCEPTION WHEN lock_not_available THEN
            is_alone := false;
        END;
    END IF;
    IF is_alone THEN
        EXECUTE format('TRUNCATE %I', part);
    ELSE
        DELETE FROM event WHERE jurisdiction = of_jurisdiction AND month = wanted;
    END IF;
END $$;

-- Records that the events are back; the transaction that calls it has added them.
CREATE FUNCTION take_back_month(of_jurisdiction text, wanted date, who text, why text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    entry bigint := next_retention_entry(of_jurisdiction);
    away archive;
    found_events bigint;
BEGIN
    SELECT * INTO away FROM archive
    WHERE jurisdiction = of_jurisdiction AND month = wanted AND state = 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the events of % are not put away', wanted;
    END IF;
    SELECT count(*) INTO found_events FROM event
    WHERE jurisdiction = of_jurisdiction AND month = wanted;
    IF found_events <> away.event_count THEN
        RAISE EXCEPTION 'there are % events of %, not %', found_events, wanted, away.event_count;
    END IF;
    UPDATE archive SET state = 2, restore_time = now()
    WHERE jurisdiction = of_jurisdiction AND month = wanted;
    INSERT INTO retention_entry (jurisdiction, entry_no, action, month, actor, reason, is_early,
                                 digest, case_count, event_count)
    VALUES (of_jurisdiction, entry, 2, wanted, who, why, false, away.digest, away.case_count,
            away.event_count);
END $$;

-- Erases titles, notes and the payloads of closed rejects of a month; tells how many. A reject whose
-- case has no month belongs to the month in which it was set aside.
CREATE FUNCTION erase_texts(of_jurisdiction text, wanted date, who text, why text, early boolean)
RETURNS TABLE (titles bigint, notes bigint, payloads bigint)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    entry bigint := next_retention_entry(of_jurisdiction);
BEGIN
    UPDATE case_record SET title = NULL FROM case_month
    WHERE case_record.jurisdiction = of_jurisdiction AND title IS NOT NULL
      AND case_month.jurisdiction = of_jurisdiction AND case_month.month = wanted
      AND case_month.case_no = case_record.case_no;
    GET DIAGNOSTICS titles = ROW_COUNT;
    UPDATE event SET note = NULL
    WHERE jurisdiction = of_jurisdiction AND month = wanted AND note IS NOT NULL;
    GET DIAGNOSTICS notes = ROW_COUNT;
    UPDATE reject SET payload = '', accepted_payload = NULL
    WHERE jurisdiction = of_jurisdiction AND state <> 1
      AND (payload <> '' OR accepted_payload IS NOT NULL)
      AND wanted = coalesce(
          (SELECT month FROM case_month
           WHERE case_month.jurisdiction = of_jurisdiction AND case_month.case_no = reject.case_no),
          date_trunc('month', create_time AT TIME ZONE 'UTC')::date);
    GET DIAGNOSTICS payloads = ROW_COUNT;
    INSERT INTO text_erasure (jurisdiction, month, erase_time) VALUES (of_jurisdiction, wanted, now())
    ON CONFLICT (jurisdiction, month) DO UPDATE SET erase_time = excluded.erase_time;
    INSERT INTO retention_entry (jurisdiction, entry_no, action, month, actor, reason, is_early,
                                 title_count, note_count, payload_count)
    VALUES (of_jurisdiction, entry, 3, wanted, who, why, early, titles, notes, payloads);
    RETURN NEXT;
END $$;

-- They run with the rights of their owner, so that nobody may put tables of their own in their way,
-- and nobody but the service may call them.
DO $$
DECLARE
    step regprocedure;
    granted record;
BEGIN
    FOREACH step IN ARRAY ARRAY[
        'next_retention_entry(text)',
        'put_away_month(text,date,bytea,bytea,bigint,bigint,bigint,bigint,text,text,boolean)',
        'take_back_month(text,date,text,text)',
        'erase_texts(text,date,text,text,boolean)']::regprocedure[]
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', step, current_schema());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', step);
    END LOOP;
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'case_record'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON archive, text_erasure, retention_entry '
                       'FROM %s', granted.role);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION '
            'put_away_month(text,date,bytea,bytea,bigint,bigint,bigint,bigint,text,text,boolean), '
            'take_back_month(text,date,text,text), erase_texts(text,date,text,text,boolean) TO %s',
            granted.role);
    END LOOP;
END $$;
