-- The registry as it stands, for reading and for finding out what an import changes, and every
-- state that it ever had, as the canonical content that evaluations read.
--
-- Months are texts `YYYY-MM`, which sort as they follow each other.

create table body (
    jurisdiction text collate "C" not null,
    body_id text collate "C" not null,
    kind text collate "C" not null,
    name text not null,
    parent text collate "C",
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    valid_to text collate "C" check (valid_to ~ '^\d{4}-\d{2}$' and valid_to >= valid_from),
    assessment_code text,
    primary key (jurisdiction, body_id)
);

create index body_by_kind on body (jurisdiction, kind, body_id);

create table area (
    jurisdiction text collate "C" not null,
    area_code text collate "C" not null,
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    valid_to text collate "C" check (valid_to ~ '^\d{4}-\d{2}$' and valid_to >= valid_from),
    kind text not null,
    name text not null,
    district text collate "C",
    subdistrict text collate "C",
    window_unit text collate "C",
    zone text not null,
    primary key (jurisdiction, area_code, valid_from)
);

-- One row a key: of several rows for the same month the last one holds (decisions.md 37).
create table coefficient (
    jurisdiction text collate "C" not null,
    body_id text collate "C" not null,
    zone text collate "C" not null,
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    road_sections bigint not null check (road_sections >= 0),
    difficulty text not null,
    approved_by text not null,
    reason text not null,
    primary key (jurisdiction, body_id, zone, valid_from)
);

create table long_term_entry (
    jurisdiction text collate "C" not null,
    category_scheme text collate "C" not null,
    category_code text collate "C" not null,
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    valid_to text collate "C" check (valid_to ~ '^\d{4}-\d{2}$' and valid_to >= valid_from),
    primary key (jurisdiction, category_scheme, category_code, valid_from)
);

-- `content` is the canonical JSON, compressed with zstd; `digest` is that of the JSON.
create table registry_revision (
    jurisdiction text collate "C" not null,
    revision bigint not null check (revision >= 1),
    digest text not null,
    content bytea not null,
    body_count bigint not null,
    area_count bigint not null,
    coefficient_count bigint not null,
    long_term_count bigint not null,
    create_time timestamptz not null,
    primary key (jurisdiction, revision)
);

select keep_for_good('registry_revision');
