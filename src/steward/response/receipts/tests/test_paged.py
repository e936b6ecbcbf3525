"""What was paged: by whom acknowledged, what the provider answered, and how long each step took."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.response.incidents import actions as incident_actions
from steward.response.notifications.models import Page
from steward.response.notifications.tests.conftest import Mails
from steward.response.oncall.tests.factories import schedule
from steward.response.receipts import queries
from steward.response.receipts.tests.factories import READER, engine, of_incident, receipt, said, sentence, stages
from steward.response.triage.tests.factories import (
    NOW,
    actor,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    resolve,
    route,
    user,
    wait,
)

pytestmark = pytest.mark.django_db


def test_paged_delivered_and_acknowledged(mails: Mails) -> None:
    ann = user("Ann")
    rota = schedule(ann, name="Primary")
    route(name="Tier 1", policy_id=policy(notify(rota), wait(5), name="Application").pk)
    fired = fire()
    engine()
    incident = incidents()[0]
    incident_actions.acknowledge(actor=actor(ann), now=NOW + minutes(2), incident_id=incident.pk)
    found = receipt(fired.alert_id, NOW + minutes(3))
    assert found.verdict.code == "paged-acknowledged"
    assert sentence(found, NOW + minutes(3)).startswith("Ann was paged at 12:00:00 by e-mail, delivered 12:00:0")
    assert sentence(found, NOW + minutes(3)).endswith("acknowledged by Ann at 12:02:00.")
    order = [stage for stage, _code in stages(found)]
    for earlier, later in zip(
        ("received", "deduplicated", "passed", "group", "outcome", "escalation", "page", "delivery", "acknowledged"),
        ("deduplicated", "passed", "group", "outcome", "escalation", "page", "delivery", "acknowledged", ""),
        strict=True,
    ):
        assert not later or order.index(earlier) < order.index(later), (earlier, later, order)
    chosen = next(each for each in found.steps if each.stage == "page")
    assert "on call for Primary until" in chosen.why and chosen.rule is not None and chosen.rule.version == 1
    sent = next(each for each in found.steps if each.stage == "delivery")
    assert "taken" in sent.why and sent.code == "sent"
    assert found.steps[0].took is None and all(each.took is not None for each in found.steps[1:])


def test_who_reads_is_spoken_to(mails: Mails) -> None:
    ann = user("Ann")
    route(policy_id=policy(notify(ann), wait(5)).pk)
    fired = fire()
    engine()
    found = receipt(fired.alert_id, NOW, actor(ann))
    assert sentence(found).startswith("You were paged at 12:00:00 by e-mail, delivered 12:00:0")
    assert sentence(found).endswith("Nobody has acknowledged it.")


def test_the_receipt_of_a_page_begins_with_the_report(mails: Mails) -> None:
    route(policy_id=policy(notify(user("Ann")), notify(user("Ben")), wait(5)).pk)
    fire()
    engine()
    page = Page.objects.get(user__name="Ben")
    found = queries.of_page(READER, page.pk, NOW)
    assert found.verdict.values["person"] == "Ben" and found.verdict.code == "paged"
    assert {each.values.get("person") for each in found.steps if each.stage == "page"} == {"Ben"}
    assert stages(found)[0] == ("received", "firing") and ("delivery", "sent") in stages(found)


def test_the_receipt_of_an_incident_tells_of_everybody(mails: Mails) -> None:
    route(policy_id=policy(notify(user("Ann")), notify(user("Ben")), wait(5)).pk)
    fire()
    engine()
    found = of_incident(incidents()[0].ref)
    assert sentence(found).endswith("Ben was paged.")
    assert [each.values["person"] for each in found.steps if each.stage == "page"] == ["Ann", "Ben"]


def test_each_firing_has_its_own_receipt(mails: Mails) -> None:
    route(policy_id=policy(notify(user("Ann")), wait(5)).pk, reopen_minutes=0)
    first = fire()
    engine()
    resolve(at=NOW + minutes(1))
    later = NOW + timedelta(hours=5)
    second = fire(at=later)
    newest = queries.of_alert(READER, first.alert_id, later)
    assert newest.episode == second.pk and len(newest.episodes) == 2
    assert newest.verdict.code == "about-to"
    oldest = queries.of_alert(READER, first.alert_id, later, first.pk)
    assert oldest.verdict.code == "paged" and oldest.steps[-1].at <= NOW + minutes(1)
    assert said(first.alert_id, later)[0] == "about-to"
