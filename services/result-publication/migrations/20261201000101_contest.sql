-- A month's result can be contested: notice and objection window, objections and inquiries with their evidence and
-- decisions, the events that these write, and the withdrawal of what was published.

-- Who moved a version where, by which step, and why. Moves from before this have none of it.
alter table version_move add column step text not null default '';
alter table version_move add column actor text not null default '';
alter table version_move add column reason text not null default '';

-- A withdrawal is an entry of its own in the log; that of the publication stays as it is.
alter table log_entry add column kind text not null default 'published' check (kind in ('published', 'withdrawn'));
alter table log_entry drop constraint log_entry_jurisdiction_month_version_key;
alter table log_entry add constraint log_entry_is_once unique (jurisdiction, month, version, kind);

-- The registry that an evaluation read, as its resource name; empty for those kept before this.
alter table evaluation_document add column registry_revision text not null default '';

alter table bulletin_version add column notice_time timestamptz;
alter table bulletin_version add column objection_start timestamptz;
alter table bulletin_version add column objection_end timestamptz;
alter table bulletin_version add column decision_due timestamptz;
alter table bulletin_version add column waive_reason text not null default '';
alter table bulletin_version add column withdraw_reason text not null default '';
alter table bulletin_version add column withdraw_time timestamptz;
alter table bulletin_version drop constraint bulletin_version_state_check;
alter table bulletin_version add constraint bulletin_version_state_check
    check (state in ('computed', 'under_notice', 'decided', 'published', 'corrected', 'withdrawn'));
alter table bulletin_version add constraint withdrawn_has_reason
    check ((state = 'withdrawn') = (withdraw_reason <> '') and (withdraw_reason = '') = (withdraw_time is null));
alter table bulletin_version add constraint notice_is_whole
    check ((notice_time is null) = (objection_start is null) and (notice_time is null) = (objection_end is null)
        and (notice_time is null) = (decision_due is null));

-- Once a version is published, only its state moves: to say that a later one stands, or that none does.
create or replace function refuse_change_of_published() returns trigger language plpgsql as $$
declare
    moving constant text[] := array['state', 'revision', 'withdraw_reason', 'withdraw_time'];
begin
    if tg_op <> 'UPDATE' then
        raise exception 'versions are never removed' using errcode = 'restrict_violation';
    end if;
    if old.state in ('published', 'corrected', 'withdrawn') and not (
        (old.state, new.state) in (('published', 'corrected'), ('published', 'withdrawn'))
        and (to_jsonb(new) - moving) = (to_jsonb(old) - moving)
    ) then
        raise exception 'published versions are never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;

-- Objections (before publication) and inquiries (at any time, 6.8).
create table inquiry (
    jurisdiction text collate "C" not null,
    -- From 1, without a gap.
    inquiry bigint not null check (inquiry >= 1),
    kind text not null check (kind in ('objection', 'inquiry')),
    month text collate "C" not null check (month ~ '^\d{4}-\d{2}$'),
    -- The version that an objection objects to.
    version integer check ((version is null) = (kind = 'inquiry')),
    body_id text collate "C" not null,
    subject text not null,
    -- Empty where it is about no case.
    case_no text collate "C" not null,
    statement text not null,
    author text not null,
    due_time timestamptz not null,
    create_time timestamptz not null,
    state text not null check (state in ('filed', 'reviewed', 'upheld', 'refused')),
    finding text not null default '',
    reviewer text not null default '',
    review_time timestamptz,
    answer text not null default '',
    decider text not null default '',
    decide_time timestamptz,
    -- What mended what no event can mend, as a resource name.
    mended_by text not null default '',
    -- The version of the month that takes account of it.
    correcting_version integer,
    revision bigint not null default 1 check (revision >= 1),
    primary key (jurisdiction, inquiry)
);
-- One body objects to one thing once a version.
create unique index objection_is_once on inquiry (jurisdiction, month, version, body_id, subject, case_no)
    where kind = 'objection';
create index inquiry_of_month on inquiry (jurisdiction, month, inquiry);

