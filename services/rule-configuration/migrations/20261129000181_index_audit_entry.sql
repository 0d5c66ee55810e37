-- What a filter of the audit log is mostly about: one resource, one person, a stretch of time. With
-- the sequence, so that pages come in its order without sorting.
create index audit_entry_by_resource on audit_entry (jurisdiction, resource, sequence desc);
create index audit_entry_by_actor on audit_entry (jurisdiction, actor, sequence desc);
create index audit_entry_by_time on audit_entry (jurisdiction, create_time);
