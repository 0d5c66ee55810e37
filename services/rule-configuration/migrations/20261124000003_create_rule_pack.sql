-- Rule packs. The text of a revision and where it stands in its review are two tables, so that the
-- first can be closed to every change while the second moves.

create table rule_pack (
    jurisdiction text collate "C" not null,
    rule_pack text collate "C" not null,
    title text not null,
    time_zone text not null,
    newest_revision bigint not null check (newest_revision >= 1),
    version bigint not null check (version >= 1),
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (jurisdiction, rule_pack)
);

create table rule_pack_revision (
    jurisdiction text collate "C" not null,
    rule_pack text collate "C" not null,
    revision bigint not null check (revision >= 1),
    digest text not null,
    source text not null,
    source_digest text not null,
    canonical bytea not null,
    warnings jsonb not null,
    author text not null,
    create_time timestamptz not null,
    primary key (jurisdiction, rule_pack, revision),
    foreign key (jurisdiction, rule_pack) references rule_pack
);

select keep_for_good('rule_pack_revision');

create table rule_pack_review (
    jurisdiction text collate "C" not null,
    rule_pack text collate "C" not null,
    revision bigint not null,
    state text not null check (
        state in ('draft', 'submitted', 'approved', 'active', 'superseded', 'refused')
    ),
    active_from text collate "C" check (active_from ~ '^\d{4}-\d{2}$'),
    approver text not null default '',
    version bigint not null default 1 check (version >= 1),
    primary key (jurisdiction, rule_pack, revision),
    foreign key (jurisdiction, rule_pack, revision) references rule_pack_revision
);

create index rule_pack_review_in_force on rule_pack_review (jurisdiction, active_from)
    where state = 'active';

-- Which revision is in force when: in a month, that of the greatest `active_from` up to it, and of
-- equals that of the greatest `sequence`. It is also the feed of those who watch.
create table rule_pack_activation (
    jurisdiction text collate "C" not null,
    sequence bigint not null check (sequence >= 1),
    rule_pack text collate "C" not null,
    revision bigint not null,
    active_from text collate "C" not null check (active_from ~ '^\d{4}-\d{2}$'),
    actor text not null,
    create_time timestamptz not null,
    primary key (jurisdiction, sequence),
    foreign key (jurisdiction, rule_pack, revision) references rule_pack_revision
);

create index rule_pack_activation_by_month
    on rule_pack_activation (jurisdiction, active_from desc, sequence desc);

select keep_for_good('rule_pack_activation');

-- Commits that carried a request ID, so that a repeat gets the first answer.
create table commit_request (
    jurisdiction text collate "C" not null,
    request_id uuid not null,
    content_digest text not null,
    rule_pack text collate "C" not null,
    revision bigint not null,
    create_time timestamptz not null,
    primary key (jurisdiction, request_id)
);
