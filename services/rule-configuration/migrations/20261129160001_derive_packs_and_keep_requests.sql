-- Packs that derive from another say from which revision, and what they make different. The canonical
-- text is the whole pack that results. The parent may be of another jurisdiction, so it is no foreign
-- key: keys never join two jurisdictions, and a revision is never removed.
alter table rule_pack_revision
    add column parent_jurisdiction text collate "C",
    add column parent_pack text collate "C",
    add column parent_revision bigint check (parent_revision >= 1),
    add column overrides jsonb not null default '[]',
    add constraint rule_pack_revision_has_a_whole_parent_or_none check (
        num_nulls(parent_jurisdiction, parent_pack, parent_revision) in (0, 3)
    );

-- Not commits alone carry a request ID: every change of a rule pack does, and a repeat gets the first
-- answer, wherever the revision stands by now.
alter table commit_request rename to rule_pack_request;
alter table rule_pack_request
    add column method text not null
        default 'chengping.rules.v1.RulePackService/CommitRulePackRevision',
    add column state text,
    add column active_from text collate "C",
    add column approver text not null default '',
    add column version bigint,
    -- What the answer says besides the revision; empty for most methods.
    add column detail jsonb;
update rule_pack_request q
set state = v.state, active_from = v.active_from, approver = v.approver, version = v.version
from rule_pack_review v
where v.jurisdiction = q.jurisdiction and v.rule_pack = q.rule_pack and v.revision = q.revision;
alter table rule_pack_request
    alter column method drop default,
    alter column state set not null,
    alter column version set not null;
