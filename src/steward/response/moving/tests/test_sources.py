"""What exports say, in neutral terms; and PagerDuty's semantics against an oracle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms import rotation
from steward.algorithms.rotation import Window
from steward.response.moving import sources
from steward.response.moving.comparing import Difference, differences
from steward.response.moving.foreign import Act, StandIn, Unreadable
from steward.response.moving.sources import pagerduty

HERE = Path(sources.__file__).parent
HOUR = timedelta(hours=1)


def sample(kind: str, name: str = "export.json") -> Any:
    text = (HERE / kind / "samples" / name).read_text()
    return yaml.safe_load(text) if name.endswith("yml") else json.loads(text)


def test_pagerduty() -> None:
    found = sources.read("pagerduty", sample("pagerduty"))
    assert (found.people[0].ref, found.people[0].email) == ("PANN", "ann@example.org")
    assert (found.teams[0].name, found.teams[0].members) == ("Payments", ("PANN", "PBOB"))
    (rota,) = found.rotas
    weeks, nights = rota.layers
    assert (weeks.name, weeks.unit, weeks.length, weeks.turns, weeks.handover_time, weeks.priority) == (
        "Weeks", "week", 1, (("PANN",), ("PBOB",)), time(9), 0,
    )  # fmt: skip
    assert (nights.name, nights.unit, nights.windows, nights.priority) == (
        "Nights", "day", (Window(start=time(20), end=time(6)),), 1,
    )  # fmt: skip
    assert pagerduty.wrong(rota.layers, rota.time_zone, rota.entries) == []
    assert found.ladders[0].acts == (
        Act("notify_schedule", "PS1"), Act("wait", minutes=10), Act("notify_user", "PANN"), Act("notify_user", "PBOB"),
        Act("wait", minutes=15),
    )  # fmt: skip
    assert [(note.kind, note.name) for note in found.notes] == [("service", "Checkout")]


def test_pagerdutys_own_rendering_decides_which_layer_wins() -> None:
    document = sample("pagerduty")
    document["schedules"][0]["schedule_layers"].reverse()
    (rota,) = sources.read("pagerduty", document).rotas
    assert [layer.name for layer in rota.layers] == ["Weeks", "Nights"]


def test_pagerdutys_turns_of_targets_and_further_teams_are_not_dropped() -> None:
    document = sample("pagerduty")
    policy = document["escalation_policies"][0]
    first, second = policy["escalation_rules"][:2]
    for rule in (first, second):
        rule["escalation_rule_assignment_strategy"] = {"type": "round_robin"}
    first["targets"] = [{"id": "PS1", "type": "schedule_reference"}, {"id": "PANN", "type": "user_reference"}]
    policy["teams"] = [{"id": "PT1"}, {"id": "PT2", "summary": "Cards"}]
    found = sources.read("pagerduty", document)
    assert found.ladders[0].acts == (
        Act("notify_schedule", "PS1"), Act("notify_user", "PANN"), Act("wait", minutes=10),
        Act("turn_people", people=("PANN", "PBOB")), Act("wait", minutes=15),
    )  # fmt: skip
    assert [note.reason for note in found.notes if note.kind in {"step", "policy"}] == [
        "Only people take turns here, not schedules; that step notifies all of them.",
        "It has one team here, so it does not belong to Cards.",
    ]


def test_opsgenie() -> None:
    found = sources.read("opsgenie", sample("opsgenie"))
    (rota,) = found.rotas
    office, evenings = rota.layers
    assert (office.unit, office.length, office.turns) == ("week", 2, (("u1",), ("u2",)))
    assert office.windows == (
        Window(frozenset({0}), time(9), time(0)), Window(frozenset({1})), Window(frozenset({2})), Window(frozenset({3})),
        Window(frozenset({4}), time(0), time(17, 30)),
    )  # fmt: skip
    assert (evenings.unit, evenings.windows, evenings.priority) == ("day", (Window(start=time(18), end=time(23)),), 0)
    assert [(each.person, each.start) for each in rota.entries] == [("u2", datetime(2026, 3, 2, 17, tzinfo=UTC))]
    (ladder,) = found.ladders
    # Delays are counted from the alert there, from the step before here.
    assert ladder.acts == (
        Act("notify_schedule", "s1"), Act("wait", minutes=5), Act("notify_next", "s1"), Act("wait", minutes=55),
        Act("notify_team", "t1"), Act("wait", minutes=20),
    )  # fmt: skip
    assert ladder.repeat == 3
    assert [note.reason for note in found.notes] == [
        "A participant of the type “none” has no turn here.",
        "“if not closed” goes on after an acknowledgement; ours ends with it.",
        "“admins” is not told apart; everybody it means is notified.",
    ]


def test_grafana_oncall() -> None:
    found = sources.read("grafana-oncall", sample("grafana_oncall"))
    (rota,) = found.rotas
    days, always = rota.layers
    assert (days.turns, days.unit, days.handover_weekday, days.handover_time, days.priority) == (
        (("UA", "UB"), ("UC",)), "week", 0, time(0), 2,
    )  # fmt: skip
    assert days.windows == (Window(frozenset(range(5)), time(9), time(17)),)
    assert (always.turns, always.unit, always.windows, always.priority) == ((("UC",),), "day", (), 1)
    berlin = ZoneInfo("Europe/Berlin")
    assert rota.stand_ins == (
        StandIn("UB", datetime(2026, 3, 4, 9, tzinfo=berlin), datetime(2026, 3, 4, 13, tzinfo=berlin)),
    )
    assert found.ladders[0].acts == (
        Act("notify_schedule", "SC"), Act("wait", minutes=5), Act("turn_people", important=False, people=("UA", "UB")),
        Act("wait", minutes=5),
    )  # fmt: skip
    assert [note.kind for note in found.notes] == ["shift", "step"]
    start, end = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC)
    ours = rotation.resolve([layer.layer(rota.time_zone) for layer in rota.layers], [], start, end)
    assert differences(
        [(e.start, e.end, e.person) for e in rota.entries], [(s.start, s.end, str(s.member)) for s in ours], start, end
    ) == []  # fmt: skip


def test_alertmanager() -> None:
    found = sources.read("alertmanager", sample("alertmanager", "alertmanager.yml"))
    assert [each.email for each in found.people] == ["ann@example.org", "bob@example.org"]
    assert found.ladders[0].acts[:2] == (Act("notify_user", "ann@example.org"), Act("notify_user", "bob@example.org"))
    assert [(note.name, "slack_configs" in note.reason) for note in found.notes] == [("chat", True)]


@pytest.mark.parametrize("kind", list(sources.KINDS))
@pytest.mark.parametrize(
    "document",
    [
        {},
        {"users": "x"},
        {"users": [1]},
        {"users": [{}]},
        {"receivers": [{}]},
        {"schedules": [{"id": 1, "time_zone": []}]},
    ],
)
def test_what_is_no_export_is_said(kind: str, document: Mapping[str, Any]) -> None:
    try:
        sources.read(kind, document)
    except Unreadable as error:
        assert str(error)


def test_differences_are_told_moment_by_moment() -> None:
    at = [datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in range(6)]
    theirs = [(at[0], at[2], "ann"), (at[2], at[5], "bob")]
    ours = [(at[0], at[3], "ann"), (at[1], at[2], "eve"), (at[3], at[4], "bob")]
    assert differences(theirs, ours, at[0], at[5]) == [
        Difference(at[1], at[2], frozenset({"ann"}), frozenset({"ann", "eve"})),
        Difference(at[2], at[3], frozenset({"bob"}), frozenset({"ann"})),
        Difference(at[4], at[5], frozenset({"bob"}), frozenset()),
    ]


# --- PagerDuty as documented, rendered by looking at one moment after the other -----------------------------------
ZONES = ["America/New_York", "Australia/Sydney", "Asia/Shanghai", "Europe/Berlin"]
times = st.integers(0, 23)
restrictions = st.one_of(
    st.tuples(times, st.integers(1, 23)).map(
        lambda v: {
            "type": "daily_restriction", "start_time_of_day": f"{v[0]:02}:00:00", "duration_seconds": v[1] * 3600
        }
    ),
    st.tuples(st.integers(1, 7), times, st.integers(1, 140)).map(
        lambda v: {
            "type": "weekly_restriction", "start_day_of_week": v[0], "start_time_of_day": f"{v[1]:02}:00:00",
            "duration_seconds": v[2] * 3600,
        }
    ),
)  # fmt: skip


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    zone = draw(st.sampled_from(ZONES))
    layers = []
    for number in range(draw(st.integers(1, 3))):
        begin = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 30)))
        start = datetime.combine(begin, time(draw(times)), ZoneInfo(zone)).isoformat()
        people = [{"user": {"id": f"P{number}{place}"}} for place in range(draw(st.integers(1, 3)))]
        layers.append(
            {
                "id": f"L{number}", "name": f"Layer {number}", "start": start, "end": None, "rotation_virtual_start": start,
                "rotation_turn_length_seconds": draw(st.sampled_from([86_400, 2 * 86_400, 604_800, 2 * 604_800])),
                "users": people, "restrictions": draw(st.lists(restrictions, max_size=2)),
            }
        )  # fmt: skip
    return {"id": "S", "name": "S", "time_zone": zone, "schedule_layers": layers[::-1]}


def on_call(schedule: Mapping[str, Any], moment: datetime) -> set[str]:
    """The first layer of the answer that has somebody wins. Wall clocks count, so that handovers stay at their hour."""
    zone = ZoneInfo(schedule["time_zone"])
    local = moment.astimezone(zone).replace(tzinfo=None)
    for layer in schedule["schedule_layers"]:
        began = datetime.fromisoformat(layer["start"])
        if moment < began or not _allowed(layer["restrictions"], local):
            continue
        passed = local - began.astimezone(zone).replace(tzinfo=None)
        turn = passed // timedelta(seconds=layer["rotation_turn_length_seconds"])
        return {layer["users"][turn % len(layer["users"])]["user"]["id"]}
    return set()


def _allowed(given: list[Mapping[str, Any]], local: datetime) -> bool:
    if not given:
        return True
    for each in given:
        opens = time.fromisoformat(each["start_time_of_day"])
        for back in range(9):
            day = local.date() - timedelta(days=back)
            if each["type"] == "weekly_restriction" and day.isoweekday() != each["start_day_of_week"]:
                continue
            begin = datetime.combine(day, opens)
            if begin <= local < begin + timedelta(seconds=each["duration_seconds"]):
                return True
    return False


@settings(max_examples=40, deadline=None)
@given(schedules())
def test_our_layers_name_whom_pagerduty_names(schedule: dict[str, Any]) -> None:
    """Sixty days from before the clocks change until after, asked in the middle of each second hour."""
    (rota,) = sources.read("pagerduty", {"schedules": [schedule]}).rotas
    begin = datetime(2026, 2, 20, 0, 30, tzinfo=UTC)
    shifts = rotation.resolve(
        [layer.layer(rota.time_zone) for layer in rota.layers], [], begin - HOUR, begin + timedelta(days=61)
    )
    for step in range(0, 60 * 24, 2):
        moment = begin + step * HOUR
        ours = {str(shift.member) for shift in shifts if shift.start <= moment < shift.end}
        assert ours == on_call(schedule, moment), moment
