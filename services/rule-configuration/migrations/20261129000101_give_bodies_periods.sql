-- A body may have several periods, each with its own name, parent and code (3.4): its key is the ID
-- with the first month. A long-term entry may be limited to an area, which is part of its key; an
-- empty text means everywhere.

alter table body drop constraint body_pkey;
alter table body add primary key (jurisdiction, body_id, valid_from);

alter table long_term_entry add column area_code text collate "C" not null default '';
alter table long_term_entry drop constraint long_term_entry_pkey;
alter table long_term_entry
    add primary key (jurisdiction, category_scheme, category_code, area_code, valid_from);
