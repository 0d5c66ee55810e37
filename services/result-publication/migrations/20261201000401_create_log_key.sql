-- Which key signs the log of a jurisdiction: the one of generation 0 until another takes its place. The secrets are in
-- files; here is from when on which one signs, so that all processes change keys at the same entry of the log.
create table log_key (
    jurisdiction text collate "C" not null,
    generation bigint not null check (generation >= 1),
    verifier_key text not null,
    former_key text not null,
    -- The size of the log when the keys changed: the largest that the former one signed.
    tree_size bigint not null check (tree_size >= 0),
    begin_time timestamptz not null,
    actor text not null,
    reason text not null check (reason <> ''),
    -- The note of both keys that names them.
    handover text not null check (handover <> ''),
    primary key (jurisdiction, generation)
);
select keep_for_good('log_key');
