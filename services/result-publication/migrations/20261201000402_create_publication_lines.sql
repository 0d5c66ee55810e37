-- The lines of each publication as consumers are told them, so that nobody has to read a whole sealed document to go on
-- after weeks. Derived from the document and compared with it by VerifyLog; a row that is missing, or of another format,
-- is read from the document.
create table publication_lines (
    jurisdiction text collate "C" not null,
    log_index bigint not null check (log_index >= 0),
    format integer not null,
    lines bytea not null,
    primary key (jurisdiction, log_index),
    foreign key (jurisdiction, log_index) references log_entry
);
select keep_for_good('publication_lines');
