-- Deadlines that the platform does not give are computed when their events are taken in, and stored
-- beside them: an event stays what the platform said, so that a repeat of it is one.

-- The condition that a case was filed under, where its platform says one.
ALTER TABLE case_record
    ADD COLUMN filing_condition text COLLATE "C" CHECK (filing_condition <> '');

-- An extension may lack its deadline now.
ALTER TABLE event DROP CONSTRAINT event_check1;

-- What deadlines were computed from, each version once: an event that comes late is put in its place
-- by the rules of then.
CREATE TABLE deadline_rules (
    jurisdiction text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    -- Time zone and rows as canonical JSON, which the digest is that of.
    content text NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, digest)
);

-- Of several rows of an event the one of the greatest sequence up to a watermark holds.
CREATE TABLE computed_deadline (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    event_no bigint NOT NULL CHECK (event_no > 0),
    -- The record with which it became known.
    sequence bigint NOT NULL CHECK (sequence > 0),
    due_time timestamptz NOT NULL,
    start_time timestamptz NOT NULL,
    condition_id text COLLATE "C" NOT NULL,
    limit_value text COLLATE "C" NOT NULL,
    limit_unit text COLLATE "C" NOT NULL,
    -- The version of the working calendar; absent for a limit that runs at night as well.
    calendar_digest text COLLATE "C",
    rules_digest text COLLATE "C" NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, case_no, event_no, sequence)
);

DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'computed_deadline'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON deadline_rules, computed_deadline FROM %s',
                       granted.role);
    END LOOP;
END $$;
