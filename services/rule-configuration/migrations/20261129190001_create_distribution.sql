-- Who may be answering from memory which revision is in force, and who was given which one.
-- A process announces itself here before it believes what it remembers, so that whoever puts a
-- revision in force knows how long others may go on with the former one.

create table pointer_holder (
    jurisdiction text collate "C" not null,
    holder uuid not null,
    ttl_ms bigint not null check (ttl_ms > 0),
    renew_time timestamptz not null,
    primary key (jurisdiction, holder)
);

-- The revision that a process was given last for a month.
create table rule_pack_holder (
    jurisdiction text collate "C" not null,
    service text collate "C" not null,
    instance text collate "C" not null,
    month text collate "C" not null check (month ~ '^\d{4}-\d{2}$'),
    rule_pack text collate "C" not null,
    revision bigint not null,
    last_time timestamptz not null,
    primary key (jurisdiction, service, instance, month),
    foreign key (jurisdiction, rule_pack, revision) references rule_pack_revision
);

create index rule_pack_holder_by_time on rule_pack_holder (jurisdiction, last_time);
