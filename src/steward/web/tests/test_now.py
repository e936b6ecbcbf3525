"""The home page's figures."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.foundation import clock
from steward.foundation.actors import system
from steward.foundation.testing.pages import check_anonymous, check_queries, signed_in
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import alert, incident, service
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
