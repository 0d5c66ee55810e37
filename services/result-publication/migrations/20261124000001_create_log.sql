-- What is published is evidence: the sealed documents in the order of the log, and every checkpoint that was signed.
-- Rows of these tables are never changed, whoever asks; where a version stands is kept elsewhere.

-- Refuses whatever would change a row that is evidence.
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

-- One row a jurisdiction, locked by every change, so that the log has no gap and its order is that of the commits.
create table log_head (
    jurisdiction text collate "C" primary key,
    size bigint not null default 0 check (size >= 0)
);

create table log_entry (
    jurisdiction text collate "C" not null,
    log_index bigint not null check (log_index >= 0),
    month text collate "C" not null check (month ~ '^\d{4}-\d{2}$'),
    version integer not null check (version >= 1),
    -- The canonical bytes of the sealed version.
    document bytea not null,
    document_digest text not null,
    lines_root text not null,
    publish_time timestamptz not null,
    primary key (jurisdiction, log_index),
    -- No version is ever published in two forms.
    unique (jurisdiction, month, version)
);

create table checkpoint (
    jurisdiction text collate "C" not null,
    tree_size bigint not null check (tree_size >= 1),
    root text not null,
    -- The signed note.
    note text not null,
    -- The key that signed it, as readers write it down.
    verifier_key text not null,
    primary key (jurisdiction, tree_size)
);

select keep_for_good('log_entry'), keep_for_good('checkpoint');
