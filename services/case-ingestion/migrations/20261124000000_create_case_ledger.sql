-- What a jurisdiction's platform told us, kept for good: cases, events, what was refused, and the
-- snapshots that evaluations read. Every key starts with the jurisdiction, the unit of
-- distribution. Texts compare by bytes (collation "C"), so that an order, and with it a digest,
-- depends on no machine's locale.

-- The writers of one jurisdiction take turns on its row, so the sequence of its records has no
-- gap and follows the commits: all records up to a watermark are visible to whoever sees it.
CREATE TABLE jurisdiction (
    jurisdiction text COLLATE "C" NOT NULL
        CHECK (jurisdiction ~ '^[a-z0-9-]{1,63}$'),
    -- The number of accepted records, cases and events together.
    watermark bigint NOT NULL DEFAULT 0 CHECK (watermark >= 0),
    -- The number of events that were ever set aside to wait for their case.
    set_aside bigint NOT NULL DEFAULT 0 CHECK (set_aside >= 0),
    PRIMARY KEY (jurisdiction)
);

-- Accepted cases. Nothing in a row ever changes.
CREATE TABLE case_record (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL CHECK (char_length(case_no) BETWEEN 1 AND 128),
    sequence bigint NOT NULL CHECK (sequence > 0),
    -- The code of the source, as in chengping.cases.v1.Source.
    source smallint NOT NULL CHECK (source BETWEEN 1 AND 12),
    category_scheme text COLLATE "C" NOT NULL CHECK (category_scheme <> ''),
    category_code text COLLATE "C" NOT NULL CHECK (category_code <> ''),
    -- Empty when the platform gave none.
    area_code text COLLATE "C" NOT NULL,
    collector text COLLATE "C" CHECK (collector ~ '^[a-z0-9-]{1,63}$'),
    title text CHECK (title <> ''),
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, case_no)
);

-- Accepted events. There is no foreign key to the case: an event is taken in by the transaction
-- that saw its case under the lock of the jurisdiction, and no case is ever deleted.
CREATE TABLE event (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    event_no bigint NOT NULL CHECK (event_no > 0),
    sequence bigint NOT NULL CHECK (sequence > 0),
    event_time timestamptz NOT NULL,
    -- The code of the kind, as in chengping.cases.v1.EventKind.
    kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 24),
    actor text COLLATE "C" CHECK (actor ~ '^[a-z0-9-]{1,63}$'),
    unit text COLLATE "C" CHECK (unit ~ '^[a-z0-9-]{1,63}$'),
    due_time timestamptz,
    stage_due_time timestamptz,
    outcome text COLLATE "C" CHECK (outcome <> ''),
    note text CHECK (note <> ''),
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, case_no, event_no),
    -- `dispatched` (9) and `returned` (10) name the unit, `extended` (11) the deadline.
    CHECK (kind NOT IN (9, 10) OR unit IS NOT NULL),
    CHECK (kind <> 11 OR due_time IS NOT NULL)
);

-- What was refused, with its bytes, so that nothing is lost.
CREATE TABLE reject (
    jurisdiction text COLLATE "C" NOT NULL,
    -- The first 32 hexadecimal digits of the SHA-256 over place, reason and bytes.
    reject_id text COLLATE "C" NOT NULL CHECK (reject_id ~ '^[0-9a-f]{32}$'),
    file text COLLATE "C" NOT NULL CHECK (char_length(file) <= 255),
    row_no bigint NOT NULL CHECK (row_no >= 0),
    line_no bigint NOT NULL CHECK (line_no >= 0),
    column_name text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL CHECK (code ~ '^[a-z][a-z0-9_]{0,62}$'),
    message text NOT NULL,
    payload bytea NOT NULL CHECK (octet_length(payload) <= 16777216),
    accepted_payload bytea,
    case_no text COLLATE "C",
    -- The place among the events that were set aside to wait for their case; absent otherwise.
    waiting_no bigint CHECK (waiting_no > 0),
    -- 1 open, 2 replayed, 3 dismissed.
    state smallint NOT NULL DEFAULT 1 CHECK (state BETWEEN 1 AND 3),
    dismiss_reason text CHECK ((state = 3) = (dismiss_reason IS NOT NULL)),
    create_time timestamptz NOT NULL DEFAULT now(),
    update_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, reject_id),
    CHECK (waiting_no IS NULL OR case_no IS NOT NULL)
);

-- The order of the list, which is nearly always asked for one state.
CREATE INDEX reject_list ON reject (jurisdiction, state, file, row_no, reject_id);

-- Looked up for every new case; holds only what still waits.
CREATE INDEX reject_waiting ON reject (jurisdiction, case_no, waiting_no)
    WHERE state = 1 AND waiting_no IS NOT NULL;

-- Fixed views of the records, each with its digest.
CREATE TABLE snapshot (
    jurisdiction text COLLATE "C" NOT NULL,
    snapshot_id text COLLATE "C" NOT NULL CHECK (snapshot_id ~ '^[a-z0-9-]{1,63}$'),
    month text COLLATE "C" NOT NULL CHECK (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    as_of timestamptz NOT NULL,
    decided timestamptz NOT NULL,
    watermark bigint NOT NULL CHECK (watermark >= 0),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    case_count bigint NOT NULL CHECK (case_count >= 0),
    event_count bigint NOT NULL CHECK (event_count >= 0),
    open_reject_count bigint NOT NULL CHECK (open_reject_count >= 0),
    create_time timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (jurisdiction, snapshot_id),
    UNIQUE (jurisdiction, month, as_of, decided, watermark)
);

-- Records are only ever added: whoever runs the service can neither change nor remove one, and
-- can remove no reject either.
DO $$
DECLARE
    granted record;
BEGIN
    FOR granted IN
        SELECT DISTINCT acl.grantee::regrole AS role
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE oid = 'case_record'::regclass AND acl.grantee <> relowner AND acl.grantee <> 0
    LOOP
        EXECUTE format('REVOKE UPDATE, DELETE ON case_record, event, snapshot FROM %s',
                       granted.role);
        EXECUTE format('REVOKE DELETE ON jurisdiction, reject FROM %s', granted.role);
    END LOOP;
END $$;
