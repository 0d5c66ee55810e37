-- Changes of a working calendar that carried a request ID, so that a repeat gets the first answer:
-- the calendar as it stood then, as JSON.
create table work_calendar_request (
    jurisdiction text collate "C" not null,
    request_id uuid not null,
    content_digest text not null,
    answer text not null,
    create_time timestamptz not null,
    primary key (jurisdiction, request_id)
);
