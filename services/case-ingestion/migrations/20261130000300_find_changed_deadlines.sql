-- A deadline that moves becomes known with the last record of a batch, which may be one of another
-- case: so the changes behind a watermark are looked for among deadlines as well.

CREATE INDEX computed_deadline_sequence ON computed_deadline (jurisdiction, sequence);
