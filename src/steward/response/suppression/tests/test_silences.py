"""Writing silences, their clock, and two at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.algorithms.matching import Matcher
from steward.estate.configuration.tests.factories import UserFactory
from steward.foundation.actors import Actor
from steward.foundation.errors import Forbidden
from steward.foundation.testing.races import race
from steward.people.accounts.permissions import permissions_of
from steward.people.audit.models import AuditEntry
from steward.response.notifications.models import Page
from steward.response.suppression import actions, queries
from steward.response.suppression.errors import SilenceInvalid, SilenceNotFound, SilenceOver
from steward.response.suppression.events import SuppressionChanged
from steward.response.suppression.models import Silence
from steward.response.suppression.tests.factories import HOUR, NOW, lead, silence, wish

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def fresh() -> None:
    queries.forget()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every event that is published."""
    found: list[Any] = []
    for part in ("silences", "windows", "clock"):
        monkeypatch.setattr(f"steward.response.suppression.actions.{part}.publish", found.append)
    return found


def tick(made: Silence, now: Any) -> Silence:
    actions.run_silence(now=now, silence_id=made.pk)
    made.refresh_from_db()
    return made


@pytest.mark.django_db
def test_making_one_is_told_and_audited(told: list[Any]) -> None:
    made = silence()
    assert told == [SuppressionChanged("silence", made.pk, NOW)]
    entry = AuditEntry.objects.get(action="silence.create")
    assert entry.after["matchers"] == '{job="node"}' and entry.subject_kind == "silence"
    assert (made.version, made.state_at(NOW), made.running, made.due_at) == (1, "active", True, NOW + HOUR)


@pytest.mark.django_db
def test_a_start_that_has_passed_becomes_now_unless_it_recurs() -> None:
    assert silence(starts_at=NOW - HOUR).starts_at == NOW
    weekly = silence(
        starts_at=NOW - 3 * HOUR, ends_at=None, rrule="FREQ=DAILY", duration=2 * HOUR, time_zone="Europe/Berlin"
    )
    assert weekly.starts_at == NOW - 3 * HOUR
    assert (weekly.state_at(NOW), weekly.due_at) == ("pending", NOW + 21 * HOUR)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"comment": "  "}, "comment"),
        ({"matchers": '{job=~".*"}'}, "matchers"),
        ({"matchers": '{job!="a"}'}, "matchers"),
        ({"ends_at": NOW}, "ends_at"),
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": NOW - HOUR, "starts_at": NOW - 2 * HOUR}, "ends_at"),
        ({"rrule": "FREQ=SECONDLY", "duration": HOUR, "time_zone": "UTC"}, "rrule"),
        ({"rrule": "FREQ=DAILY", "duration": HOUR, "time_zone": "Mars"}, "time_zone"),
        ({"rrule": "FREQ=DAILY", "duration": None, "time_zone": "UTC"}, "duration"),
        ({"notice_minutes": 99_999}, "notice_minutes"),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SilenceInvalid) as caught:
        silence(**changes)
    assert field in caught.value.fields


@pytest.mark.django_db
def test_the_permission_is_needed_and_outsiders_see_none() -> None:
    made = silence()
    viewer = lead(role="viewer", permissions=permissions_of("viewer"))
    with pytest.raises(Forbidden):
        silence(actor=viewer)
    outside = Actor(kind="user", label="x", permissions=permissions_of("lead"), organisation_kind="supplier")
    assert not queries.silences(outside).exists() and queries.silences(viewer).exists()
    with pytest.raises(SilenceNotFound):
        actions.expire_silence(actor=outside, now=NOW, silence_id=made.pk)


@pytest.mark.django_db
def test_an_edit_of_the_same_matchers_is_a_new_version() -> None:
    made = silence()
    later = NOW + 10 * MINUTE
    again = actions.update_silence(
        actor=lead(), now=later, silence_id=made.pk, wish=wish(ends_at=NOW + 5 * HOUR, comment="Longer"), version=1
    )
    assert (again.pk, again.version, again.starts_at, again.ends_at) == (made.pk, 2, NOW, NOW + 5 * HOUR)
    assert [each.version for each in queries.versions_of(again)] == [2, 1]
    with pytest.raises(SilenceOver):
        actions.update_silence(actor=lead(), now=later, silence_id=made.pk, wish=wish(), version=1)


@pytest.mark.django_db
def test_other_matchers_expire_it_and_make_a_new_one() -> None:
    made = silence()
    later = NOW + 10 * MINUTE
    other = actions.update_silence(actor=lead(), now=later, silence_id=made.pk, wish=wish('{job="db"}'))
    made.refresh_from_db()
    assert other.pk != made.pk and made.replaced_by_id == other.pk
    assert (made.state_at(later), made.ends_at, other.starts_at, other.version) == ("expired", later, later, 1)
    standing = queries.standing(later)
    assert not standing.verdicts({"job": "node"}, None, None) and standing.verdicts({"job": "db"}, None, None)


