"""Leave, holidays, and who may write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.errors import Forbidden
from steward.foundation.testing.pages import check_queries
from steward.foundation.testing.races import race
from steward.people.accounts.queries import actor_for_user as actor_for
from steward.people.accounts.tests.factories import UserFactory as make_user
from steward.people.audit.models import AuditEntry
from steward.people.workforce import actions, queries, rules
from steward.people.workforce.errors import LeaveInvalid, LeaveNotFound, LeaveOverlaps, WorkplaceInvalid
from steward.people.workforce.models import Leave

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def leave(user: Any, first: date, last: date, actor: Any = None, **changes: Any) -> Leave:
    return actions.add_leave(
        actor=actor or actor_for(user), now=NOW, user_id=user.pk, first_day=first, last_day=last, **changes
    )


@pytest.mark.django_db
def test_leave_and_holidays_are_instants_of_the_persons_zone() -> None:
    ann = make_user(role="responder", time_zone="Asia/Shanghai")
    leave(ann, date(2026, 3, 10), date(2026, 3, 11))
    actions.set_workplace(actor=actor_for(ann), now=NOW, user_id=ann.pk, country="cn")
    found = queries.absences([ann], NOW, datetime(2026, 5, 4, tzinfo=UTC))[ann.pk]
    (away,) = [each for each in found if each.kind == "leave"]
    assert (away.start, away.end) == (datetime(2026, 3, 9, 16, tzinfo=UTC), datetime(2026, 3, 11, 16, tzinfo=UTC))
    assert datetime(2026, 4, 30, 16, tzinfo=UTC) in {each.start for each in found if each.kind == "holiday"}  # 1 May
    assert queries.absences([make_user()], NOW, NOW + timedelta(days=90)) == {}
    assert queries.on_leave(ann.pk, datetime(2026, 3, 9, 15, 59, tzinfo=UTC)) is None
    assert queries.on_leave(ann.pk, datetime(2026, 3, 9, 16, tzinfo=UTC)) == away
    assert queries.on_leave(ann.pk, datetime(2026, 5, 1, tzinfo=UTC)) is None  # a holiday is no leave


@pytest.mark.django_db
def test_asking_costs_the_same_for_many_people(django_assert_num_queries: Any) -> None:
    people = [make_user() for _number in range(6)]
    for each in people:
        leave(each, date(2026, 3, 10), date(2026, 3, 11))
        actions.set_workplace(actor=actor_for(each), now=NOW, user_id=each.pk, country="DE", part="BY")
    with django_assert_num_queries(1):
        assert len(queries.absences(people, NOW, NOW + timedelta(days=30))) == 6


@pytest.mark.django_db
def test_part_of_a_country_has_its_own_holidays() -> None:
    ann, bob = make_user(time_zone="Europe/Berlin"), make_user(time_zone="Europe/Berlin")
    for user, part in ((ann, "BY"), (bob, "BE")):
        actions.set_workplace(actor=actor_for(user), now=NOW, user_id=user.pk, country="DE", part=part)
    epiphany = datetime(2027, 1, 6, tzinfo=UTC)  # a holiday in Bavaria, not in Berlin
    found = queries.absences([ann, bob], epiphany, epiphany + timedelta(hours=12))
    assert list(found) == [ann.pk]
    actions.set_workplace(actor=actor_for(ann), now=NOW, user_id=ann.pk, country="")
    assert queries.workplace_of(ann.pk) is None


@given(
    st.dates(date(2024, 1, 1), date(2028, 1, 1)), st.integers(0, 40),
    st.sampled_from(["America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Shanghai"]),
)  # fmt: skip
def test_days_meet_without_gap_or_overlap(first: date, length: int, zone: str) -> None:
    """Also where the clocks change: yesterday ends when today begins."""
    middle = first + timedelta(days=length)
    last = middle + timedelta(days=3)
    before, after = rules.absences(
        [rules.DaysOff(first, middle, "leave"), rules.DaysOff(middle + timedelta(days=1), last, "leave")], zone
    )
    assert before.end == after.start
    assert abs((after.end - before.start) - timedelta(days=length + 4)) <= timedelta(hours=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        (date(2026, 3, 3), date(2026, 3, 2), "last_day"),
        (date(2026, 3, 3), date(2029, 3, 2), "last_day"),
        (date(1, 1, 1), date(2026, 3, 2), "first_day"),
    ],
)
def test_impossible_leave(first: date, last: date, field: str) -> None:
    with pytest.raises(LeaveInvalid) as refused:
        leave(make_user(), first, last)
    assert list(refused.value.fields) == [field]


@pytest.mark.django_db
def test_own_leave_only_and_what_is_not_there() -> None:
    ann, bob, lead = make_user(role="viewer"), make_user(role="viewer"), make_user(role="lead")
    mine = leave(ann, date(2026, 3, 10), date(2026, 3, 11), note="hospital")
    with pytest.raises(LeaveOverlaps):
        leave(ann, date(2026, 3, 11), date(2026, 3, 12))
    with pytest.raises(Forbidden):
        leave(ann, date(2026, 4, 10), date(2026, 4, 11), actor=actor_for(bob))
    with pytest.raises(Forbidden):
        actions.remove_leave(actor=actor_for(bob), now=NOW, leave_id=mine.pk)
    with pytest.raises(LeaveNotFound):
        actions.remove_leave(actor=actor_for(ann), now=NOW, leave_id=0)
    with pytest.raises(WorkplaceInvalid):
        actions.set_workplace(actor=actor_for(ann), now=NOW, user_id=ann.pk, country="XX")
    with pytest.raises(WorkplaceInvalid):
        actions.set_workplace(actor=actor_for(ann), now=NOW, user_id=ann.pk, country="DE", part="XX")
    actions.remove_leave(actor=actor_for(lead), now=NOW, leave_id=mine.pk)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["leave.add", "leave.remove"]
    assert "hospital" not in str(list(AuditEntry.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_two_that_write_one_leave_at_once() -> None:
    ann = make_user()
    days = (date(2026, 3, 10), date(2026, 3, 11))
    results = race(lambda: leave(ann, *days), lambda: leave(ann, *days))
    assert sum(isinstance(each, LeaveOverlaps) for each in results) == 1
    assert Leave.objects.count() == 1


@pytest.mark.django_db
def test_pages(client: Client) -> None:
    ann, bob = make_user(role="responder", name="Ann"), make_user(role="viewer", name="Bob")
    client.force_login(ann)
    url = reverse("workforce:leave")
    assert Client().get(url).status_code == 302
    assert (
        client.post(url, {"first_day": "2096-03-10", "last_day": "2096-03-12", "note": "hospital"}).status_code == 302
    )
    html = check_queries(client, url).content.decode()
    assert ("hospital" in html and "Tue 10 Mar 2096" in html) or "Sat 10 Mar 2096" in html
    wrong = client.post(url, {"first_day": "2096-03-12", "last_day": "2096-03-10"})
    assert wrong.status_code == 422 and "The last day is before the first." in wrong.content.decode()
    assert (
        client.post(reverse("workforce:workplace", args=[ann.pk]), {"country": "DE", "part": "BY"}).status_code == 302
    )
    wrong = client.post(reverse("workforce:workplace", args=[ann.pk]), {"country": "DE", "part": "QQ"})
    assert wrong.status_code == 422 and "has no such part" in wrong.content.decode()
    other = Client()
    other.force_login(bob)
    assert other.get(reverse("workforce:person-leave", args=[ann.pk])).status_code == 403
    panel = other.get(reverse("workforce:panel", args=[ann.pk])).content.decode()
    assert "2096" in panel and "hospital" not in panel and "DE" in panel
    assert client.post(reverse("workforce:leave-remove", args=[Leave.objects.get().pk])).status_code == 302
    assert "No leave from today on" in client.get(url).content.decode()