-- What was asked stays, what was decided stays; which version corrects it is known only later.
create function refuse_change_of_inquiry() returns trigger language plpgsql as $$
declare
    answering constant text[] := array['state', 'finding', 'reviewer', 'review_time', 'answer', 'decider',
        'decide_time', 'mended_by', 'correcting_version', 'revision'];
    linking constant text[] := array['correcting_version', 'revision'];
    moving text[];
begin
    if tg_op <> 'UPDATE' then
        raise exception 'inquiries are never removed' using errcode = 'restrict_violation';
    end if;
    moving := case when old.state in ('upheld', 'refused') then linking else answering end;
    if (to_jsonb(new) - moving) <> (to_jsonb(old) - moving) then
        raise exception 'what was asked or decided is never changed' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
create trigger inquiry_is_fixed before update or delete on inquiry
    for each row execute function refuse_change_of_inquiry();
create trigger inquiry_is_kept before truncate on inquiry
    for each statement execute function refuse_change();

create table inquiry_evidence (
    jurisdiction text collate "C" not null,
    inquiry bigint not null,
    -- From 1, in the order of adding.
    evidence integer not null check (evidence >= 1),
    file_name text not null,
    media_type text not null,
    digest text not null,
    content bytea not null check (octet_length(content) between 1 and 1048576),
    author text not null,
    create_time timestamptz not null,
    primary key (jurisdiction, inquiry, evidence),
    unique (jurisdiction, inquiry, digest),
    foreign key (jurisdiction, inquiry) references inquiry
);

-- What a decision writes into the record of a case; its number there follows from that of the inquiry.
create table inquiry_event (
    jurisdiction text collate "C" not null,
    inquiry bigint not null,
    event integer not null check (event >= 1),
    case_no text collate "C" not null,
    event_no bigint not null,
    kind text not null,
    event_time timestamptz not null,
    unit text not null,
    due_time timestamptz,
    outcome text not null,
    no_deadline boolean not null,
    primary key (jurisdiction, inquiry, event),
    unique (jurisdiction, case_no, event_no),
    foreign key (jurisdiction, inquiry) references inquiry
);

-- Every step of every inquiry, with the digest of its content before and after.
create table inquiry_move (
    jurisdiction text collate "C" not null,
    inquiry bigint not null,
    revision bigint not null,
    state text not null,
    actor text not null,
    move_time timestamptz not null,
    digest_before text not null,
    digest_after text not null,
    primary key (jurisdiction, inquiry, revision)
);

-- Calls that carried a request ID and made something else than a version, so that a repeat gets the first answer.
create table made_request (
    jurisdiction text collate "C" not null,
    request_id uuid not null,
    -- The digest of what was asked for.
    content_digest text not null,
    -- The resource name of what was made.
    made text not null,
    primary key (jurisdiction, request_id)
);

-- Published versions of later months that used a value which a published correction changed.
create table touched_version (
    jurisdiction text collate "C" not null,
    -- The correction.
    month text collate "C" not null,
    version integer not null,
    -- What it touches.
    touched_month text collate "C" not null,
    touched_version integer not null,
    body_ids text[] not null,
    primary key (jurisdiction, month, version, touched_month)
);

select keep_for_good('inquiry_evidence'), keep_for_good('inquiry_event'), keep_for_good('inquiry_move'),
    keep_for_good('made_request'), keep_for_good('touched_version');

-- Events on their way: sent until case-ingestion has acknowledged them.
create table inquiry_outbox (
    jurisdiction text collate "C" not null,
    inquiry bigint not null,
    event integer not null,
    attempts integer not null default 0,
    next_time timestamptz not null,
    -- Why the last attempt did not do.
    problem text not null default '',
    -- Whether it was set aside as a reject then.
    set_aside boolean not null default false,
    -- A number of accepted records that has it among them; null before it is written.
    watermark bigint,
    primary key (jurisdiction, inquiry, event),
    foreign key (jurisdiction, inquiry, event) references inquiry_event
);
create index inquiry_outbox_waits on inquiry_outbox (jurisdiction, next_time) where watermark is null;
