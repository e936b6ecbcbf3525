"""OpenTelemetry's logs."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from steward.config.environment import load
from steward.signals.alerts.ingest.answers import Refused, unpacked
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Received, Unreadable
from steward.signals.alerts.ingest.sources.otlp.parser import verify
from steward.signals.alerts.models import Alert, ParkedPayload
from steward.signals.alerts.tests.factories import Answer, call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
PATH = "v1/logs"
PROTOBUF = {"Content-Type": "application/x-protobuf"}
SAMPLES = ("errors.json", "fatal.json", "only-words.json")


def packed(value: Any) -> bytes:
    """The sample in protobuf, ids as bytes."""
    value = json.loads(json.dumps(value))
    for resource in value["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                ids = {name: bytes.fromhex(record.pop(name)) for name in ("traceId", "spanId") if name in record}
                record["ids"] = ids
    ids = [record.pop("ids") for r in value["resourceLogs"] for s in r["scopeLogs"] for record in s["logRecords"]]
    request = ParseDict(value, ExportLogsServiceRequest())
    records = [record for r in request.resource_logs for s in r.scope_logs for record in s.log_records]
    for record, given in zip(records, ids, strict=True):
        record.trace_id, record.span_id = given.get("traceId", b""), given.get("spanId", b"")
    return request.SerializeToString()


def test_samples() -> None:
    check_samples("otlp", PATH, FOLDER)


def test_records_about_the_same_are_one_alert() -> None:
    (found,) = read(PATH, sample(FOLDER, "errors.json")).good
    assert found.labels == {
        "alertname": "PaymentTimeout",
        "severity": "error",
        "service": "checkout",
        "service_namespace": "shop",
        "environment": "production",
        "namespace": "shop-prod",
        "logger": "shop.checkout.pay",
    }
    assert found.starts_at == datetime(2026, 3, 2, 11, 20, tzinfo=UTC)
    assert (found.expires, found.resolved, found.annotations) == ("timeout", False, {"summary": "Payment 8813 failed"})


def test_what_a_record_says() -> None:
    payload = sample(FOLDER, "errors.json")
    del payload["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]
    (found,) = read(PATH, payload).good
    assert found.annotations == {
        "summary": "Payment 8812 failed",
        "exception": "no answer in 30 s",
        "stacktrace": "Traceback …",
        "attributes": '{"order":{"id":"8812"},"retries":["1",2.5,true]}',
        "trace_id": "5B8EFFF798038103D269B633813FC60C",
        "span_id": "EEE19B7EC3C1B174",
    }


def test_where_nobody_named_the_service_the_host_says_who() -> None:
    (found,) = read(PATH, sample(FOLDER, "fatal.json")).good
    assert found.labels == {
        "alertname": "device.app.crash",
        "severity": "critical",
        "service": "unknown_service:java",
        "host": "db-3",
    }
    assert found.annotations == {"summary": '{"code":"139"}'}


def test_words_where_there_is_no_number() -> None:
    found = read(PATH, sample(FOLDER, "only-words.json")).good
    assert [(each.name, each.severity, each.annotations["summary"]) for each in found] == [
        ("Fatal log", "critical", "power supply 2 lost"),
        ("Error log", "error", "disk sda: timeout"),
    ]


@pytest.mark.parametrize("name", SAMPLES)
def test_protobuf_says_the_same(name: str) -> None:
    payload = sample(FOLDER, name)
    ours, theirs = read(PATH, payload).good, read(PATH, packed(payload), headers=PROTOBUF).good
    assert [(each.labels, each.starts_at) for each in ours] == [(each.labels, each.starts_at) for each in theirs]
    assert [each.annotations for each in ours] == [each.annotations for each in theirs]


def test_ids_of_protobuf_are_hexadecimal() -> None:
    payload = sample(FOLDER, "errors.json")
    del payload["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]
    (found,) = read(PATH, packed(payload), headers=PROTOBUF).good
    assert found.annotations["trace_id"] == "5b8efff798038103d269b633813fc60c"


def test_other_content() -> None:
    for headers in ({"Content-Type": "text/plain"}, PROTOBUF):
        with pytest.raises(Unreadable, match=r"Content-Type|protobuf"):
            read(PATH, b"\xff\xff\xff", headers=headers)
    for empty in ({}, {"resourceLogs": []}):
        parsed = read(PATH, empty)
        assert not parsed.good and not parsed.bad


def test_garbage() -> None:
    for name in SAMPLES:
        check_garbage(PATH, sample(FOLDER, name))


def test_garbage_in_protobuf() -> None:
    choice, whole, refused = random.Random(1), packed(sample(FOLDER, "errors.json")), 0
    for _round in range(500):
        broken = bytearray(whole)
        for _change in range(choice.randint(1, 4)):
            broken[choice.randrange(len(broken))] = choice.randrange(256)
        try:
            read(PATH, bytes(broken[: choice.choice((len(broken), choice.randint(1, len(broken))))]), headers=PROTOBUF)
        except Unreadable:
            refused += 1
    assert 0 < refused < 500


def test_a_body_nested_deeply() -> None:
    deep: Any = {"stringValue": "x"}
    for _level in range(200):
        deep = {"arrayValue": {"values": [deep]}}
    record = {"severityNumber": 17, "body": deep}
    (found,) = read(PATH, {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).good
    assert found.annotations["summary"].startswith("[[[")


def test_the_token() -> None:
    def trouble(given: str) -> str:
        return verify(Received(b"", NOW, PATH, "", [(b"authorization", given.encode())]), "right")

    assert trouble("Bearer right") == "" and "Bearer" in trouble("Bearer wrong") and "Bearer" in trouble("right")


def test_set_up() -> None:
    assert "logs_endpoint" in check_set_up("otlp")


def test_unpacking_makes_no_more_than_it_may() -> None:
    bomb = gzip.compress(gzip.compress(bytes(300_000_000), 9), 9)
    inner = gzip.decompress(bomb)
    tracemalloc.start()
    with pytest.raises(Refused) as refused:
        unpacked(inner, 1_000_000)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.status == 413 and most < 4_000_000 and len(inner) < 1_000_000


def test_unpacking_of_parts_and_of_what_is_none() -> None:
    one, two = gzip.compress(b"one"), gzip.compress(b"two")
    assert unpacked(one + two, 6) == b"onetwo" and unpacked(b"", 1) == b""
    for body, status in ((one + two, 413), (one[:-3], 400), (b"one", 400), (one + b"rest", 400)):
        with pytest.raises(Refused) as refused:
            unpacked(body, 5)
        assert refused.value.status == status


def through_the_door(*requests: tuple[bytes, str, str]) -> list[Answer]:
    """Bodies, each with its content type and its encoding."""

    async def story(app: Application) -> list[Answer]:
        return [
            await call(
                app,
                f"/in/k/{PATH}",
                body,
                headers=[(b"content-type", kind.encode()), (b"content-encoding", how.encode())],
            )
            for body, kind, how in requests
        ]

    answers: list[Answer] = with_door(story)
    return answers


@pytest.mark.django_db(transaction=True)
def test_both_encodings_come_in_packed_and_are_answered_in_kind() -> None:
    source("k", resolve_timeout=3600)
    payload = sample(FOLDER, "errors.json")
    body = json.dumps(payload).encode()
    in_json, in_protobuf = through_the_door(
        (gzip.compress(body), "application/json", "gzip"),
        (gzip.compress(packed(payload)), "application/x-protobuf", "gzip"),
    )
    assert (in_json.status, in_json.headers["content-type"], in_json.json) == (200, "application/json", {})
    assert (in_protobuf.status, in_protobuf.headers["content-type"]) == (200, "application/x-protobuf")
    assert ExportLogsServiceResponse.FromString(in_protobuf.body) == ExportLogsServiceResponse()
    stored = Alert.objects.get()
    assert stored.status == "firing" and stored.due_at is not None
    assert timedelta(minutes=55) < stored.due_at - stored.last_seen_at <= timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_packed_bodies_that_are_refused() -> None:
    source("k")
    most = load().ingest_max_bytes
    bomb, other, broken, quiet = through_the_door(
        (gzip.compress(bytes(most * 20)), "application/json", "gzip"),
        (b"{}", "application/json", "zstd"),
        (gzip.compress(b"{}")[:-1], "application/json", "gzip"),
        (gzip.compress(b"{}"), "application/json", "gzip"),
    )
    assert (bomb.status, bomb.json["limit"]) == (413, most)
    assert (other.status, "gzip" in other.json["detail"]) == (415, True)
    assert (broken.status, broken.json["type"]) == (400, "urn:steward:problem:not-gzip")
    assert quiet.status == 200 and not Alert.objects.exists() and not ParkedPayload.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_other_paths_take_nothing_packed() -> None:
    source("k")

    async def story(app: Application) -> int:
        headers = [(b"content-encoding", b"gzip")]
        return (await call(app, "/in/k/events", gzip.compress(b'{"name": "A"}'), headers=headers)).status

    assert with_door(story) == 415
