"""Rules, quiet hours, leave and codes, through the engine over real sockets."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from steward.foundation.events import publish
from steward.foundation.subjects import SubjectRef
from steward.people.workforce import actions as workforce
from steward.response.notifications import actions, queries
from steward.response.notifications.errors import CodeWrong, ContactMethodNotFound, RuleInvalid, TooManyCodes
from steward.response.notifications.events import PageFailed
from steward.response.notifications.models import ContactMethod, Delivery, Page
from steward.response.notifications.rules.plans import Step
from steward.response.notifications.tests.conftest import Hooks, Mails
from steward.response.notifications.tests.factories import NOW, SUBJECT, actor, page, page_of, user
from steward.response.notifications.tests.running import engine, engine_until_done

pytestmark = pytest.mark.django_db


def method(who: Any, channel: str, target: str) -> ContactMethod:
    return ContactMethod.objects.create(user=who, channel=channel, target=target, verified_at=NOW)


def rule(who: Any, importance: str, *steps: tuple[ContactMethod, int]) -> None:
    actions.set_rule(
        actor=actor(who), now=NOW, user_id=who.pk, importance=importance,
        steps=[Step(each.pk, after) for each, after in steps],
    )  # fmt: skip


@pytest.fixture
def ann(mails: Mails, hooks: Hooks, settings_env: Any) -> Any:
    """Push at once, a mail after two minutes, another after five."""
    who = user("Ann", email="", time_zone="Europe/Berlin")
    first, second = method(who, "apprise", hooks.target), method(who, "email", "ann@example.org")
    rule(who, "important", (first, 0), (second, 2), (method(who, "email", "home@example.org"), 5))
    return who


def test_steps_come_when_they_are_due(ann: Any, mails: Mails, hooks: Hooks) -> None:
    result = page(ann)
    engine()
    assert (len(hooks.taken), len(mails.taken)) == (1, 0)
    assert [each.state for each in Delivery.objects.order_by("step")] == ["sent", "planned", "planned"]
    engine(NOW + timedelta(minutes=1, seconds=50))
    assert len(mails.taken) == 0
    engine(NOW + timedelta(minutes=2))
    assert [each["To"] for each in mails.taken] == ["ann@example.org"]
    engine(NOW + timedelta(minutes=5))
    assert [each["To"] for each in mails.taken] == ["ann@example.org", "home@example.org"]
    assert page_of(result).state == "sent"


def test_an_acknowledgement_stops_the_rest(ann: Any, mails: Mails, hooks: Hooks) -> None:
    page(ann)
    engine()
    actions.cancel_pages(now=NOW, subject=SUBJECT, reason="acknowledged")
    engine(NOW + timedelta(hours=1))
    assert (len(hooks.taken), len(mails.taken)) == (1, 0)
    assert [each.state for each in Delivery.objects.order_by("step")] == ["sent", "cancelled", "cancelled"]


@pytest.mark.parametrize("status", [403, 503])
def test_a_channel_in_trouble_lets_the_next_begin_at_once(status: int, ann: Any, mails: Mails, hooks: Hooks) -> None:
    hooks.answers = [status] * 3
    result = page(ann)
    engine()
    assert hooks.taken == []
    engine(NOW + timedelta(seconds=1))
    assert [each["To"] for each in mails.taken] == ["ann@example.org"]
    assert page_of(result).state == "sent"


def test_every_step_in_trouble_is_a_page_that_failed(ann: Any, mails: Mails, hooks: Hooks, monkeypatch: Any) -> None:
    hooks.answers, mails.answers = [403], ["554 no", "554 no"]
    heard: list[object] = []

    def both(event: object) -> None:
        heard.append(event)
        publish(event)

    monkeypatch.setattr("steward.response.notifications.actions.deliveries.publish", both)
    result = page(ann)
    engine_until_done()
    assert page_of(result).state == "failed"
    assert sum(isinstance(each, PageFailed) for each in heard) == 1


def test_other_importances_have_other_steps(ann: Any, mails: Mails, hooks: Hooks) -> None:
    rule(ann, "normal", (ContactMethod.objects.get(target="home@example.org"), 0))
    page(ann, "k2", importance="normal")
    engine()
    assert hooks.taken == [] and [each["To"] for each in mails.taken] == ["home@example.org"]


def test_one_channel_twice(ann: Any, hooks: Hooks) -> None:
    first = ContactMethod.objects.get(channel="apprise")
    rule(ann, "important", (first, 0), (first, 3))
    page(ann)
    engine()
    engine(NOW + timedelta(minutes=3))
    assert len(hooks.taken) == 2


def test_normal_pages_wait_for_the_morning_and_come_together(mails: Mails) -> None:
    who = user("Ann", email="ann@example.org", time_zone="Europe/Berlin")
    actions.set_quiet_hours(actor=actor(who), now=NOW, user_id=who.pk, starts=time(22), ends=time(7))
    morning = datetime.fromisoformat("2026-03-02T06:00:00+00:00")
    results = [
        page(who, f"k{n}", subject=SubjectRef("incident", n), subject_label=f"INC-{n}", importance="normal")
        for n in (1, 2, 3)
    ]
    assert [each.held_until for each in results] == [morning] * 3 and all(each.deliveries == 1 for each in results)
    engine(NOW + timedelta(hours=2))
    assert mails.taken == []
    page(who, "urgent", subject=SubjectRef("incident", 9), subject_label="INC-9")
    engine()
    assert [each["Subject"].split()[1] for each in mails.taken] == ["INC-9"]
    engine(morning + timedelta(seconds=1))
    assert len(mails.taken) == 2 and mails.taken[1]["Subject"].startswith("[SEV1] 3 incidents")
    assert {each.state for each in Page.objects.all()} == {"sent"}
    assert "Quiet hours" in queries.explain(page_of(results[0]))["held"]


def test_acknowledged_during_the_night_is_not_told_in_the_morning(mails: Mails) -> None:
    who = user("Ann", email="ann@example.org", time_zone="Europe/Berlin")
    actions.set_quiet_hours(actor=actor(who), now=NOW, user_id=who.pk, starts=time(22), ends=time(7))
    page(who, importance="normal")
    actions.cancel_pages(now=NOW, subject=SUBJECT, reason="acknowledged")
    engine(NOW + timedelta(days=1))
    assert mails.taken == [] and Page.objects.get().state == "cancelled"


def test_on_leave_is_not_paged_and_the_result_says_why() -> None:
    who = user("Ann")
    workforce.add_leave(
        actor=actor(who), now=NOW, user_id=who.pk, first_day=date(2026, 3, 1), last_day=date(2026, 3, 4), note=""
    )
    result = page(who)
    assert result.deliveries == 0 and "on leave until" in result.problem
    assert page_of(result).state == "failed"
    assert page(who, "k2", now=NOW + timedelta(days=3)).deliveries == 1


def test_a_code_confirms(mails: Mails) -> None:
    who = user("Ann", email="")
    made = actions.add_contact_method(
        actor=actor(who), now=NOW, user_id=who.pk, channel="email", target="new@example.org"
    )
    assert page(who).deliveries == 0 and queries.reach_of([who.pk]) == {who.pk: 0}
    actions.send_code(actor=actor(who), now=NOW, method_id=made.pk)
    engine()
    found = re.search(r"\b(\d{6})\b", mails.taken[0]["Subject"])
    assert found is not None
    code = found.group(1)
    wrong = "000000" if code != "000000" else "111111"
    with pytest.raises(CodeWrong):
        actions.confirm(actor=actor(who), now=NOW, method_id=made.pk, code=wrong)
    eve = user("Eve")
    with pytest.raises(ContactMethodNotFound):
        actions.confirm(actor=actor(eve), now=NOW, method_id=made.pk, code=code)
    actions.confirm(actor=actor(who), now=NOW, method_id=made.pk, code=f"{code[:3]} {code[3:]}")
    assert page(who, "k2").deliveries == 1
    actions.update_contact_method(actor=actor(who), now=NOW, method_id=made.pk, target="other@example.org")
    assert page(who, "k3").deliveries == 0


def test_guessing_ends(mails: Mails) -> None:
    who = user("Ann", email="")
    made = actions.add_contact_method(
        actor=actor(who), now=NOW, user_id=who.pk, channel="email", target="n@example.org"
    )
    actions.send_code(actor=actor(who), now=NOW, method_id=made.pk)
    engine()
    code = re.search(r"\b(\d{6})\b", mails.taken[0]["Subject"])[1]  # type: ignore[index]
    for number in range(5):
        with pytest.raises(CodeWrong):
            actions.confirm(actor=actor(who), now=NOW, method_id=made.pk, code=f"x{number}")
    with pytest.raises(CodeWrong, match="no longer good"):
        actions.confirm(actor=actor(who), now=NOW, method_id=made.pk, code=code)
    for _more in range(2):
        actions.send_code(actor=actor(who), now=NOW, method_id=made.pk)
    with pytest.raises(TooManyCodes):
        actions.send_code(actor=actor(who), now=NOW, method_id=made.pk)


def test_rules_name_own_methods_only() -> None:
    who, other = user("Ann"), user("Bob")
    stranger = method(other, "email", "b@example.org")
    with pytest.raises(RuleInvalid):
        rule(who, "important", (stranger, 0))
    with pytest.raises(RuleInvalid):
        rule(other, "pressing", (stranger, 0))
    with pytest.raises(RuleInvalid):
        rule(other, "normal", (stranger, -1))


def test_a_page_asked_for_twice_is_planned_once(ann: Any) -> None:
    assert page(ann).page_id == page(ann).page_id
    assert Delivery.objects.count() == 3
