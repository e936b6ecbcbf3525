"""Merging and splitting on pages and in the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from steward.response.incidents import actions, queries, rules
from steward.response.incidents.models import Incident
from steward.response.incidents.tests.factories import ENGINE, NOW, alert, incident, service
from steward.response.incidents.tests.test_api import Api
from steward.response.incidents.tests.test_pages import MOST_QUERIES, signed_in, url

pytestmark = pytest.mark.django_db


def test_the_likeliest_incident_stands_first_and_says_why() -> None:
    shop = service("Shop")
    left = incident(alert(labels={"alertname": "A", "rack": "7"}), service_id=shop.pk, title="left one")
    far = incident(alert(labels={"alertname": "B"}), title="far away", now=NOW - timedelta(hours=5))
    same = incident(alert(labels={"alertname": "C"}), service_id=shop.pk, title="same service")
    rack = incident(alert(labels={"alertname": "D", "rack": "7"}), title="same rack")
    over = incident(title="over")
    actions.resolve(actor=ENGINE, now=NOW, incident_id=over.pk)
    found = queries.merge_candidates(ENGINE, left)
    assert [each.incident.pk for each in found] == [same.pk, rack.pk, far.pk]
    assert found[0].likeness.same_service and found[1].likeness.labels == (("rack", "7"),)
    assert not found[2].likeness.near
    assert [each.incident.pk for each in queries.merge_candidates(ENGINE, left, "rack")] == [rack.pk]


def test_labels_that_everything_has_count_for_little() -> None:
    def score(**shared: str) -> float:
        return rules.likeness(services=(None, None), opened=(NOW, NOW), labels=(shared, shared)).score

    assert score(cluster="a", severity="page") < score(rack="7")


def test_the_merge_dialog_searches_merges_and_can_be_undone() -> None:
    left, into, other = incident(title="left"), incident(alert(), title="Target"), incident(title="Unrelated")
    client = signed_in(role="responder")
    page = client.get(url("merge", left.number)).content.decode()
    assert "Target" in page and "Unrelated" in page and "<html" in page
    found = client.get(url("merge", left.number), {"q": "targ"}, headers={"HX-Request": "true"}).content.decode()
    assert "Target" in found and "Unrelated" not in found and "<html" not in found
    answer = client.post(url("merge", left.number), {"into": into.ref, "why": "same"})
    assert answer["Location"] == url("detail", into.number)
    shown = client.get(url("detail", left.number)).content.decode()
    assert f"Merged into {into.ref}" in shown and "do-unmerge" in shown and "do-merge" not in shown
    assert left.ref in client.get(url("detail", into.number)).content.decode()
    client.post(url("verb", left.number, "unmerge"))
    left.refresh_from_db()
    assert left.merged_into_id is None and left.is_active
    assert other.is_active


def test_a_refused_merge_says_so_beside_the_choice() -> None:
    left, over = incident(), incident()
    actions.resolve(actor=ENGINE, now=NOW, incident_id=over.pk)
    client = signed_in(role="responder")
    for into, text in ((left.ref, "itself"), (over.ref, "Reopen it first"), ("INC-999999", "There is no incident")):
        answer = client.post(url("merge", left.number), {"into": into})
        assert answer.status_code == 422 and text in answer.content.decode()


def test_the_split_dialog_offers_the_alerts_and_makes_an_incident() -> None:
    first, second = alert("Disk"), alert("Load")
    found = incident(first, second)
    client = signed_in(role="responder")
    page = client.get(url("split", found.number), headers={"HX-Request": "true"}).content.decode()
    assert f'value="{first.pk}"' in page and "Load" in page
    answer = client.post(url("split", found.number), {"title": "Disk alone", "severity": "SEV3"})
    assert answer.status_code == 422 and "Choose at least one" in answer.content.decode()
    body = {"title": "Disk alone", "severity": "SEV3", "alerts": [first.pk]}
    answer = client.post(url("split", found.number), body)
    made = Incident.objects.get(title="Disk alone")
    assert answer["Location"] == url("detail", made.number)
    shown = client.get(url("detail", made.number)).content.decode()
    assert "Split off from" in shown and "do-unsplit" in shown
    assert f"split off from {found.ref}" in client.get(url("list")).content.decode()
    client.post(url("verb", made.number, "unsplit"))
    found.refresh_from_db()
    assert found.firing_count == 2


@pytest.mark.parametrize("name", ["merge", "split", "detail"])
def test_pages_ask_a_bounded_number_of_times(name: str) -> None:
    found = incident(*(alert() for _n in range(12)))
    for _n in range(12):
        other = incident(alert())
    actions.merge(actor=ENGINE, now=NOW, incident_id=other.pk, into_id=found.pk)
    client = signed_in(role="responder")
    client.get(url(name, found.number))
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url(name, found.number)).status_code == 200
    assert len(asked) <= MOST_QUERIES, [each["sql"] for each in asked]


def test_who_may_not_edit_gets_no_dialog() -> None:
    found = incident(alert(), alert())
    client = signed_in(role="viewer")
    for name in ("merge", "split"):
        assert client.get(url(name, found.number)).status_code == 403
    page = client.get(url("detail", found.number)).content.decode()
    assert "do-merge" not in page and "do-split" not in page


def test_the_api_merges_splits_and_takes_both_back() -> None:
    first, second = alert("Disk"), alert("Load")
    left, into, api = incident(first), incident(second), Api()
    offered: Any = api.get(f"/{left.ref}/merge-candidates").json()["items"]
    assert [each["incident"]["ref"] for each in offered] == [into.ref]
    merged = api.post(f"/{left.ref}/merge", {"into": into.ref, "why": "one cause"})
    assert (merged.status_code, merged.json()["alerts"]) == (200, 2)
    assert api.get(f"/{left.ref}").json()["merged_into"] == into.ref
    assert api.post(f"/{left.ref}/merge", {"into": into.ref}).status_code == 409
    made = api.post(f"/{into.ref}/split", {"title": "x", "severity": "SEV4", "alerts": [first.pk], "page": False})
    assert (made.status_code, made.json()["split_from"], made.json()["alerts"]) == (201, into.ref, 1)
    assert api.post(f"/{made.json()['ref']}/unsplit").json()["alerts"] == 2
    assert api.post(f"/{left.ref}/unmerge").json()["merged_into"] is None
    assert api.get(f"/{left.ref}/groups").json() == {"items": []}