@pytest.mark.django_db
def test_one_that_is_over_stays_as_it_was() -> None:
    made = silence()
    ended = actions.expire_silence(actor=lead(), now=NOW + MINUTE, silence_id=made.pk)
    assert (ended.state_at(NOW + MINUTE), ended.due_at, ended.running) == ("expired", None, False)
    for act in (
        lambda: actions.expire_silence(actor=lead(), now=NOW + HOUR, silence_id=made.pk),
        lambda: actions.update_silence(actor=lead(), now=NOW + HOUR, silence_id=made.pk, wish=wish()),
    ):
        with pytest.raises(SilenceOver):
            act()


@pytest.mark.django_db
def test_a_coming_one_that_is_expired_never_holds() -> None:
    made = silence(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert (made.state_at(NOW), made.due_at) == ("pending", NOW + HOUR)
    ended = actions.expire_silence(actor=lead(), now=NOW, silence_id=made.pk)
    assert (ended.starts_at, ended.ends_at, ended.state_at(NOW)) == (NOW, NOW, "expired")
    assert not queries.standing(NOW + HOUR).verdicts({"job": "node"}, None, None)


@pytest.mark.django_db
def test_the_clock_tells_each_begin_and_end_once(told: list[Any]) -> None:
    made = silence(
        starts_at=NOW + HOUR, ends_at=NOW + 30 * HOUR, rrule="FREQ=DAILY", duration=2 * HOUR, time_zone="UTC"
    )
    told.clear()
    events = []
    for hours in (0, 1, 1, 2, 3, 3, 25, 27, 30):
        before = len(told)
        tick(made, NOW + hours * HOUR)
        events.append(len(told) - before)
    assert events == [0, 1, 0, 0, 1, 0, 1, 1, 0]
    assert (made.state_at(NOW + 30 * HOUR), made.due_at) == ("expired", None)


@pytest.mark.django_db
def test_a_run_that_no_engine_saw_is_told_as_a_change(told: list[Any]) -> None:
    made = silence(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    told.clear()
    tick(made, NOW + 9 * HOUR)
    assert told == [SuppressionChanged("silence", made.pk, NOW + 9 * HOUR)]


@pytest.mark.django_db
def test_the_author_is_told_before_the_end_once(told: list[Any]) -> None:
    person = UserFactory.create(time_zone="Asia/Shanghai")
    made = silence(actor=lead(id=person.pk), notice_minutes=15)
    assert made.due_at == NOW + 45 * MINUTE
    tick(made, NOW + 45 * MINUTE)
    tick(made, NOW + 46 * MINUTE)
    page = Page.objects.get()
    assert (page.user == person and "20:" in page.body) or "21:00" in page.body
    assert (made.noticed_at, made.due_at, made.running) == (NOW + 45 * MINUTE, NOW + HOUR, True)
    extended = actions.update_silence(
        actor=lead(id=person.pk), now=NOW + 50 * MINUTE, silence_id=made.pk,
        wish=wish(ends_at=NOW + 3 * HOUR, notice_minutes=15),
    )  # fmt: skip
    assert extended.noticed_at is None
    tick(made, NOW + 165 * MINUTE)
    assert Page.objects.count() == 2


@pytest.mark.django_db
def test_no_notice_of_an_end_that_was_only_just_written() -> None:
    made = silence(ends_at=NOW + 10 * MINUTE, notice_minutes=15)
    assert (made.noticed_at, made.due_at) == (NOW, NOW + 10 * MINUTE)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_expire_one_is_told_that_it_is_over() -> None:
    made = silence()
    results = race(*[lambda: actions.expire_silence(actor=lead(), now=NOW + MINUTE, silence_id=made.pk)] * 2)
    assert sorted(type(each).__name__ for each in results) == ["Silence", "SilenceOver"]
    made.refresh_from_db()
    assert made.version == 2


@pytest.mark.django_db(transaction=True)
def test_the_clock_and_an_edit_at_once_leave_what_the_edit_says() -> None:
    for _round in range(5):
        made = silence()
        results = race(
            lambda made=made: actions.run_silence(now=NOW + HOUR, silence_id=made.pk),
            lambda made=made: actions.update_silence(
                actor=lead(), now=NOW + HOUR - MINUTE, silence_id=made.pk, wish=wish(ends_at=NOW + 3 * HOUR)
            ),
        )
        made.refresh_from_db()
        if isinstance(results[1], SilenceOver):  # the engine's clock was ahead, and it came first
            assert made.state_at(NOW + HOUR) == "expired" and made.due_at is None
            continue
        assert not [each for each in results if isinstance(each, Exception)]
        assert made.ends_at == NOW + 3 * HOUR
        assert queries.standing(NOW + 2 * HOUR).verdicts({"job": "node"}, None, None)
        # Whoever came last, the clock comes again for the new end.
        assert made.due_at is not None and made.due_at <= NOW + 3 * HOUR
        actions.expire_silence(actor=lead(), now=NOW + HOUR, silence_id=made.pk)


@pytest.mark.django_db
def test_a_matcher_with_a_nul_is_refused() -> None:
    given = wish()
    broken = actions.Wish((Matcher("a", "=", "x\0"),), given.comment, given.plan)
    with pytest.raises(SilenceInvalid):
        actions.create_silence(actor=lead(), now=NOW, wish=broken)
