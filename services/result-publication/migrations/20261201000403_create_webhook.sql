-- Consumers that are told by HTTP: where each is in the log, and what became of each publication that it was sent.
create table webhook (
    jurisdiction text collate "C" not null,
    webhook text collate "C" not null,
    url text not null,
    -- Encrypted; gone once the webhook is deleted.
    secret bytea check ((secret is null) = (delete_time is not null)),
    creator text not null,
    create_time timestamptz not null,
    -- Entries of the log before this one are not for it.
    first_index bigint not null check (first_index >= 0),
    -- The next entry of the log that gets a delivery.
    position bigint not null check (position >= first_index),
    -- Not before this is anything sent; absent for at once.
    next_attempt_time timestamptz,
    -- Which attempt holds it, and until when nobody else sends.
    lease uuid,
    lease_until timestamptz,
    delete_time timestamptz,
    deleter text not null default '',
    delete_reason text not null default '' check ((delete_reason = '') = (delete_time is null)),
    primary key (jurisdiction, webhook)
);

create table webhook_delivery (
    jurisdiction text collate "C" not null,
    webhook text collate "C" not null,
    log_index bigint not null check (log_index >= 0),
    state text not null check (state in ('pending', 'delivered', 'dead')),
    -- Since it began to wait; begins anew when it is taken up again.
    attempts integer not null default 0 check (attempts >= 0),
    total_attempts integer not null default 0 check (total_attempts >= attempts),
    last_status integer not null default 0,
    last_error text not null default '',
    last_attempt_time timestamptz,
    primary key (jurisdiction, webhook, log_index),
    foreign key (jurisdiction, webhook) references webhook,
    foreign key (jurisdiction, log_index) references log_entry
);
create index webhook_delivery_open on webhook_delivery (jurisdiction, webhook, log_index) where state <> 'delivered';
