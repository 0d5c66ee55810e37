-- Events are kept by month, so that a month that is over can be put away as a whole. A case has one
-- month, fixed with its first event: its events lie together, and their key is unique among them.

CREATE TABLE case_month (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    -- The first day of the month, in UTC, of the earliest of the events that came first.
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    PRIMARY KEY (jurisdiction, case_no)
);

ALTER TABLE event RENAME TO former_event;
ALTER INDEX event_pkey RENAME TO former_event_pkey;

CREATE TABLE event (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    event_no bigint NOT NULL CHECK (event_no > 0),
    -- That of its case.
    month date NOT NULL,
    sequence bigint NOT NULL CHECK (sequence > 0),
    event_time timestamptz NOT NULL,
    -- The code of the kind, as in chengping.cases.v1.EventKind.
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 24),
    actor text COLLATE "C" CHECK (actor <> ''),
    unit text COLLATE "C" CHECK (unit <> ''),
    due_time timestamptz,
    stage_due_time timestamptz,
    outcome text COLLATE "C" CHECK (outcome <> ''),
    note text CHECK (note <> ''),
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, case_no, event_no, month),
    -- `dispatched` (9) and `returned` (10) name the unit.
    CHECK (kind NOT IN (9, 10) OR unit IS NOT NULL)
) PARTITION BY LIST (month);

-- What came since a watermark.
CREATE INDEX event_sequence ON event (jurisdiction, sequence);
CREATE INDEX case_record_sequence ON case_record (jurisdiction, sequence);

-- Whoever runs the service owns no table, and may nevertheless begin a month. It gets no right to
-- the part itself, only to the whole, which it can add to and read.
CREATE FUNCTION begin_month(wanted date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    part text := 'event_' || to_char(wanted, 'YYYY_MM');
    whole text := format('%I.%I', current_schema(), part);
    granted record;
BEGIN
    IF extract(day FROM wanted) <> 1 OR wanted NOT BETWEEN '2000-01-01' AND '2099-12-01' THEN
        RAISE EXCEPTION '% is no month that events are kept by', wanted;
    END IF;
    IF to_regclass(whole) IS NOT NULL THEN
        RETURN;
    END IF;
    -- Two may want the same month. Writers go on.
    LOCK TABLE event IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(whole) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE event INCLUDING ALL)', part);
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = to_regclass(whole) AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE ALL ON %I FROM %s', part, granted.role);
    END LOOP;
    EXECUTE format('ALTER TABLE event ATTACH PARTITION %I FOR VALUES IN (%L)', part, wanted);
END $$;

-- It runs with the rights of its owner, so that nobody may put tables of their own in its way.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION begin_month(date) SET search_path = %I, pg_temp',
                   current_schema());
END $$;
REVOKE ALL ON FUNCTION begin_month(date) FROM PUBLIC;

INSERT INTO case_month (jurisdiction, case_no, month)
SELECT jurisdiction, case_no,
       greatest(least(date_trunc('month', min(event_time) AT TIME ZONE 'UTC'), '2099-12-01'),
                '2000-01-01')::date
FROM former_event GROUP BY jurisdiction, case_no;

SELECT begin_month(month) FROM (SELECT DISTINCT month FROM case_month) AS wanted;

INSERT INTO event (jurisdiction, case_no, event_no, month, sequence, event_time, kind, actor, unit,
                   due_time, stage_due_time, outcome, note, create_time)
SELECT jurisdiction, case_no, event_no, month, sequence, event_time, kind, actor, unit, due_time,
       stage_due_time, outcome, note, create_time
FROM former_event JOIN case_month USING (jurisdiction, case_no);

DROP TABLE former_event;

DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'case_record'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON event, case_month FROM %s', granted.role);
        EXECUTE format('GRANT EXECUTE ON FUNCTION begin_month(date) TO %s', granted.role);
    END LOOP;
END $$;
