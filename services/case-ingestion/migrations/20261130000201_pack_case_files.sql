-- Case files in few bytes: a case with all its events and computed deadlines, as freezes and
-- evaluations read them. All of it is derived from the records and can be made again from them, so
-- that a row here may change and go.

CREATE TABLE case_file (
    jurisdiction text COLLATE "C" NOT NULL,
    case_no text COLLATE "C" NOT NULL,
    -- That of the case itself; its events come behind it.
    first_sequence bigint NOT NULL CHECK (first_sequence > 0),
    -- That of the last record of the case that is packed.
    sequence bigint NOT NULL CHECK (sequence >= first_sequence),
    -- When the latest of its events happened; absent without events.
    last_time timestamptz,
    event_count bigint NOT NULL CHECK (event_count >= 0),
    -- SHA-256 of the case with all its events, as snapshots take it.
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    -- A frame of the form that chengping_casework::packed describes.
    content bytea NOT NULL,
    PRIMARY KEY (jurisdiction, case_no)
) WITH (fillfactor = 85);

-- Short already; to be read whole.
ALTER TABLE case_file ALTER COLUMN content SET STORAGE EXTERNAL;

-- How far the records are packed. The row is the lock of who packs.
CREATE TABLE case_file_state (
    jurisdiction text COLLATE "C" NOT NULL,
    -- So many of the first records are packed.
    watermark bigint NOT NULL CHECK (watermark >= 0),
    -- The version of the form; files of another one are made again.
    version smallint NOT NULL CHECK (version BETWEEN 1 AND 255),
    PRIMARY KEY (jurisdiction)
);

-- What came since a watermark.
CREATE INDEX computed_deadline_sequence ON computed_deadline (jurisdiction, sequence);
