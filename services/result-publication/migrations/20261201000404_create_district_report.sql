-- What districts report of their own jurisdictions (6.4), and what the centre made of it.
create table district_report (
    jurisdiction text collate "C" not null,
    district_report text collate "C" not null,
    -- In the order of arrival, for lists.
    sequence bigint not null check (sequence >= 1),
    district text collate "C" not null,
    month text collate "C" not null check (month ~ '^\d{4}-\d{2}$'),
    -- The version of another jurisdiction; empty where the lines were computed elsewhere.
    bulletin_version text not null,
    bulletin_digest text not null,
    -- As JSON, in the order in which they are told.
    lines bytea not null,
    state text not null check (state in ('submitted', 'accepted', 'returned')),
    return_reason text not null check ((return_reason = '') = (state <> 'returned')),
    revision bigint not null default 1 check (revision >= 1),
    creator text not null,
    create_time timestamptz not null,
    decider text not null default '',
    decide_time timestamptz,
    primary key (jurisdiction, district_report),
    unique (jurisdiction, sequence)
);
-- While one is submitted or accepted, there is no second one.
create unique index district_report_live on district_report (jurisdiction, district, month)
    where state <> 'returned';

-- Only what the centre made of a report moves.
create function refuse_change_of_report() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' then
        raise exception 'reports are never removed' using errcode = 'restrict_violation';
    end if;
    if (new.jurisdiction, new.district_report, new.sequence, new.district, new.month, new.bulletin_version,
            new.bulletin_digest, new.lines, new.creator, new.create_time)
        is distinct from (old.jurisdiction, old.district_report, old.sequence, old.district, old.month,
            old.bulletin_version, old.bulletin_digest, old.lines, old.creator, old.create_time) then
        raise exception 'what was reported is never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
create trigger district_report_is_fixed before update or delete on district_report
    for each row execute function refuse_change_of_report();
create trigger district_report_is_kept before truncate on district_report
    for each statement execute function refuse_change();

create table district_report_attachment (
    jurisdiction text collate "C" not null,
    district_report text collate "C" not null,
    number integer not null check (number >= 0),
    file_name text not null,
    media_type text not null,
    data bytea not null,
    digest text not null,
    primary key (jurisdiction, district_report, number),
    foreign key (jurisdiction, district_report) references district_report
);
select keep_for_good('district_report_attachment');

-- Every move of every report: who, to what, why, with the digests of its content before and after.
create table district_report_move (
    jurisdiction text collate "C" not null,
    district_report text collate "C" not null,
    revision bigint not null,
    state text not null,
    actor text not null,
    reason text not null,
    digest_before text not null,
    digest_after text not null,
    move_time timestamptz not null,
    primary key (jurisdiction, district_report, revision)
);
select keep_for_good('district_report_move');
