-- The versions of a month on their way to publication. A number stands for one version for good once it is published;
-- until then another evaluation may take the place of the one that it was made from.

-- The documents of an evaluation, as the scoring service gave them.
create table evaluation_document (
    jurisdiction text collate "C" not null,
    evaluation text collate "C" not null,
    results bytea not null,
    results_digest text not null,
    input bytea not null,
    primary key (jurisdiction, evaluation)
);
select keep_for_good('evaluation_document');

create table bulletin (
    jurisdiction text collate "C" not null,
    month text collate "C" not null check (month ~ '^\d{4}-\d{2}$'),
    newest_version integer not null check (newest_version >= 1),
    -- 0 before the first publication.
    published_version integer not null check (published_version between 0 and newest_version),
    create_time timestamptz not null,
    update_time timestamptz not null,
    primary key (jurisdiction, month)
);

create table bulletin_version (
    jurisdiction text collate "C" not null,
    month text collate "C" not null,
    version integer not null check (version >= 1),
    evaluation text collate "C" not null,
    -- Why there is a correction; empty in version 1.
    reason text not null check ((reason = '') = (version = 1)),
    state text not null
        check (state in ('computed', 'under_notice', 'decided', 'published', 'corrected')),
    -- Moves with every change; the etag.
    revision bigint not null default 1 check (revision >= 1),
    create_time timestamptz not null,
    primary key (jurisdiction, month, version),
    foreign key (jurisdiction, month) references bulletin,
    foreign key (jurisdiction, evaluation) references evaluation_document
);

-- Once a version is published, only its state moves, and only to say that a later one stands.
create function refuse_change_of_published() returns trigger language plpgsql as $$
begin
    if tg_op <> 'UPDATE' then
        raise exception 'versions are never removed' using errcode = 'restrict_violation';
    end if;
    if old.state in ('published', 'corrected') and not (
        new.state = 'corrected'
        and (new.jurisdiction, new.month, new.version, new.evaluation, new.reason, new.create_time)
            = (old.jurisdiction, old.month, old.version, old.evaluation, old.reason, old.create_time)
    ) then
        raise exception 'published versions are never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
create trigger bulletin_version_is_fixed before update or delete on bulletin_version
    for each row execute function refuse_change_of_published();
create trigger bulletin_version_is_kept before truncate on bulletin_version
    for each statement execute function refuse_change();

-- Every move of every version, for those who ask later how a result came to be published.
create table version_move (
    jurisdiction text collate "C" not null,
    month text collate "C" not null,
    version integer not null,
    revision bigint not null,
    evaluation text collate "C" not null,
    state text not null,
    move_time timestamptz not null,
    primary key (jurisdiction, month, version, revision)
);
select keep_for_good('version_move');

-- Calls that carried a request ID, so that a repeat gets the first answer.
create table version_request (
    jurisdiction text collate "C" not null,
    request_id uuid not null,
    -- The digest of what was asked for.
    content_digest text not null,
    month text collate "C" not null,
    version integer not null,
    evaluation text collate "C" not null,
    primary key (jurisdiction, request_id)
);
select keep_for_good('version_request');
