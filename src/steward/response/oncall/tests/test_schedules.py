"""Schedules: changing them, and who is on call then."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.errors import Forbidden
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.oncall import actions, calendar, queries
from steward.response.oncall.errors import (
    NameTaken,
    OverrideInvalid,
    OverrideNotFound,
    ScheduleInUse,
    ScheduleInvalid,
    ScheduleNotFound,
)
from steward.response.oncall.models import Schedule
from steward.response.oncall.queries.people import because
from steward.response.oncall.tests.factories import ENGINE, NOW, actor, layer, notify, policy, schedule, user

HOUR = timedelta(hours=1)


def override(chosen: Schedule, who: Any, start: datetime, end: datetime, **changes: Any) -> Any:
    values = {
        "actor": ENGINE,
        "now": NOW,
        "schedule_id": chosen.pk,
        "user_id": who.pk,
        "start_at": start,
        "end_at": end,
    }
    return actions.add_override(**{**values, **changes})


def between(chosen: Schedule, start: datetime, end: datetime) -> list[queries.ShiftView]:
    return queries.roster_of(ENGINE, chosen.pk, start, end).between(start, end)


@pytest.mark.django_db
def test_rotation_and_overrides_decide_who() -> None:
    ann, bob, eve = user("Ann"), user("Bob"), user("Eve")
    chosen = schedule(ann, bob, name="App")
    (shift,) = queries.who(chosen.pk, NOW)
    assert (shift.user, shift.source, shift.end) == (ann, "rotation", datetime(2026, 3, 9, 8, tzinfo=UTC))
    override(chosen, eve, NOW, NOW + 2 * HOUR, reason="dentist")
    (shift,) = queries.who(chosen.pk, NOW)
    assert (shift.user, shift.source, shift.reason, shift.end) == (eve, "override", "dentist", NOW + 2 * HOUR)
    assert because(chosen, shift) == "on call for App until Mon 2 Mar 15:00 Europe/Berlin (override: dentist)"
    assert [each.user for each in between(chosen, NOW, NOW + timedelta(days=8))] == [eve, ann, bob]
    later = override(chosen, bob, NOW + HOUR, NOW + 3 * HOUR)
    assert [each.user for each in between(chosen, NOW, NOW + 4 * HOUR)] == [eve, bob, ann]
    actions.remove_override(actor=ENGINE, now=NOW, override_id=later.pk)
    assert [each.user for each in between(chosen, NOW, NOW + 4 * HOUR)] == [eve, ann]


@pytest.mark.django_db
def test_gaps_of_an_empty_rotation() -> None:
    ann = user("Ann")
    chosen = schedule()
    override(chosen, ann, NOW + HOUR, NOW + 2 * HOUR)
    assert queries.who(chosen.pk, NOW) == []
    assert queries.roster_of(ENGINE, chosen.pk, NOW, NOW + 3 * HOUR).gaps(NOW, NOW + 3 * HOUR) == [
        (NOW, NOW + HOUR),
        (NOW + 2 * HOUR, NOW + 3 * HOUR),
    ]
    (line,) = queries.board(ENGINE, NOW)
    assert (line.people, line.until) == ((), NOW + HOUR)
    assert line.following is not None and line.following.user == ann
    assert line.gaps[0] == (NOW, NOW + HOUR)


@pytest.mark.django_db
def test_board_and_own_duty() -> None:
    ann, bob = user("Ann"), user("Bob")
    first, second = schedule(ann, bob, name="App"), schedule(bob, ann, name="Web")
    monday = datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert [(line.schedule, line.people, line.until) for line in queries.board(ENGINE, NOW)] == [
        (first, (ann,), monday), (second, (bob,), monday),
    ]  # fmt: skip
    duty = queries.duty_of(ann.pk, NOW)
    assert [shift.schedule for shift in duty.now] == ["App"]
    assert duty.upcoming is not None
    assert (duty.upcoming.schedule, duty.upcoming.start) == ("Web", monday)
    assert queries.duty_of(user().pk, NOW) == queries.Duty((), None)
    line = queries.board(ENGINE, NOW)[0]
    assert line.following is not None
    assert (line.people, line.following.user, line.gaps) == ((ann,), bob, ())


@pytest.mark.django_db
def test_board_costs_the_same_for_many_schedules(django_assert_num_queries: Any) -> None:
    for _number in range(3):
        schedule(user(), user())
    with django_assert_num_queries(3):
        queries.board(ENGINE, NOW)
    for _number in range(5):
        override(schedule(user()), user(), NOW, NOW + HOUR)
    with django_assert_num_queries(3):
        queries.board(ENGINE, NOW)


@pytest.mark.django_db
def test_every_write_is_on_record() -> None:
    ann, bob = user(), user()
    chosen = schedule(ann, name="App")
    values = {
        "name": "App 2", "time_zone": "Asia/Shanghai",
        "layers": [layer(bob, ann, id=chosen.layers.get().pk, handover_weekday=2, handover_time=time(8), length=2)],
    }  # fmt: skip
    actions.update_schedule(actor=ENGINE, now=NOW, schedule_id=chosen.pk, **values)
    actions.update_schedule(actor=ENGINE, now=NOW, schedule_id=chosen.pk, **values)  # nothing changed, nothing said
    made = override(chosen, bob, NOW, NOW + HOUR)
    actions.remove_override(actor=ENGINE, now=NOW, override_id=made.pk)
    actions.delete_schedule(actor=ENGINE, now=NOW, schedule_id=chosen.pk)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "schedule.create", "schedule.update", "schedule.override.add", "schedule.override.remove", "schedule.delete",
    ]  # fmt: skip
    update = AuditEntry.objects.get(action="schedule.update")
    (before,), (after,) = update.before["layers"], update.after["layers"]
    assert (before["turns"], after["turns"], after["turn"]) == ([[ann.pk]], [[bob.pk], [ann.pk]], "2 week")
    assert before["layer"] == after["layer"]
    assert "team" not in update.after


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"team_id": 10**9}, "team"),
        ({"layers": [layer()] * 21}, "layers"),
        ({"layers": [layer(length=0)]}, "layers.0.length"),
        ({"layers": [layer(unit="month", length=13)]}, "layers.0.length"),
        ({"layers": [layer(unit="year")]}, "layers.0.unit"),
        ({"layers": [layer(), layer(handover_weekday=7)]}, "layers.1.handover_weekday"),
        ({"layers": [layer(turns=[[10**9]])]}, "layers.0.turns"),
        ({"layers": [layer(turns=[[1]] * 101)]}, "layers.0.turns"),
        ({"layers": [layer(turns=[[1, 1]])]}, "layers.0.turns"),
        ({"layers": [layer(start=date(1, 1, 1))]}, "layers.0.start"),
        ({"layers": [layer(priority=100)]}, "layers.0.priority"),
        ({"layers": [layer(time_zone="Mars/Olympus")]}, "layers.0.time_zone"),
        ({"layers": [layer(begins_at=NOW, ends_at=NOW)]}, "layers.0.ends_at"),
        ({"layers": [layer(begins_at=NOW.replace(tzinfo=None))]}, "layers.0.begins_at"),
        ({"layers": [layer(id=7)]}, "layers.0.id"),
    ],
)
def test_nonsense_is_refused_beside_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ScheduleInvalid) as refused:
        schedule(**changes)
    assert list(refused.value.fields) == [field]
    assert Schedule.objects.count() == 0


@pytest.mark.django_db
def test_names_are_unique_and_slugs_are_made() -> None:
    assert schedule(name="Claims portal").slug == "claims-portal"
    assert schedule(name="Claims  Portal!").slug == "claims-portal-2"
    assert schedule(name="值班").slug == "schedule"
    assert schedule(name="New").slug == "new-2"  # /schedules/new is a page
    with pytest.raises(NameTaken):
        schedule(name="Claims portal")


@pytest.mark.django_db
def test_inactive_people_may_stay_but_not_come() -> None:
    ann, gone = user(), user()
    chosen = schedule(ann, gone)
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    values: dict[str, Any] = {
        "name": chosen.name, "time_zone": "UTC", "layers": [layer(gone, ann, id=chosen.layers.get().pk)],
    }  # fmt: skip
    actions.update_schedule(actor=ENGINE, now=NOW, schedule_id=chosen.pk, **values)
    with pytest.raises(ScheduleInvalid):
        schedule(gone)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (NOW + HOUR, NOW + HOUR, "end_at"),
        (NOW - 2 * HOUR, NOW - HOUR, "end_at"),
        (NOW, NOW + timedelta(days=400), "end_at"),
        (NOW.replace(tzinfo=None), NOW.replace(tzinfo=None) + HOUR, "start_at"),
        (datetime(9999, 1, 1, tzinfo=UTC), datetime(9999, 2, 1, tzinfo=UTC), "start_at"),
    ],
)
def test_impossible_overrides(start: datetime, end: datetime, field: str) -> None:
    with pytest.raises(OverrideInvalid) as refused:
        override(schedule(), user(), start, end)
    assert list(refused.value.fields) == [field]


@pytest.mark.django_db
def test_what_is_not_there() -> None:
    with pytest.raises(ScheduleNotFound):
        queries.schedule_by_slug(ENGINE, "nothing")
    with pytest.raises(OverrideNotFound):
        actions.remove_override(actor=ENGINE, now=NOW, override_id=0)
    with pytest.raises(OverrideInvalid):
        override(schedule(), user(is_active=False), NOW, NOW + HOUR)


@pytest.mark.django_db
def test_a_schedule_in_use_stays() -> None:
    chosen = schedule(user())
    policy(notify(chosen), name="Main")
    with pytest.raises(ScheduleInUse, match="Main"):
        actions.delete_schedule(actor=ENGINE, now=NOW, schedule_id=chosen.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["viewer", "agent", "auditor", "customer", "supplier"])
def test_only_those_who_may_change_schedules(role: str) -> None:
    chosen = schedule(user())
    somebody = actor(role=role)
    with pytest.raises(Forbidden):
        schedule(actor=somebody)
    with pytest.raises(Forbidden):
        override(chosen, user(), NOW, NOW + HOUR, actor=somebody)
    with pytest.raises(Forbidden):
        actions.delete_schedule(actor=somebody, now=NOW, schedule_id=chosen.pk)


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "seen"), [("viewer", 1), ("responder", 1), ("customer", 0), ("supplier", 0)])
def test_who_sees_schedules(role: str, seen: int) -> None:
    schedule(user())
    assert queries.schedules(actor(role=role)).count() == seen
    assert len(queries.board(actor(role=role), NOW)) == seen


@pytest.mark.django_db(transaction=True)
def test_two_that_take_one_name_at_once() -> None:
    results = race(lambda: schedule(name="App"), lambda: schedule(name="App"))
    assert sum(isinstance(result, NameTaken) for result in results) == 1
    assert Schedule.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_editors_at_once_leave_one_whole_rotation() -> None:
    people = [user() for _number in range(4)]
    chosen = schedule(*people)

    def save(order: list[int]) -> Any:
        return actions.update_schedule(
            actor=ENGINE, now=NOW, schedule_id=chosen.pk, name=chosen.name, time_zone="UTC",
            layers=[layer(turns=[[key] for key in order])],
        )  # fmt: skip

    forward, backward = [each.pk for each in people], [each.pk for each in reversed(people)]
    results = race(lambda: save(backward), lambda: save(forward))
    assert not [result for result in results if isinstance(result, Exception)]
    (kept,) = chosen.layers.all()
    stored = list(kept.members.values_list("user_id", flat=True))
    assert stored in (forward, backward)


# --- the calendar picture ---------------------------------------------------------------------------------------------
ZONES = ["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai", "Europe/Berlin", "UTC"]


def parts(week: calendar.Week) -> list[tuple[float, float]]:
    return [(float(bar.x[:-1]), float(bar.width[:-1])) for bar in week.bars]


@given(st.integers(0, 2 * 365 * 24 * 3600), st.sampled_from(ZONES))
def test_bars_fill_each_week_from_end_to_end(seconds: int, zone: str) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    first = calendar.first_day(now, zone)
    start, end = calendar.range_of(first, 4, zone)
    assert start <= now < end
    half = start + (end - start) / 2
    shift = queries.ShiftView(1, "App", "app", user_like(5), half, half + timedelta(days=2), "rotation")
    for week in calendar.picture([shift], first=first, weeks=4, zone=zone, now=now, order=[5]):
        reached = 0.0
        for left, width in parts(week):
            assert left == pytest.approx(reached, abs=0.01)
            assert width > 0
            reached = left + width
        assert reached == pytest.approx(100, abs=0.01)
        assert sum(day.today for day in week.days) == (1 if week.now else 0)


def user_like(key: int) -> Any:
    return Schedule._meta.apps.get_model("accounts", "User")(pk=key, name="Ann", username="ann")


def test_bars_stand_where_the_clock_says() -> None:
    start, end = datetime(2026, 3, 2, 8, tzinfo=UTC), datetime(2026, 3, 9, 8, tzinfo=UTC)  # Monday 09:00 in Berlin
    shift = queries.ShiftView(1, "App", "app", user_like(5), start, end, "override", "dentist")
    first, second = calendar.picture(
        [shift], first=date(2026, 3, 2), weeks=2, zone="Europe/Berlin", now=NOW, order=[9, 5]
    )
    gap, bar = first.bars
    assert (gap.kind, gap.x, gap.width) == ("gap", "0.000%", "5.357%")  # nine hours of a week
    assert (bar.kind, bar.x, bar.width, bar.colour) == ("override", "5.357%", "94.643%", 1)
    assert (bar.begins, bar.ends) == (True, False)
    assert "override: dentist" in bar.title
    assert (second.bars[0].begins, second.bars[0].ends, second.bars[0].width) == (False, True, "5.357%")
    assert first.now == "7.738%"  # 13:00
    assert second.now == ""
