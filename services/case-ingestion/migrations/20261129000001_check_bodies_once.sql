-- What a body's identifier looks like is checked on the way in; to match every row again costs a
-- fourth of the time that it takes to store it.
ALTER TABLE event
    DROP CONSTRAINT event_actor_check,
    DROP CONSTRAINT event_unit_check,
    ADD CONSTRAINT event_actor_check CHECK (actor <> ''),
    ADD CONSTRAINT event_unit_check CHECK (unit <> '');
