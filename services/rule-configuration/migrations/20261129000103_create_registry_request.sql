-- Changes of the registry, or of its calendar, that carried a request ID, so that a repeat gets the
-- first answer.

create table registry_request (
    jurisdiction text collate "C" not null,
    request_id uuid not null,
    content_digest text not null,
    revision bigint,
    answer bytea not null,
    create_time timestamptz not null,
    primary key (jurisdiction, request_id)
);
