"""A stranger's client: knows an address, a token and reflection, and nothing else of this project.

Runs the main job on a small jurisdiction of its own and prints one line of JSON with what it saw.
Usage: CHENGPING_TOKEN=TOKEN client.py ADDRESS RULE_PACK_FILE
"""

import json
import os
import queue
import sys
import threading

import grpc
from google.protobuf import json_format
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status

PARENT = "jurisdictions/stranger"
MONTH = "2018-03"


class Reflected:
    """Calls any method of a server by name, with dictionaries for messages."""

    def __init__(self, channel, token):
        self.channel = channel
        self.metadata = [("authorization", f"Bearer {token}")] if token else None
        self.database = ProtoReflectionDescriptorDatabase(channel)
        self.pool = DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def call(self, method, requests, timeout=60):
        """Calls `package.Service/Method`; `requests` is a dictionary, or an iterable of them for a
        client stream. Gives a dictionary, or an iterator of them for a server stream."""
        service, name = method.split("/")
        descriptor = self.pool.FindServiceByName(service).methods_by_name[name]
        request_class = GetMessageClass(descriptor.input_type)
        response_class = GetMessageClass(descriptor.output_type)
        kind = ("stream" if descriptor.client_streaming else "unary") + (
            "_stream" if descriptor.server_streaming else "_unary"
        )
        call = getattr(self.channel, kind)(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response_class.FromString,
        )

        def build(value):
            return json_format.ParseDict(value, request_class(), descriptor_pool=self.pool)

        def show(message):
            return json_format.MessageToDict(
                message, preserving_proto_field_name=True, descriptor_pool=self.pool
            )

        argument = (build(one) for one in requests) if descriptor.client_streaming else build(requests)
        answer = call(argument, timeout=timeout, metadata=self.metadata)
        return map(show, answer) if descriptor.server_streaming else show(answer)


def cases(count):
    for number in range(1, count + 1):
        yield {
            "case": {
                "case_no": f"S{number:04}",
                "source": "SOURCE_PATROL",
                "category_scheme": "gbt-30428.2-2013-event",
                "category_code": "0110",
                "area_code": "R1",
            },
            "position": {"file": "stranger", "row": number},
        }


def events(count):
    """Every third case is handled a day late, the others in time."""
    for number in range(1, count + 1):
        day = 1 + number % 20
        case_no = f"S{number:04}"
        handled_day = day + (3 if number % 3 == 0 else 1)
        story = [
            ("EVENT_KIND_REPORTED", f"2018-03-{day:02}T01:00:00Z", {}),
            ("EVENT_KIND_FILED", f"2018-03-{day:02}T01:05:00Z", {}),
            (
                "EVENT_KIND_DISPATCHED",
                f"2018-03-{day:02}T01:10:00Z",
                {"unit": "b1", "due_time": f"2018-03-{day + 2:02}T01:10:00Z"},
            ),
            ("EVENT_KIND_HANDLED", f"2018-03-{handled_day:02}T02:00:00Z", {"unit": "b1"}),
            ("EVENT_KIND_CLOSED", f"2018-03-{handled_day:02}T03:00:00Z", {"outcome": "normal"}),
        ]
        for event_no, (kind, time, more) in enumerate(story, start=1):
            event = {"case_no": case_no, "event_no": event_no, "event_time": time, "kind": kind, **more}
            yield {"event": event}


def batches(records, size):
    """The messages of a stream: numbered batches, the parent on the first."""
    batch, number = [], 1
    for record in records:
        batch.append(record)
        if len(batch) == size:
            yield {"parent": PARENT, "batch": number, "records": batch}
            batch, number = [], number + 1
    if batch:
        yield {"parent": PARENT, "batch": number, "records": batch}


