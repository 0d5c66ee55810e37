-- One row a jurisdiction carries the counters that must be gapless and the end of the audit chain.
-- Every change locks it first, so that numbers are given in the order of commits and a reader that
-- goes on from a number misses nothing.

create table jurisdiction_head (
    jurisdiction text collate "C" primary key,
    registry_revision bigint not null default 0 check (registry_revision >= 0),
    activation_sequence bigint not null default 0 check (activation_sequence >= 0),
    audit_sequence bigint not null default 0 check (audit_sequence >= 0),
    audit_digest text not null default ''
);

-- Refuses whatever would change a row that is evidence, whoever asks.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never changed', tg_table_name
        using errcode = 'restrict_violation';
end
$$;

-- Closes a table to every change of a row: to roles other than the owner by privilege, and to the
-- owner, who could grant it again, by triggers.
create function keep_for_good(kept regclass) returns void language plpgsql as $$
declare
    writer text;
begin
    execute format('create trigger rows_are_fixed before update or delete on %s
        for each row execute function refuse_change()', kept);
    execute format('create trigger rows_are_kept before truncate on %s
        for each statement execute function refuse_change()', kept);
    for writer in
        select distinct acl.grantee::regrole::text from pg_class, aclexplode(relacl) as acl
        where oid = kept and acl.grantee not in (0, relowner)
    loop
        execute format('revoke update, delete, truncate on %s from %s', kept, writer);
    end loop;
end
$$;

-- Who changed what, when and why. Each entry holds the digest of the one before it.
create table audit_entry (
    jurisdiction text collate "C" not null,
    sequence bigint not null check (sequence >= 1),
    actor text not null,
    action text not null,
    resource text not null,
    reason text not null,
    digest_before text not null,
    digest_after text not null,
    previous_digest text not null,
    digest text not null,
    create_time timestamptz not null,
    primary key (jurisdiction, sequence)
);

select keep_for_good('audit_entry');
