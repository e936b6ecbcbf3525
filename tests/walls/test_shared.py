"""A supplier with something of its own: it sees that, and of what it shares with us only its part."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from steward.estate.configuration.models import ItemQuerySet, ServiceQuerySet
from steward.foundation.actors import Actor
from steward.foundation.testing.api import with_key
from steward.foundation.testing.pages import signed_in
from steward.people.accounts.models import Organisation
from steward.response.incidents import actions
from steward.response.incidents.models import Incident, IncidentQuerySet
from steward.response.incidents.tests.factories import ENGINE, NOW, alert, incident, joining, service, user
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, wait
from steward.signals.alerts.models import Alert, AlertChange, AlertQuerySet

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Organisation:
    return Organisation.objects.create(kind="supplier", name="Acme", slug="acme")


@pytest.fixture
def shared(acme: Organisation) -> Incident:
    """An incident of a service that Acme supplies, with an alert of that service and five of another."""
    theirs = service("Mail relay", supplier=acme)
    found = incident(
        alert("RelayDown", service=theirs), service_id=theirs.pk, title="Mail is stuck", severity="SEV3",
        policy_id=policy(notify(user("Nora Nightshift")), wait(5)).pk,
    )  # fmt: skip
    oncall.run_escalation(now=NOW, escalation_id=Escalation.objects.get().pk)
    ours = [alert(f"Ledger{n}", service=None) for n in range(5)]
    actions.alerts_changed(actor=ENGINE, now=NOW, incident_id=found.pk, firing=[joining(each) for each in ours])
    one = joining(alert("LedgerWorse"))
    worse = actions.JoiningAlert(one.alert_id, one.name, "", True, {}, "", "SEV1")
    actions.alerts_changed(actor=ENGINE, now=NOW, incident_id=found.pk, firing=[worse])
    actions.add_note(actor=ENGINE, now=NOW, incident_id=found.pk, text="Asked Acme")
    return found


def as_supplier(acme: Organisation) -> Client:
    return signed_in("supplier", acme)


def test_of_a_shared_incident_a_supplier_sees_its_own_alerts_and_nobodys_pages(
    acme: Organisation, shared: Incident
) -> None:
    page = as_supplier(acme).get(f"/incidents/{shared.number}/").content.decode()
    assert "Mail is stuck" in page and "RelayDown" in page and "Asked Acme" in page
    assert "Ledger" not in page and "Nora" not in page
    key = with_key("supplier", organisation=acme)
    path = f"/api/v1/incidents/{shared.ref}"
    rows = key.get(f"{path}/timeline").json()["items"]
    assert "Ledger" not in str(rows) and "Nora" not in str(rows)
    assert [row["text"] for row in rows] == ["Opened as SEV3", "RelayDown fires", "Asked Acme"]
    assert [row["name"] for row in key.get(f"{path}/alerts").json()["items"]] == ["RelayDown"]
    ours = with_key().get(f"{path}/timeline").json()["items"]
    assert "Ledger" in str(ours) and "Nora" in str(ours)


def test_figures_on_the_home_page_count_only_what_is_theirs(acme: Organisation, shared: Incident) -> None:
    from steward.foundation import clock  # the figures are about the last day

    for each in Alert.objects.all():
        AlertChange.objects.create(alert=each, at=clock.now(), status="firing", starts_at=NOW)
    key = with_key("supplier", organisation=acme)
    assert key.get("/api/v1/now").json()["pulse"]["fired_24h"] == 1
    assert with_key().get("/api/v1/now").json()["pulse"]["fired_24h"] == 7


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first wall is forgotten: every query shows everything."""

    def everything(self: Any, _actor: Actor) -> Any:
        return self

    for queryset in (AlertQuerySet, IncidentQuerySet, ServiceQuerySet, ItemQuerySet):
        monkeypatch.setattr(queryset, "visible_to", everything)


@pytest.mark.parametrize("path", ["/alerts/export.csv?status=firing", "/incidents/export.csv", "/services/export.csv"])
def test_exports_are_behind_the_second_wall(acme: Organisation, shared: Incident, careless: None, path: str) -> None:
    incident(title="Ledger is wrong", service_id=service("Ledger").pk)
    lines = b"".join(as_supplier(acme).get(path).streaming_content).decode()
    assert "Relay" in lines or "Mail" in lines
    assert "Ledger" not in lines
    assert "Ledger" in b"".join(signed_in().get(path).streaming_content).decode()


@pytest.mark.parametrize("path", ["alerts", "incidents", "services", "search?q=ledger"])
def test_keys_of_suppliers_are_behind_the_second_wall(
    acme: Organisation, shared: Incident, careless: None, path: str
) -> None:
    incident(title="Ledger is wrong", service_id=service("Ledger").pk)
    key = with_key("supplier", organisation=acme)
    assert "Ledger" not in key.get(f"/api/v1/{path}").content.decode()
    assert "Ledger" in with_key().get(f"/api/v1/{path}").content.decode(), "the wall is down again for who comes next"


def test_nobody_elses_person_is_given_an_incident(acme: Organisation, shared: Incident) -> None:
    customer = Organisation.objects.create(kind="customer", name="Buyer", slug="buyer")
    outsider = user("Cleo", organisation=customer, role="customer")
    engineer = user("Sam", organisation=acme, role="supplier")
    path = f"/api/v1/incidents/{shared.ref}/assign"
    ours = incident()
    for who, ref, status in (
        (outsider, shared.ref, 422), (engineer, shared.ref, 200), (engineer, ours.ref, 422), (user(), ours.ref, 200),
    ):  # fmt: skip
        answer = with_key().post(path.replace(shared.ref, ref), {"assignee": who.pk}, content_type="application/json")
        assert answer.status_code == status, (who, ref, answer.content)


def test_strangers_are_not_told_whether_a_person_is_reached(acme: Organisation) -> None:
    person = user("Nora")
    url = f"/panels/user/{person.pk}/reach"
    assert as_supplier(acme).get(url).status_code == 404
    assert signed_in("customer").get(url).status_code == 404
    assert signed_in("viewer").get(url).status_code == 200
