-- Which of the states of a month a snapshot found, and what came late since the one before.

ALTER TABLE snapshot
    ADD COLUMN revision bigint NOT NULL DEFAULT 1 CHECK (revision > 0),
    -- The snapshot of the same month and as_of before it.
    ADD COLUMN former_id text COLLATE "C",
    ADD COLUMN late_case_count bigint NOT NULL DEFAULT 0 CHECK (late_case_count >= 0),
    ADD COLUMN late_event_count bigint NOT NULL DEFAULT 0 CHECK (late_event_count >= 0);

-- Those that there are did not count what came late, and are one state each.
UPDATE snapshot SET revision = numbered.revision, former_id = numbered.former_id
FROM (SELECT jurisdiction, snapshot_id,
             row_number() OVER states AS revision, lag(snapshot_id) OVER states AS former_id
      FROM snapshot
      WINDOW states AS (PARTITION BY jurisdiction, month, as_of
                        ORDER BY watermark, snapshot_id)) AS numbered
WHERE snapshot.jurisdiction = numbered.jurisdiction
  AND snapshot.snapshot_id = numbered.snapshot_id;
