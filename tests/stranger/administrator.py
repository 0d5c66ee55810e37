"""A stranger's administration: changes registries and rules by reflection alone.

Registers two towns, an office and a month of cases, puts rules in force, changes a weight, is told
of a lost update, derives a pack for a district, merges bodies, rolls back, and reads who did what.
Prints one line of JSON with what it saw.
Usage: AUTHOR_TOKEN=TOKEN APPROVER_TOKEN=TOKEN administrator.py ADDRESS RULE_PACK_FILE
"""

import json
import os
import sys
import uuid

import grpc

from client import Reflected, batches, cases, events, refusal

CITY = "jurisdictions/stranger"
DISTRICT = "jurisdictions/stranger-d1"
PACK = f"{CITY}/rulePacks/zz-2018"
MONTH = "2018-03"
REGISTRY = "chengping.rules.v1.RegistryService"
RULES = "chengping.rules.v1.RulePackService"
KEY = "families.area.zones.key"
GENERAL = "families.area.zones.general"


def body(body_id, kind, name, **more):
    return {"body": {"body_id": body_id, "kind": f"BODY_KIND_{kind}", "display_name": name, "valid_from": "2018-01", **more}}


def area(code, district, zone):
    return {
        "area": {
            "area_code": code,
            "kind": "AREA_KIND_ROAD_SECTION",
            "display_name": code,
            "district": district,
            "zone": f"ZONE_{zone}",
            "valid_from": "2018-01",
        }
    }


ROWS = [
    body("d1", "DISTRICT", "第一区"),
    body("d2", "DISTRICT", "第二区"),
    body("d3", "DISTRICT", "第三区"),
    body("b1", "BUREAU", "第一局"),
    area("R1", "d1", "KEY"),
    area("R2", "d2", "GENERAL"),
    area("R3", "d3", "GENERAL"),
]


class Administrator(Reflected):
    """Calls in the name of a person."""

    def refusal(self, method, request):
        return refusal(self, method, request)


def review(author, approver, revision, active_from, **more):
    """A draft goes through its review and comes in force."""
    name, reason = revision["name"], "monthly meeting"
    submitted = author.call(
        f"{RULES}/SubmitRulePackRevision", {"name": name, "etag": revision["etag"], "reason": reason}
    )
    approved = approver.call(
        f"{RULES}/ApproveRulePackRevision", {"name": name, "etag": submitted["etag"], "reason": reason}
    )
    request = {"name": name, "etag": approved["etag"], "active_from": active_from, "reason": reason, **more}
    return approver.call(f"{RULES}/ActivateRulePackRevision", request)


def registries(author, seen):
    imported = {"parent": CITY, "rows": ROWS, "reason": "first registry"}
    tried = author.call(f"{REGISTRY}/ImportRegistry", iter([{**imported, "validate_only": True}]))
    seen["tried"] = [tried.get("difference_count"), "registry_revision" in tried]
    author.call(f"{REGISTRY}/ImportRegistry", iter([imported]))
    name = f"{CITY}/bodies/b1"
    standing = author.call(f"{REGISTRY}/GetBody", {"name": name})
    renamed = author.call(
        f"{REGISTRY}/UpdateBody",
        {
            "body": {"name": name, "display_name": "第一局（新）", "etag": standing["etag"]},
            "update_mask": "displayName",
            "effective_from": "2018-06",
            "reason": "renamed by the city",
        },
    )
    seen["renamed"] = [renamed["display_name"], renamed["former_periods"][0]["display_name"]]
    stale = {"body": {"name": name, "display_name": "x", "etag": standing["etag"]}, "reason": "late"}
    seen["stale_body"] = author.refusal(f"{REGISTRY}/UpdateBody", stale)
    merged = author.call(
        f"{REGISTRY}/MergeBodies",
        {"name": f"{CITY}/bodies/d1", "merged_bodies": ["d3"], "effective_from": "2018-09", "reason": "merged"},
    )
    seen["merged"] = sorted({one["table"] for one in merged["differences"]})
    compared = author.call(
        f"{REGISTRY}/CompareRegistryRevisions",
        {"before": f"{CITY}/registryRevisions/1", "after": f"{CITY}/registryRevisions/current"},
    )
    seen["compared"] = len(compared["differences"]) > len(merged["differences"])
    calendar = author.call(f"{REGISTRY}/GetWorkCalendar", {"name": f"{CITY}/workCalendars/default"})
    changed = {
        "name": calendar["name"],
        "etag": calendar.get("etag", ""),
        "working_hours": [{"effective_date": "2018-01-01", "periods": "08:00-12:00 14:00-18:00"}],
        "calendar_days": [{"date": "2018-05-01", "kind": "KIND_HOLIDAY", "display_name": "劳动节"}],
    }
    author.call(f"{REGISTRY}/UpdateWorkCalendar", {"work_calendar": changed, "reason": "calendar of 2018"})


def deadlines(author, seen):
    asked = {
        "work_calendar": f"{CITY}/workCalendars/default",
        "start_time": "2018-04-30T09:00:00Z",
        "exact_limit": "1",
        "unit": "work_day",
    }
    explained = author.call(f"{RULES}/ExplainDeadline", {"deadline": asked})
    # From 17:00 on Monday one hour counts, on Tuesday is Labour Day, seven hours are left for Wednesday.
    seen["deadline"] = [explained["due_time"], [day["display_name"] for day in explained["skipped_days"]]]
    seen["same_deadline"] = author.call(f"{RULES}/ComputeDeadline", asked)["due_time"] == explained["due_time"]


