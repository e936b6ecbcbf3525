"""Why a person was not paged: the schedule, the policy, or somebody who was faster."""

from __future__ import annotations

import pytest

from steward.response.incidents import actions as incident_actions
from steward.response.notifications.tests.conftest import Mails
from steward.response.oncall.tests.factories import schedule, team
from steward.response.receipts import queries
from steward.response.receipts.tests.factories import READER, engine
from steward.response.receipts.wording import verdicts
from steward.response.triage.tests.factories import (
    NOW,
    actor,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    route,
    user,
    wait,
)

pytestmark = pytest.mark.django_db


def answer(person, now=NOW, reader=READER) -> tuple[str, str]:
    found = queries.about_person(reader, person.pk, now, ref=incidents()[0].ref)
    (one,) = found.found
    return one.verdict.code, verdicts.sentence(one.verdict, now)


def test_somebody_else_was_on_call(mails: Mails) -> None:
    ann, ben = user("Ann"), user("Ben")
    route(policy_id=policy(notify(schedule(ann, ben, name="Primary")), wait(5)).pk)
    fire()
    engine()
    code, text = answer(ben)
    assert code == "off-duty"
    assert text == "Ben was not paged: schedule Primary said that Ann was on call. Ann was paged."
    assert answer(ben, reader=actor(ben))[1].startswith("You were not paged: schedule Primary said that Ann")
    assert answer(ann)[0] == "paged"


def test_somebody_acknowledged_before_the_policy_came_to_them(mails: Mails) -> None:
    ann, ben = user("Ann"), user("Ben")
    route(policy_id=policy(notify(ann), wait(5), notify(team(ben)), wait(5), name="Tier 1").pk)
    fire()
    engine()
    assert answer(ben)[0] == "not-yet" and "it goes on at 12:05:00" in answer(ben)[1]
    incident_actions.acknowledge(actor=actor(ann), now=NOW + minutes(2), incident_id=incidents()[0].pk)
    code, text = answer(ben)
    assert code == "acknowledged-before"
    assert text == "Ben was not paged: Ann acknowledged at 12:02:00, before step 3 of policy Tier 1."


def test_no_policy_is_nobodys_fault() -> None:
    route(name="Silent")
    fire()
    assert answer(user("Ben")) == ("no-policy", f"Nobody was paged: {incidents()[0].ref} has no escalation policy.")


def test_nothing_reaches_them(mails: Mails) -> None:
    ben = user("Ben", email="")
    route(policy_id=policy(notify(ben), wait(5)).pk)
    fire()
    engine()
    code, text = answer(ben, reader=actor(ben))
    assert code == "unreachable" and text.startswith("You were to be paged at 12:00:00, and nothing reaches you")