def registry():
    bodies = [
        {"body_id": "d1", "kind": "BODY_KIND_DISTRICT", "display_name": "第一区", "valid_from": "2018-01"},
        {"body_id": "b1", "kind": "BODY_KIND_BUREAU", "display_name": "第一局", "valid_from": "2018-01"},
    ]
    area = {
        "area_code": "R1",
        "kind": "AREA_KIND_ROAD_SECTION",
        "display_name": "一路",
        "district": "d1",
        "zone": "ZONE_KEY",
        "valid_from": "2018-01",
    }
    yield {"parent": PARENT, "rows": [{"body": body} for body in bodies] + [{"area": area}]}


def apply_rules(api, source):
    service = "chengping.rules.v1.RulePackService"
    pack = {"parent": f"{PARENT}/rulePacks/zz-2018", "source": source}
    name = api.call(f"{service}/CommitRulePackRevision", pack)["name"]
    for step in ("Submit", "Approve"):
        api.call(f"{service}/{step}RulePackRevision", {"name": name})
    return api.call(f"{service}/ActivateRulePackRevision", {"name": name, "active_from": "2018-01"})


def refusal(api, method, request):
    """The code with which a call is refused, and the kinds of its details; None when it is not."""
    try:
        api.call(method, request)
    except grpc.RpcError as error:
        details = {one.type_url.rsplit(".", 1)[-1] for one in rpc_status.from_call(error).details}
        return {"code": error.code().name, "details": sorted(details)}
    return None


def main(address, rule_pack_file):
    channel = grpc.insecure_channel(address)
    api, stranger = (Reflected(channel, token) for token in (os.environ["CHENGPING_TOKEN"], None))
    health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    seen = {
        "services": [name for name in api.services() if name.startswith("chengping.")],
        "health": health_pb2.HealthCheckResponse.ServingStatus.Name(health.status),
        "unknown": refusal(stranger, "chengping.cases.v1.CaseService/GetCase", {"name": "nonsense"}),
        # A bad request is answered with a code, one reason and the field at fault.
        "error": refusal(api, "chengping.cases.v1.CaseService/GetCase", {"name": "nonsense"}),
    }

    api.call("chengping.rules.v1.RegistryService/ImportRegistry", registry())
    with open(rule_pack_file, encoding="utf-8") as file:
        apply_rules(api, file.read())

    intake = "chengping.cases.v1.CaseService"
    acknowledged = list(api.call(f"{intake}/StreamCases", batches(cases(60), 25)))
    seen["cases"] = acknowledged[-1]
    acknowledged = list(api.call(f"{intake}/StreamEvents", batches(events(60), 70)))
    seen["events"] = acknowledged[-1]

    # Watch first, publish then: the publication arrives by itself, once.
    publications = queue.Queue()
    watch = api.call("chengping.publication.v1.BulletinService/WatchPublications", {"parent": PARENT})

    def follow():
        try:
            for message in watch:
                if "publication" in message:
                    publications.put(message["publication"])
        except grpc.RpcError:
            pass

    threading.Thread(target=follow, daemon=True).start()

    scoring = "chengping.scoring.v1.EvaluationService"
    evaluation = api.call(f"{scoring}/CreateEvaluation", {"parent": PARENT, "evaluation": {"month": MONTH}})
    seen["evaluation"] = {key: evaluation.get(key) for key in ("state", "month", "body_count", "watermark")}
    cards = api.call(f"{scoring}/ListScorecards", {"parent": evaluation["name"]})["scorecards"]
    seen["scores"] = {card["body_id"]: card.get("score") for card in cards}

    publishing = "chengping.publication.v1.BulletinService"
    version = api.call(
        f"{publishing}/CreateBulletinVersion",
        {
            "parent": f"{PARENT}/bulletins/{MONTH}",
            "bulletin_version": {"evaluation": evaluation["name"]},
        },
    )
    published = api.call(f"{publishing}/PublishBulletinVersion", {"name": version["name"]})
    watched = publications.get(timeout=30)
    seen["published"] = published["digest"]
    seen["watched"] = {
        "digest": watched["bulletin_version"]["digest"],
        "lines": len(watched["result_lines"]),
    }
    print(json.dumps(seen, ensure_ascii=False, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
