"""Replay of a history with the configuration that was live reproduces what was decided: the same outcomes by the same
routes at the same moments, the same alerts together in incidents, the same notices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from steward.algorithms.matching import parse_matchers
from steward.estate.configuration import queries as estate
from steward.foundation.due import registry
from steward.response.incidents.models import Incident, IncidentAlert
from steward.response.suppression import actions as suppression
from steward.response.suppression import queries as suppression_queries
from steward.response.triage import actions, configuration, queries, replaying
from steward.response.triage.models import Decision
from steward.response.triage.tests.factories import ADMIN, NOW, notify, policy, user, wait
from steward.signals.alerts.models import Alert, AlertChange, Source

pytestmark = pytest.mark.django_db
KINDS = (
    "alerts.change", "triage.group", "triage.hold", "triage.reconsider", "suppression.silence",
)  # fmt: skip
Recorded = tuple[set[Any], list[tuple[float, ...]]]
HORIZON = 40  # minutes
NAMES = ("Disk", "Host", "Link")


@dataclass(frozen=True)
class Move:
    """What happens to an alert, or that somebody silences, so many seconds after the beginning."""

    at: int
    name: str
    host: str
    verb: str


moves = st.lists(
    st.builds(
        Move, at=st.integers(0, HORIZON * 4).map(lambda n: n * 15), name=st.sampled_from(NAMES),
        host=st.sampled_from(("a", "b")), verb=st.sampled_from(("fire", "fire", "fire", "resolve", "worse", "silence")),
    ),
    min_size=1, max_size=25,
)  # fmt: skip
shapes = st.fixed_dictionaries(
    {
        "group_wait": st.sampled_from((0, 30, 120)),
        "group_interval": st.sampled_from((0, 60, 300)),
        "repeat_interval": st.sampled_from((0, 600)),
        "reopen_minutes": st.sampled_from((0, 5)),
        "group_by": st.sampled_from(([], ["alertname"], ["host"], ["..."])),
        "storm_groups": st.sampled_from((0, 1)),
        "auto_resolve": st.booleans(),
    }
)


def make_configuration(first: dict[str, Any], second: dict[str, Any], flap: int, inhibit: bool, times: bool) -> None:
    desk = policy(notify(user()), wait(5), notify(user())).pk
    mute: list[str] = []
    if times:
        spec = [{"times": [{"start_time": "12:10", "end_time": "12:20"}]}]
        actions.save_interval(actor=ADMIN, now=NOW, name="break", spec=spec)
        mute = ["break"]
    actions.create_route(
        actor=ADMIN, now=NOW, name="Disks", matchers='alertname="Disk"', policy_id=desk, continues=True,
        mute_times=mute, **first,
    )  # fmt: skip
    actions.create_route(
        actor=ADMIN, now=NOW, name="All of a", matchers='host="a"', policy_id=desk, **second
    )  # fmt: skip
    actions.create_route(actor=ADMIN, now=NOW, name="Links", matchers='alertname="Link"', opens_incident=False)
    if inhibit:
        actions.save_inhibition(
            actor=ADMIN, now=NOW, name="host", source='alertname="Host"', target='alertname=~"Disk|Link"', equal=["host"]
        )  # fmt: skip
    actions.save_settings(actor=ADMIN, now=NOW, flap_changes=flap, flap_window=600, flap_quiet=300, topology=False)


def push(move: Move, now: datetime) -> None:
    """A change as ingest stores it."""
    source = Source.objects.get_or_create(name="P", defaults={"key_digest": "d" * 64, "key_prefix": "p"})[0]
    if move.verb == "silence":
        plan = suppression.Plan(now, now + timedelta(minutes=4, seconds=7))
        wish = suppression.Wish(parse_matchers(f'host="{move.host}"'), "test", plan)
        suppression.create_silence(actor=ADMIN, now=now, wish=wish)
        return
    key = f"{move.name}{move.host}".ljust(16).encode()
    alert = Alert.objects.filter(source=source, fingerprint=key).first()
    if alert is not None and alert.status == {"fire": "firing", "resolve": "resolved"}.get(move.verb):
        return
    fires, new = move.verb != "resolve", alert is None
    if alert is None:
        if not fires:
            return
        alert = Alert(
            source=source, fingerprint=key, name=move.name, starts_at=now, first_seen_at=now, last_seen_at=now,
            labels={"alertname": move.name, "host": move.host, "severity": "warning"}, severity="warning",
        )  # fmt: skip
    reason: dict[str, Any] = {"code": "new" if new else "again" if fires else "resolved"}
    if move.verb == "worse":
        if new or alert.status != "firing" or alert.severity == "critical":
            return
        reason = {"code": "changed", "before": {"severity": alert.severity}, "after": {"severity": "critical"}}
        alert.labels, alert.severity = {**alert.labels, "severity": "critical"}, "critical"
    elif fires:
        alert.starts_at = now
    alert.status, alert.ends_at, alert.changed_at = "firing" if fires else "resolved", None if fires else now, now
    alert.save()
    AlertChange.objects.create(
        alert=alert, at=now, due_at=now, status=alert.status, starts_at=alert.starts_at, ends_at=alert.ends_at,
        reason=reason,
    )  # fmt: skip


def advance(until: datetime) -> None:
    """Do what is due up to this moment, each at its own."""
    kinds = {kind.name: kind for kind in registry.kinds() if kind.name in KINDS}
    for _step in range(5_000):
        due = [(at, kind.name) for kind in kinds.values() if (at := registry.next_due(kind)) and at <= until]
        if not due:
            return
        at, name = min(due)
        ids = registry.claim(kinds[name], at)
        kinds[name].handle(ids, at)
    raise AssertionError("there is always something due")


def recorded() -> Recorded:
    rows = Decision.objects.values_list("change_id", "route_id", "round", "outcome", "at")
    together: dict[int, set[int]] = defaultdict(set)
    for incident_id, alert_id in IncidentAlert.objects.values_list("incident_id", "alert_id"):
        together[incident_id].add(alert_id)
    opened = dict(Incident.objects.values_list("pk", "opened_at"))
    return set(rows), sorted((opened[key].timestamp(), *sorted(found)) for key, found in together.items())


def run(story: list[Move], *args: Any) -> tuple[Recorded, Recorded, int]:
    configuration.forget()
    estate.forget()
    make_configuration(*args)
    # What happens at one moment is one batch, as it is for the engine.
    by_time: dict[int, list[Move]] = defaultdict(list)
    for move in story:
        # A silence at a moment of its own: whether one that comes at the very moment of something else was before or
        # after it, nobody can tell from what is stored.
        at = move.at + (5 if move.verb == "silence" else 0)
        if (move.name, move.host) not in {(each.name, each.host) for each in by_time[at]}:
            by_time[at].append(move)
    for seconds, several in sorted(by_time.items()):
        moment = NOW + timedelta(seconds=seconds)
        # What comes at the moment at which something is due comes first, as for the engine, which is a little late.
        advance(moment - timedelta(microseconds=1))
        for move in several:
            push(move, moment)
    end = NOW + timedelta(minutes=HORIZON * 2)
    advance(end)
    events = replaying.history(NOW, end, (), 10_000)
    found = replaying.replay(queries.document(), events, NOW, end)
    again = {(each.change_id, each.route_id, each.round, each.outcome, each.at) for each in found.decisions.values()}
    together = sorted((each.at.timestamp(), *sorted(each.alerts)) for each in found.incidents.values())
    return recorded(), (again, together), len(events)


@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(moves, shapes, shapes, st.sampled_from((0, 3)), st.booleans(), st.booleans())
def test_a_replay_decides_what_was_decided(
    story: list[Move], first: dict[str, Any], second: dict[str, Any], flap: int, inhibit: bool, times: bool
) -> None:
    try:
        with transaction.atomic():
            decided, again, events = run(story, first, second, flap, inhibit, times)
            transaction.set_rollback(True)
    finally:
        configuration.forget()
        suppression_queries.forget()
    for each in sorted(decided[0] ^ again[0], key=lambda row: (row[4], row[0])):
        note(f"{'recorded' if each in decided[0] else 'replayed'}: {each}")
    # What happened was decided on: this compares something.
    assert len({row[0] for row in decided[0]}) == events
    assert again[0] == decided[0]
    assert again[1] == decided[1]


def test_of_a_history_that_is_cut_the_labels_are_those_of_then() -> None:
    push(Move(0, "Disk", "a", "fire"), NOW)
    push(Move(0, "Disk", "a", "worse"), NOW + timedelta(minutes=1))
    end = NOW + timedelta(minutes=2)
    whole = replaying.history(NOW, end, (), 10)
    assert [each.severity for each in whole] == ["warning", "critical"]
    assert replaying.history(NOW, end, (), 1) == whole[:1]
    assert replaying.history(NOW, end - timedelta(minutes=1), (), 10) == whole[:1]
