-- What deadlines are computed from, as it stands. It is in no registry revision: no evaluation reads
-- it, since a deadline once computed is stored with its event.

create table working_hours (
    jurisdiction text collate "C" not null,
    effective_date text collate "C" not null check (effective_date ~ '^\d{4}-\d{2}-\d{2}$'),
    periods text not null,
    days_off text not null,
    name text not null,
    primary key (jurisdiction, effective_date)
);

create table calendar_day (
    jurisdiction text collate "C" not null,
    day text collate "C" not null check (day ~ '^\d{4}-\d{2}-\d{2}$'),
    kind text not null,
    name text not null,
    primary key (jurisdiction, day)
);

create table filing_condition (
    jurisdiction text collate "C" not null,
    condition_id text collate "C" not null,
    category_scheme text collate "C" not null,
    category_code text collate "C" not null,
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    valid_to text collate "C" check (valid_to ~ '^\d{4}-\d{2}$' and valid_to >= valid_from),
    limit_value text not null,
    limit_unit text not null,
    name text not null,
    primary key (jurisdiction, condition_id, category_scheme, category_code, valid_from)
);
