from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from steward.estate.configuration.models import Service
from steward.estate.configuration.tests.factories import ItemFactory, ServiceFactory
from steward.foundation.testing.pages import (
    check_anonymous,
    check_hidden_outside,
    check_permission,
    check_queries,
    signed_in,
)
from steward.people.accounts.models import Organisation
from steward.signals.alerts.models import AlertChange, ParkedPayload, Source
from steward.signals.alerts.tests.factories import NOW, source, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def addresses() -> dict[str, str]:
    of = source(name="Prometheus north")
    alert = stored(of, annotations={"summary": "disk of host-1 is full", "runbook": "https://wiki.example.org/disk"})
    AlertChange.objects.create(alert=alert, at=NOW, status="firing", starts_at=NOW, reason={"code": "new", "rules": 1})
    held = ParkedPayload.objects.create(source=of, received_at=NOW, endpoint="events", raw=b"{\x00", error="not JSON")
    return {
        "list": reverse("alerts:list"),
        "export": reverse("alerts:export"),
        "detail": reverse("alerts:detail", args=[alert.pk]),
        "sources": reverse("alerts:sources"),
        "source-new": reverse("alerts:source-new"),
        "source": reverse("alerts:source", args=[of.pk]),
        "source-edit": reverse("alerts:source-edit", args=[of.pk]),
        "source-rotate": reverse("alerts:source-rotate", args=[of.pk]),
        "parked": reverse("alerts:parked", args=[held.pk]),
        "parked-replay": reverse("alerts:parked-replay", args=[held.pk]),
        "parked-discard": reverse("alerts:parked-discard", args=[held.pk]),
    }


PAGES = ["list", "export", "detail", "sources", "source-new", "source", "source-edit", "parked"]
WRITES = ["source-rotate", "parked-replay", "parked-discard"]
NEEDS = {
    **dict.fromkeys(("list", "export", "detail"), "alerts.view"),
    **dict.fromkeys(("sources", "source", "parked"), "sources.view"),
    **dict.fromkeys(("source-new", "source-edit", *WRITES), "sources.manage"),
}


@pytest.mark.parametrize("name", PAGES)
def test_doors(addresses: dict[str, str], name: str) -> None:
    check_anonymous(addresses[name])
    check_permission(addresses[name], NEEDS[name])


@pytest.mark.parametrize("name", WRITES)
def test_writing_doors(addresses: dict[str, str], name: str) -> None:
    check_permission(addresses[name], NEEDS[name], method="post")
    assert signed_in().get(addresses[name]).status_code == 405


@pytest.mark.parametrize("name", ["list", "detail", "sources", "source", "parked"])
def test_pages_ask_little_however_many_rows(addresses: dict[str, str], name: str) -> None:
    for number in range(8):
        other = source()
        stored(other, f"Alert{number}")
        ParkedPayload.objects.create(source=other, received_at=NOW, endpoint="events", raw=b"", error="x")
    check_queries(signed_in(), addresses[name])


def test_outsiders_see_nothing_of_ours(addresses: dict[str, str]) -> None:
    check_hidden_outside(addresses["list"], ["DiskFull"])
    check_hidden_outside(addresses["detail"], ["DiskFull"])


def test_a_supplier_sees_the_alerts_of_what_it_supplies(addresses: dict[str, str]) -> None:
    theirs = Organisation.objects.create(slug="acme", name="Acme", kind="supplier")
    service = Service.objects.create(name="Claims", slug="claims", supplier=theirs)
    alert = stored(Source.objects.get(), "Supplied", service=service)
    client = signed_in("supplier", theirs)
    page = client.get(addresses["list"]).content.decode()
    assert "Supplied" in page and "DiskFull" not in page
    assert client.get(reverse("alerts:detail", args=[alert.pk])).status_code == 200
    assert client.get(addresses["detail"]).status_code == 404


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"DiskFull", "CpuHot"}),
        ("status=resolved", {"Gone"}),
        ("status=", {"DiskFull", "CpuHot", "Gone"}),
        ("q=disk", {"DiskFull"}),
        ("severity=critical", {"CpuHot"}),
        ("labels=rack%3Dr1", {"CpuHot"}),
        ("labels=rack%3Dr1%2C+alertname%3DNo", set()),
        ("labels=nonsense", {"DiskFull", "CpuHot"}),
        ("sort=name&severity=critical", {"CpuHot"}),
    ],
)
def test_filters(addresses: dict[str, str], query: str, shown: set[str]) -> None:
    of = Source.objects.get()
    stored(of, "CpuHot", severity="critical", labels={"alertname": "CpuHot", "rack": "r1"})
    stored(of, "Gone", status="resolved")
    client = signed_in()
    page = client.get(f"{addresses['list']}?{query}").content.decode()
    exported = b"".join(client.get(f"{addresses['export']}?{query}").streaming_content).decode()  # type: ignore[attr-defined]
    for name in ("DiskFull", "CpuHot", "Gone"):  # the third: rows of the file end with CRLF
        assert (f'class="t">{name}<' in page) == (name in shown), name
        assert (f"\r\n{name}," in exported) == (name in shown), name


