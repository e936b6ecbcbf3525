"""Policies: changing them, and whom they would page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.foundation.errors import Forbidden
from steward.people.audit.models import AuditEntry
from steward.response.oncall import actions, queries
from steward.response.oncall.errors import NameTaken, PolicyInvalid, PolicyNotFound
from steward.response.oncall.models import EscalationPolicy
from steward.response.oncall.rules import Step
from steward.response.oncall.tests.factories import (
    ENGINE,
    NOW,
    actor,
    notify,
    policy,
    schedule,
    team,
    user,
    wait,
)


@pytest.mark.django_db
def test_each_change_is_a_version() -> None:
    ann = user()
    chosen = policy(notify(ann), wait(5), name="Main", repeat=1)
    steps = [notify(ann), wait(10)]
    values: dict[str, Any] = {"actor": ENGINE, "now": NOW, "policy_id": chosen.pk, "name": "Main", "repeat": 1}
    assert actions.update_policy(steps=steps, **values).version == 2
    assert actions.update_policy(steps=steps, **values).version == 2  # nothing changed
    assert [step.wait_minutes for step in chosen.steps.order_by("position")] == [None, 10]
    entry = AuditEntry.objects.get(action="policy.update")
    assert (entry.before["version"], entry.after["version"]) == (1, 2)
    assert entry.after["steps"][1] == {"kind": "wait", "minutes": 10}
    assert "name" not in entry.after


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("steps", "repeat", "field"),
    [
        ([], 0, "steps"),
        ([Step("wait", wait_minutes=5)], 0, "steps"),
        ([Step("notify_user", 10**9)], 0, "steps.0"),
        ([Step("notify_user")], 0, "steps.0"),
        ([Step("notify_team", 10**9)], 0, "steps.0"),
        ([Step("notify_schedule", 10**9)], 0, "steps.0"),
    ],
)
def test_nonsense_is_refused_beside_its_step(steps: list[Step], repeat: int, field: str) -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy(*steps, repeat=repeat)
    assert list(refused.value.fields) == [field]


@pytest.mark.django_db
def test_repeating_needs_a_wait_at_the_end() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy(notify(user()), repeat=1)
    assert list(refused.value.fields) == ["steps.0"]


@pytest.mark.django_db
def test_names_permissions_and_absence() -> None:
    policy(notify(user()), name="Main")
    with pytest.raises(NameTaken):
        policy(notify(user()), name=" Main ")
    with pytest.raises(Forbidden):
        actions.create_policy(actor=actor(role="viewer"), now=NOW, name="X", steps=[notify(user())])
    with pytest.raises(PolicyNotFound):
        queries.policy_by_slug(actor(role="customer"), "main")
    with pytest.raises(PolicyNotFound):
        actions.delete_policy(actor=ENGINE, now=NOW, policy_id=0)


@pytest.mark.django_db
def test_whom_it_would_page() -> None:
    ann, bob, nora = user("Ann"), user("Bob"), user("Nora", email="")
    chosen = policy(
        notify(schedule(ann, name="App")), wait(5), notify(nora), wait(10), notify(team(bob, nora, name="Web"))
    )
    first, pause, second, skipped, third = queries.who_would_be_paged(chosen.pk, NOW)
    assert [person.label for person in first.people] == ["Ann"]
    assert first.people[0].why.startswith("on call for App until")
    assert (pause.kind, pause.wait_minutes, pause.skipped) == ("wait", 5, False)
    assert (second.people, second.after) == ((), timedelta(minutes=5))
    assert "Nora cannot be reached" in second.problems[0]
    assert skipped.skipped
    assert [person.label for person in third.people] == ["Bob"]
    assert third.after == timedelta(minutes=5)  # the wait before it is passed over


@pytest.mark.django_db
def test_the_preview_looks_ahead_to_the_time_of_the_step() -> None:
    ann, bob = user("Ann"), user("Bob")
    rota = schedule(ann, bob, name="App")
    handover = queries.who(rota.pk, NOW)[0].end
    chosen = policy(notify(rota), wait(30), notify(rota), wait(5))
    steps = queries.who_would_be_paged(chosen.pk, handover - timedelta(minutes=10))
    assert [person.label for step in steps for person in step.people] == ["Ann", "Bob"]


@pytest.mark.django_db
def test_a_preview_of_nothing() -> None:
    assert queries.who_would_be_paged(0, NOW) == []
    EscalationPolicy.objects.create(name="Empty", slug="empty")
    assert queries.who_would_be_paged(EscalationPolicy.objects.get().pk, NOW) == []
