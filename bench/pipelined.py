"""Feeds new alerts to the stages, in the process of the bench's Steward: ``python -m bench.pipelined ALERTS``.

Prints JSON; with ``BENCH_PROFILE`` set, where the time went, too.
"""

from __future__ import annotations

import cProfile
import json
import os
import pstats
import resource
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "steward.config.django_settings"

import django

django.setup()

from django.db import connection, transaction  # noqa: E402 - Django must be set up before its models are imported

from steward.algorithms.matching import parse_matchers  # noqa: E402
from steward.foundation import clock  # noqa: E402
from steward.foundation.actors import system  # noqa: E402
from steward.foundation.due import registry  # noqa: E402
from steward.response.incidents.models import Incident  # noqa: E402
from steward.response.oncall import actions as oncall  # noqa: E402
from steward.response.suppression import actions as suppression  # noqa: E402
from steward.response.triage import actions as triage  # noqa: E402
from steward.response.triage.models import AlertGroup, Decision, InhibitionRule, Route  # noqa: E402
from steward.signals.alerts import actions as alerts  # noqa: E402
from steward.signals.alerts import storing  # noqa: E402
from steward.signals.alerts.ingest.sources.common import normalised  # noqa: E402
from steward.signals.alerts.models import AlertChange, Source  # noqa: E402

SILENCES, INHIBITIONS, ROUTES = 500, 100, 200
NAMES = ("DiskFull", "HighLatency", "ErrorRate", "InstanceDown", "QueueGrows", "ReplicationLag", "MemoryPressure")
BENCH = system("bench")
REQUEST = 500


def make_rules() -> None:
    """Silences of a host each, inhibition rules and routes of a team each, half of the routes with a group wait."""
    now = clock.now()
    policy = _policy()
    for number in range(SILENCES):
        text = f'instance="host-{number}", alertname=~"DiskFull|HighLatency", env=~"prod.*"'
        plan = suppression.Plan(starts_at=now, ends_at=now + timedelta(days=1))
        wish = suppression.Wish(matchers=parse_matchers(text), comment="Work on the host", plan=plan)
        suppression.create_silence(actor=BENCH, now=now, wish=wish)
    for number in range(INHIBITIONS):
        triage.save_inhibition(
            actor=BENCH, now=now, name=f"Cluster of team {number} is down",
            source=f'alertname="ClusterDown", team="team-{number}"',
            target=f'team="team-{number}", severity=~"warning|info"', equal=["cluster"],
        )  # fmt: skip
    for number in range(ROUTES):
        triage.create_route(
            actor=BENCH, now=now, name=f"Team {number}", matchers=f'team="team-{number}", env!~"test|dev"',
            group_by=["service", "cluster"], group_wait=30 * (number % 2), policy_id=policy, storm_groups=0,
            severity_map={"critical": "SEV1", "*": "SEV3"},
        )  # fmt: skip


def _policy() -> int:
    from steward.people.accounts.models import User

    user = User.objects.filter(username="person1").get()
    steps = [oncall.StepInput("notify_user", user.pk), oncall.StepInput("wait", wait_minutes=30)]
    return int(oncall.create_policy(actor=BENCH, now=clock.now(), name="Bench", repeat=0, steps=steps).pk)


def report(source: int, number: int) -> storing.Report:
    """A new alert; 3 clusters × 200 teams are 600 groups, and the first cluster of each team is down."""
    now = clock.now()
    cluster = number // ROUTES % 3
    down = cluster == 0 and number % 61 == 0
    labels = {
        "alertname": "ClusterDown" if down else NAMES[number % len(NAMES)],
        "severity": "critical" if down else ("critical", "warning", "info")[number % 3],
        "team": f"team-{number % ROUTES}", "cluster": f"c-{cluster}", "env": "production",
        "service": f"service-{1 + number % 40}", "instance": f"host-{number % 3000}", "pod": f"pod-{number}",
    }  # fmt: skip
    annotations = {"summary": f"{labels['alertname']} on {labels['instance']}", "runbook": "https://example.org/r"}
    given = normalised(labels, annotations, "", now, None, resolved=False, expires="timeout")
    return storing.report(given, source_id=source, resolve_timeout=3600, now=now)


def store(count: int) -> float:
    """What the web process does with them; returns the seconds."""
    source = Source.objects.order_by("pk").values_list("pk", flat=True)[0]
    started = time.perf_counter()
    for first in range(0, count, REQUEST):
        with transaction.atomic():
            alerts._store([report(source, number) for number in range(first, min(count, first + REQUEST))])
    return time.perf_counter() - started


def drain(name: str, most: int) -> tuple[int, int, float, float]:
    """Claim and handle until nothing is due, as the engine's loop does, with as many threads: batches, rows, seconds,
    processor seconds."""
    kind = next(each for each in registry.kinds() if each.name == name)
    started, cpu, batches = time.perf_counter(), time.process_time(), list[int]()

    def work() -> None:
        while ids := registry.claim(kind, clock.now()):
            kind.handle(ids, clock.now())
            batches.append(len(ids))
            if sum(batches) > most:
                raise AssertionError(f"{name}: more rows were handled than there are: handling fails, see the log")
        connection.close()

    with ThreadPoolExecutor(kind.workers) as pool:
        for each in [pool.submit(work) for _ in range(kind.workers)]:
            each.result()
    return len(batches), sum(batches), time.perf_counter() - started, time.process_time() - cpu


def main(count: int) -> None:
    make_rules()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    warm = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    incidents = Incident.objects.count()
    storing_s = store(count)
    left = AlertChange.objects.filter(due_at__isnull=False).count()
    assert left == count, (left, count)
    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    if profile:
        profile.enable()
    batches, _rows, seconds, cpu = drain("alerts.change", count)
    outcomes = Counter(Decision.objects.filter(pk__gt=warm).values_list("outcome", flat=True))
    AlertGroup.objects.filter(due_at__isnull=False).update(due_at=clock.now())
    waited = outcomes["waiting"]
    _batches, groups, waits, _cpu = drain("triage.group", count)
    if profile:
        profile.disable()
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats("steward", 90)
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    found: dict[str, Any] = {
        "alerts": count, "seconds": seconds, "cpu": cpu, "batches": batches, "outcomes": dict(outcomes),
        "stored": storing_s, "incidents": Incident.objects.count() - incidents, "groups": groups, "waits": waits,
        "waited": waited, "silences": SILENCES, "inhibitions": InhibitionRule.objects.count(),
        "routes": Route.objects.filter(is_default=False).count(),
        "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]))
