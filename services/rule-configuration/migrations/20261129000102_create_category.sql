-- What the codes of categories mean, as it stands. It is in no registry revision: no evaluation reads
-- it.

create table category (
    jurisdiction text collate "C" not null,
    category_scheme text collate "C" not null,
    category_code text collate "C" not null,
    valid_from text collate "C" not null check (valid_from ~ '^\d{4}-\d{2}$'),
    valid_to text collate "C" check (valid_to ~ '^\d{4}-\d{2}$' and valid_to >= valid_from),
    name text not null,
    local_extension boolean not null,
    primary key (jurisdiction, category_scheme, category_code, valid_from)
);
