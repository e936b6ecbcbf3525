"""The home page's figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.foundation import clock
from steward.foundation.actors import system
from steward.foundation.testing.pages import check_anonymous, check_queries, signed_in
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import alert, incident, service
from steward.response.oncall.tests.factories import notify, policy, user
from steward.response.triage.tests.factories import route
from steward.web.first_steps import first_steps
from steward.web.now import gather

pytestmark = pytest.mark.django_db
EVERYTHING = system("test")


def test_figures() -> None:
    now = clock.now()
    claims, mail = service("Claims"), service("Mail")
    alert(service=claims), alert(service=claims), alert()
    alert(service=claims, status="resolved")
    incident(now=now, service_id=claims.pk, severity="SEV1")
    incident(now=now - timedelta(hours=2), service_id=claims.pk, severity="SEV3")
    ended = incident(now=now - timedelta(days=3))
    Incident.objects.filter(pk=ended.pk).update(status="resolved", resolved_at=now - timedelta(hours=1))
    incident(now=now - timedelta(days=2))

    found = gather(EVERYTHING, now)

    pulse = found["pulse"]
    assert (pulse["open"], pulse["opened_24h"], pulse["resolved_24h"]) == (3, 2, 1)
    assert (pulse["firing"], pulse["unhealthy"], pulse["services"]) == (3, 1, 2)
    assert [(row["name"], row["count"], row["percent"]) for row in found["firing"]] == [
        ("Claims", 2, 100), ("no service", 1, 50),
    ]  # fmt: skip
    first, second = found["services"]
    assert (first.service, first.state, first.text) == (claims, "down", "SEV1 · 2 open")
    assert (second.service, second.state) == (mail, "healthy")
    bars = found["hours_chart"]["series"][0]["data"]
    assert len(bars) == 24 and bars[-1] == 1 and sum(bars) == 2


def test_doors_and_queries() -> None:
    check_anonymous("/")
    for _ in range(5):
        incident(now=clock.now(), service_id=service().pk)
    check_queries(signed_in(), "/")
    check_queries(signed_in(), "/now/live")
    check_queries(signed_in(), "/now/first-steps")


def test_first_steps_say_what_is_left_until_a_route_pages_somebody() -> None:
    client = signed_in()
    page = client.get("/now/first-steps").content.decode()
    assert 'id="first-steps"' in page and 'btn-primary" href="/sources/new"' in page
    assert 'id="first-steps"' not in signed_in("responder").get("/now/first-steps").content.decode()

    paging = policy(notify(user()))
    steps = {step.url: step for step in first_steps(EVERYTHING)}
    assert steps["/policies/new"].done and not steps["/schedules/new"].done
    assert [step.url for step in steps.values() if step.next] == ["/sources/new"]

    route('team="claims"', policy_id=paging.pk)
    assert first_steps(EVERYTHING) == []
    assert client.get("/now/first-steps").content.decode().strip() == ""
