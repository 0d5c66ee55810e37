-- An evaluation is stored once it has succeeded, together with everything that it read, so that it can be computed
-- again and explained from this schema alone. Nothing of it ever changes.

create table evaluation (
    jurisdiction text collate "C" not null,
    evaluation_id text collate "C" not null,
    -- Makes a repeated call return the first answer; the digest tells a repetition from a reuse.
    request_id text,
    request_digest text,
    month text not null check (month ~ '^[0-9]{4}-[0-9]{2}$'),
    as_of timestamptz not null,
    decided timestamptz not null,
    rule_pack text not null,
    rule_pack_revision bigint not null check (rule_pack_revision >= 1),
    rule_pack_digest text not null,
    registry_revision bigint not null check (registry_revision >= 1),
    snapshot text not null,
    snapshot_digest text not null,
    watermark bigint not null check (watermark >= 0),
    open_reject_count bigint not null check (open_reject_count >= 0),
    engine_version text not null,
    -- The digest of the results document: same inputs, same digest.
    digest text not null,
    body_count integer not null check (body_count >= 0),
    create_time timestamptz not null,
    end_time timestamptz not null check (end_time >= create_time),
    primary key (jurisdiction, evaluation_id),
    unique (jurisdiction, request_id),
    check ((request_id is null) = (request_digest is null))
);

create table evaluation_document (
    jurisdiction text collate "C" not null,
    evaluation_id text collate "C" not null,
    -- 1: the results; 2: everything that was read.
    document smallint not null check (document in (1, 2)),
    data bytea not null,
    primary key (jurisdiction, evaluation_id, document),
    foreign key (jurisdiction, evaluation_id) references evaluation
);

-- Refuses whatever would change an evaluation, whoever asks.
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'rows of % are never changed', tg_table_name
        using errcode = 'restrict_violation';
end
$$;

create trigger evaluation_is_fixed before update or delete on evaluation
    for each row execute function refuse_change();
create trigger evaluation_is_kept before truncate on evaluation
    for each statement execute function refuse_change();
create trigger evaluation_document_is_fixed before update or delete on evaluation_document
    for each row execute function refuse_change();
create trigger evaluation_document_is_kept before truncate on evaluation_document
    for each statement execute function refuse_change();

-- To roles other than the owner the tables are closed by privilege already.
do $$
declare
    kept regclass;
    writer text;
begin
    foreach kept in array array['evaluation', 'evaluation_document']::regclass[] loop
        for writer in
            select distinct acl.grantee::regrole::text from pg_class, aclexplode(relacl) as acl
            where oid = kept and acl.grantee not in (0, relowner)
        loop
            execute format('revoke update, delete, truncate on %s from %s', kept, writer);
        end loop;
    end loop;
end
$$;
