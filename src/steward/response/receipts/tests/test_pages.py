"""The pages as people use them, and who may see what."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from steward.estate.configuration import actions as estate
from steward.foundation.testing.pages import check_anonymous, check_permission, check_queries, signed_in
from steward.people.accounts.models import Organisation
from steward.response.incidents import actions as incident_actions
from steward.response.notifications import links
from steward.response.notifications.models import Page
from steward.response.notifications.tests.conftest import Mails
from steward.response.oncall.tests.factories import schedule
from steward.response.receipts.tests.factories import engine, silence, with_request
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    actor,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    route,
    service,
    user,
    wait,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def paged(mails: Mails) -> int:
    """An alert that paged Ann, who is on call, and was acknowledged; its key is returned."""
    ann = user("Ann")
    rota = schedule(ann, name="Primary")
    route(name="Tier 1", policy_id=policy(notify(rota), wait(5), name="Application").pk)
    fired = fire()
    with_request(fired, b'[{"labels": {"alertname": "DiskFull", "raw": "as it came"}}]')
    engine()
    incident_actions.acknowledge(actor=actor(ann), now=NOW + minutes(2), incident_id=incidents()[0].pk)
    return fired.alert_id


def text(client: Client, url: str) -> str:
    response: Any = client.get(url)
    assert response.status_code == 200, (url, response.status_code)
    return response.content.decode()


def test_the_receipt_of_an_alert(paged: int) -> None:
    shown = check_queries(signed_in(), f"/receipts/alerts/{paged}").content.decode()
    for part in (
        "Ann was paged at", "acknowledged by Ann at", "route Tier 1, version 1", "on call for Primary until",
        "as it came", "api/v2/alerts", "Delivered to Ann by e-mail", "Put into its group",
        "Policy Application, version 1, begins", "Prometheus",
    ):  # fmt: skip
        assert part in shown, part


def test_the_receipts_of_its_incident_and_page(paged: int) -> None:
    client, number, page = signed_in(), incidents()[0].number, Page.objects.get()
    # The last is how a message names it.
    for url in (f"/receipts/incidents/{number}", f"/receipts/pages/{page.pk}", links.receipt(page.pk)):
        assert "Ann was paged at" in check_queries(client, url).content.decode()
    # Each links to the others.
    assert f"/receipts/pages/{page.pk}" in text(client, f"/receipts/incidents/{number}")


def test_doors(paged: int) -> None:
    for url, permission in (
        (f"/receipts/alerts/{paged}", "alerts.view"),
        (f"/receipts/incidents/{incidents()[0].number}", "incidents.view"),
        ("/receipts/", "oncall.view"),
    ):
        check_anonymous(url)
        check_permission(url, permission)


def test_a_supplier_sees_where_it_belongs_and_nobody_of_ours(mails: Mails) -> None:
    firm = Organisation.objects.create(kind="supplier", name="Firm", slug="firm")
    covered = service(name="Covered", supplier=firm)
    estate.update_service(actor=ADMIN, now=NOW, service_id=covered.pk, match_labels={"service": "c"})
    ann = user("Ann Secret", email="ann-secret@example.org")
    route(name="Inner route", policy_id=policy(notify(ann), wait(5), name="Inner policy").pk)
    fired = fire(service="c")
    with_request(fired, b'[{"raw": "as it came"}]')
    engine()
    client = signed_in("supplier", firm)
    shown = text(client, f"/receipts/alerts/{fired.alert_id}") + text(client, f"/panels/alert/{fired.alert_id}/receipt")
    assert f"It belongs to {incidents()[0].ref}, which is open." in shown
    for hidden in ("Ann Secret", "ann-secret@example.org", "Inner policy", "as it came"):
        assert hidden not in shown, hidden
    assert client.get(f"/receipts/pages/{Page.objects.get().pk}").status_code == 404
    assert client.get("/receipts/").status_code == 403
    stranger = signed_in("supplier")
    assert stranger.get(f"/receipts/alerts/{fired.alert_id}").status_code == 404


def test_an_unknown_firing_is_not_found(paged: int) -> None:
    assert signed_in().get(f"/receipts/alerts/{paged}?episode=99999999").status_code == 404


def test_the_panels_say_the_verdict_and_lead_to_the_way(paged: int) -> None:
    client, incident = signed_in(), incidents()[0]
    for url, way in (
        (f"/panels/alert/{paged}/receipt", f"/receipts/alerts/{paged}"),
        (f"/panels/incident/{incident.pk}/receipt", f"/receipts/incidents/{incident.number}"),
    ):
        shown = check_queries(client, url).content.decode()
        assert "Ann was paged at" in shown and way in shown


def test_the_home_page_counts_what_is_held() -> None:
    route()
    silence()
    fire()
    fire(instance="b")
    shown = check_queries(signed_in(), "/panels/home/7/held").content.decode()
    assert "2 alerts" in shown and "?held=silence" in shown


def test_asking_about_a_person_and_an_incident(paged: int) -> None:
    client, ben = signed_in(), user("Ben")
    ref = incidents()[0].ref
    shown = check_queries(client, f"/receipts/?person={ben.pk}&incident={ref}").content.decode()
    assert "Ben was not paged: no step of policy Application (version 1) meant them." in shown
    assert "Ann was paged." in shown
    unknown: Any = client.get(f"/receipts/?person={ben.pk}&incident=INC-999999")
    assert unknown.status_code == 422 and "There is no incident INC-999999" in unknown.content.decode()


def test_asking_about_a_stretch_of_time(paged: int) -> None:
    client, ben = signed_in(), user("Ben")
    url = f"/receipts/?person={ben.pk}&start=2026-03-02T00:00&end=2026-03-03T00:00"
    assert incidents()[0].ref in check_queries(client, url).content.decode()
    empty = text(client, f"/receipts/?person={ben.pk}&start=2026-02-02T00:00&end=2026-02-03T00:00")
    assert "No incident was opened in this time" in empty
    wrong: Any = client.get(f"/receipts/?person={ben.pk}&start=2026-03-03T00:00&end=2026-03-02T00:00")
    assert wrong.status_code == 422 and "It ends before it begins." in wrong.content.decode()
    assert "Ask about a page that came, or did not" in text(client, "/receipts/")


def test_badges_and_the_filter_say_what_holds_an_alert() -> None:
    route()
    silence()
    held, free = fire(), fire("Other")
    client = signed_in()
    listed = check_queries(client, "/alerts/?held=silence").content.decode()
    assert f"/alerts/{held.alert_id}/" in listed and f"/alerts/{free.alert_id}/" not in listed
    assert ">silenced</span>" in listed
    assert f"/alerts/{held.alert_id}/" not in text(client, "/alerts/?held=maintenance")
    assert f"/alerts/{held.alert_id}/" in text(client, "/alerts/?held=any")
    shown = text(client, f"/alerts/{held.alert_id}/")
    assert "It pages nobody just now" in shown and "db maintenance" in shown
    assert "It pages nobody just now" not in text(client, f"/alerts/{free.alert_id}/")


def test_a_quiet_incident_says_so() -> None:
    route()
    fire()
    silence()
    engine()
    client, incident = signed_in(), incidents()[0]
    assert incident.quiet_since is not None
    assert "held, pages nobody" in text(client, "/incidents/")
    shown = text(client, f"/incidents/{incident.number}/")
    assert "Nobody is paged for now" in shown and ">silenced</span>" in shown


def test_steps_of_an_incident_of_several_alerts_name_theirs() -> None:
    route(name="All", group_by=[])
    fire("DiskFull")
    fire("NodeDown")
    number = incidents()[0].number
    shown = text(signed_in(), f"/receipts/incidents/{number}")
    assert "· DiskFull</span>" in shown and "· NodeDown</span>" in shown