def test_an_unreadable_label_search_is_said(addresses: dict[str, str]) -> None:
    assert "Write labels as name=value" in signed_in().get(addresses["list"], {"labels": "nonsense"}).content.decode()


def test_the_list_is_paged_by_key() -> None:
    of = source()
    for number in range(60):
        stored(of, f"Alert{number:02}", changed_at=NOW - timedelta(minutes=number))
    client = signed_in()
    first: Any = client.get(reverse("alerts:list")).context["page"]
    second: Any = client.get(reverse("alerts:list"), {"after": first.next_cursor}).context["page"]
    names = [alert.name for alert in (*first.items, *second.items)]
    assert names == [f"Alert{number:02}" for number in range(60)]


def test_detail_shows_history_with_its_reason_and_only_safe_links(addresses: dict[str, str]) -> None:
    stored(Source.objects.get(), "Evil", generator_url="javascript:alert(1)", annotations={"x": "<b>y</b>"})
    page = signed_in().get(addresses["detail"]).content.decode()
    assert "first report of this alert (rules version 1)" in page
    assert 'href="https://wiki.example.org/disk"' in page
    evil = signed_in().get(addresses["list"], {"q": "Evil"}).context["page"].items[0]
    page = signed_in().get(reverse("alerts:detail", args=[evil.pk])).content.decode()
    assert "javascript:" not in page and "<b>y</b>" not in page


def test_creating_shows_the_key_once(settings: Any) -> None:
    client = signed_in("lead")
    answer = client.post(
        reverse("alerts:source-new"), {"name": "North", "kind": "alertmanager", "resolve_timeout": "300"}
    )
    page = answer.content.decode()
    held = Source.objects.get()
    assert f"path_prefix: /in/{held.key_prefix}" in page and "send_resolved: true" in page
    assert "no-store" in answer["Cache-Control"]
    later = client.get(reverse("alerts:source", args=[held.pk])).content.decode()
    assert f"/in/{held.key_prefix}…" in later


def test_form_errors_stand_beside_their_field(addresses: dict[str, str]) -> None:
    client = signed_in("lead")
    data = {"name": "Prometheus north", "kind": "alertmanager", "resolve_timeout": "5"}
    answer = client.post(addresses["source-new"], data)
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"resolve_timeout"})
    answer = client.post(addresses["source-new"], {**data, "resolve_timeout": "60"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (422, {"name"})


def test_editing_and_rotating(addresses: dict[str, str]) -> None:
    client = signed_in("lead")
    answer = client.post(addresses["source-edit"], {"name": "South", "resolve_timeout": "60"})
    assert answer.status_code == 302
    held = Source.objects.get()
    assert (held.name, held.resolve_timeout, held.enabled) == ("South", 60, False)
    before = held.key_digest
    page = client.post(addresses["source-rotate"]).content.decode()
    held.refresh_from_db()
    assert held.key_digest != before and f"/in/{held.key_prefix}" in page


def test_parked_payloads_are_shown_replayed_and_discarded(addresses: dict[str, str]) -> None:
    client = signed_in("lead")
    assert "{\\x00" in client.get(addresses["parked"]).content.decode()
    page = client.post(addresses["parked-replay"], follow=True).content.decode()
    assert "It still cannot be read" in page
    assert client.post(addresses["parked-discard"]).status_code == 302
    assert ParkedPayload.objects.get().status == "discarded"
    assert "parked-replay" not in client.get(addresses["parked"]).content.decode()


def test_what_is_not_there_is_404() -> None:
    for name in ("detail", "source", "source-edit", "parked"):
        assert signed_in().get(reverse(f"alerts:{name}", args=[999])).status_code == 404


def test_panels_show_what_fires_on_a_service_or_item() -> None:
    service = ServiceFactory()
    item = ItemFactory(service=service)
    sender = source()
    for number in range(9):
        stored(sender, f"Hot{number}", service=service, item=item)
    stored(sender, "Cold", service=service, item=item, status="resolved")
    stored(sender, "Elsewhere")
    for path in (reverse("alerts:service-panel", args=[service.pk]), reverse("alerts:item-panel", args=[item.pk])):
        check_anonymous(path)
        check_permission(path, "alerts.view")
        response = check_queries(signed_in("viewer"), path)
        page = response.content.decode()
        assert "Hot8" in page and "Cold" not in page and "Elsewhere" not in page
        assert len(response.context["alerts"]) == 8 and response.context["more"]
        assert signed_in("supplier").get(path).status_code == 404
