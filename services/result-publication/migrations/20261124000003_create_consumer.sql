-- How far each consumer of publications has come: the number of log entries that it has taken in.
create table consumer (
    jurisdiction text collate "C" not null,
    consumer text collate "C" not null,
    acknowledged bigint not null check (acknowledged >= 0),
    update_time timestamptz not null,
    primary key (jurisdiction, consumer)
);