def rules(author, approver, source, seen):
    first = author.call(f"{RULES}/CommitRulePackRevision", {"parent": PACK, "source": source, "reason": "first"})
    review(author, approver, first, "2018-01")
    etag = author.call(f"{RULES}/GetRulePack", {"name": PACK})["etag"]
    adjustments = [
        {"path": KEY, "value": "0.7", "provenance": "regulation"},
        {"path": GENERAL, "value": "0.3", "provenance": "regulation"},
    ]
    request = {
        "name": first["name"],
        "adjustments": adjustments,
        "reason": "7 to 3 from April on",
        "etag": etag,
        "request_id": str(uuid.uuid4()),
    }
    tried = author.call(f"{RULES}/AdjustRulePack", {**request, "request_id": "", "validate_only": True})
    adjusted = author.call(f"{RULES}/AdjustRulePack", request)
    repeated = author.call(f"{RULES}/AdjustRulePack", request)
    seen["adjusted"] = [tried["digest"] == adjusted["digest"], adjusted["name"] == repeated["name"]]
    seen["lost_update"] = author.refusal(f"{RULES}/AdjustRulePack", {**request, "request_id": str(uuid.uuid4())})
    compared = author.call(
        f"{RULES}/CompareRulePackRevisions", {"before": first["name"], "after": adjusted["name"]}
    )
    # What else differs is where the numbers come from.
    numbers = [one for one in compared["differences"] if one["path"] in (KEY, GENERAL)]
    seen["differences"] = [[one["path"], one["before"], one["after"]] for one in numbers]
    preview = author.call(
        "chengping.scoring.v1.EvaluationService/PreviewRulePack",
        {"parent": CITY, "months": [MONTH], "adjustments": adjustments, "sensitivity": True},
    )
    month = next(iter(preview))
    seen["preview"] = [month["done_month_count"], month["total_month_count"]]
    review(author, approver, adjusted, "2018-04", replaced_revision=first["name"])
    effective = [
        author.call(f"{RULES}/GetEffectiveRulePack", {"parent": CITY, "month": of})["name"] for of in (MONTH, "2018-04")
    ]
    seen["effective"] = effective == [first["name"], adjusted["name"]]
    return first, adjusted


def derived(author, approver, parent, seen):
    """A district's own method, from the city's."""
    source = f"""pack: stranger-d1
title: {{zh: 第一区办法, en: Method of district 1}}
extends: {{jurisdiction: stranger, pack: zz-2018, revision: {parent["revision"]}, digest: "{parent["digest"]}"}}
overrides:
  - {{path: {KEY}, value: "0.9", clause: "6.3", provenance: assumption}}
"""
    request = {"parent": f"{DISTRICT}/rulePacks/stranger-d1", "source": source, "reason": "own method"}
    own = author.call(f"{RULES}/CommitRulePackRevision", request)
    seen["derived"] = [own["parent_revision"] == parent["name"], KEY in [one["path"] for one in own["overrides"]]]
    review(author, approver, own, "2018-01")


def offered(author, newer, seen):
    name = f"{DISTRICT}/rulePacks/stranger-d1"
    pack = author.call(f"{RULES}/GetRulePack", {"name": name})
    rebased = author.call(
        f"{RULES}/RebaseRulePack",
        {"name": name, "parent_revision": pack["offered_parent_revision"], "reason": "follow the city", "etag": pack["etag"]},
    )
    seen["offered"] = pack["offered_parent_revision"] == newer["name"]
    seen["contested"] = KEY in rebased.get("contested_paths", [])


def main(address, rule_pack_file):
    channel = grpc.insecure_channel(address)
    tokens = os.environ["AUTHOR_TOKEN"], os.environ["APPROVER_TOKEN"]
    author, approver = (Administrator(channel, token) for token in tokens)
    seen = {}
    registries(author, seen)
    with open(rule_pack_file, encoding="utf-8") as file:
        source = file.read()
    deliver(author)
    first, adjusted = rules(author, approver, source, seen)
    deadlines(author, seen)
    derived(author, approver, first, seen)
    offered(author, adjusted, seen)
    back = author.call(f"{RULES}/RollbackRulePack", {"name": PACK, "revision": 1, "reason": "too harsh"})
    seen["rolled_back"] = [back["revision"], back["digest"] == first["digest"]]
    asked = {"parent": CITY, "filter": 'actor = "wang.fang" AND action : "Activate"'}
    entries = approver.call(f"{RULES}/ListAuditEntries", asked)["audit_entries"]
    seen["audit"] = [len(entries), entries[0]["reason"]]
    seen["intact"] = "faults" not in author.call(f"{RULES}/VerifyAuditEntries", {"parent": CITY})
    print(json.dumps(seen, ensure_ascii=False, sort_keys=True))


def deliver(api):
    intake = "chengping.cases.v1.CaseService"
    list(api.call(f"{intake}/StreamCases", batches(cases(60), 25)))
    list(api.call(f"{intake}/StreamEvents", batches(events(60), 70)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
