"""The pages of silences and maintenance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from steward.algorithms.matching import format_matchers
from steward.estate.configuration.tests.factories import ItemFactory, ServiceFactory, UserFactory
from steward.response.suppression import queries
from steward.response.suppression.models import MaintenanceWindow, Silence, SourceGrant
from steward.response.suppression.tests.factories import HOUR, silence, window
from steward.signals.alerts.tests.factories import source, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    queries.forget()
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def lead(client: Client) -> Client:
    client.force_login(UserFactory.create(role="lead", time_zone="Europe/Berlin"))
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    client.force_login(UserFactory.create(role="viewer"))
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()  # type: ignore[no-any-return]


def current(now: datetime, **changes: Any) -> Silence:
    return silence(now=now, **{"starts_at": now, "ends_at": now + HOUR, **changes})


def test_the_list_shows_what_is_not_over_and_teaches_when_empty(lead: Client, now: datetime) -> None:
    assert "No silences yet" in text_of(lead.get(reverse("suppression:silences")))
    current(now, comment="Disk swap")
    over = current(now, comment="Old thing")
    Silence.objects.filter(pk=over.pk).update(ends_at=now, holds_until=None, holds_from=None)
    shown = text_of(lead.get(reverse("suppression:silences")))
    assert "Disk swap" in shown and "Old thing" not in shown
    assert "Old thing" in text_of(lead.get(reverse("suppression:silences") + "?state=expired"))
    assert "Disk swap" in text_of(lead.get(reverse("suppression:silences") + "?q=node"))
    lines = b"".join(lead.get(reverse("suppression:silences-export")).streaming_content).decode()  # type: ignore[attr-defined]
    assert "Disk swap" in lines


def test_silence_this_offers_the_alerts_labels(lead: Client, now: datetime) -> None:
    alert = stored(source(), labels={"alertname": "DiskFull", "instance": "db-1", "severity": "critical"})
    other = stored(source(), labels={"alertname": "DiskFull", "instance": "db-2"})
    panel = text_of(lead.get(reverse("suppression:alert-silences", args=[alert.pk])))
    url = f"{reverse('suppression:silence-new')}?alert={alert.pk}"
    assert url in panel
    form = lead.get(url).context["form"]
    assert form.fields["picked"].initial == ["alertname", "instance"]
    data = {"picked": ["alertname"], "comment": "Being cleaned", "length": "240"}
    preview = text_of(lead.post(reverse("suppression:silence-preview") + f"?alert={alert.pk}", data))
    assert "2 alerts firing" in preview
    answer = lead.post(url, data)
    made = Silence.objects.get()
    assert answer.headers["Location"] == reverse("suppression:silence", args=[made.pk])
    assert format_matchers(made.parsed) == '{alertname="DiskFull"}'
    assert made.ends_at is not None and made.ends_at - made.starts_at == 4 * HOUR
    shown = lead.get(reverse("suppression:silence", args=[made.pk]))
    assert shown.context["held"].count == 2 and str(other.pk) in text_of(shown)
    assert "Being cleaned" in text_of(lead.get(reverse("suppression:alert-silences", args=[alert.pk])))


def test_until_tomorrow_at_nine_is_in_the_readers_zone(lead: Client, now: datetime) -> None:
    lead.post(reverse("suppression:silence-new"), {"matchers": 'a="b"', "comment": "x", "length": "morning"})
    end = Silence.objects.get().ends_at
    assert end is not None
    with timezone.override("Europe/Berlin"):
        assert timezone.localtime(end).strftime("%H:%M") == "09:00"


def test_a_recurring_silence_keeps_its_zones_clock_times(lead: Client, now: datetime) -> None:
    data = {
        "matchers": 'a="b"', "comment": "backups", "starts_at": "2036-02-03T01:00", "length": "until",
        "ends_at": "2036-02-03T03:30", "repeat": "FREQ=WEEKLY", "time_zone": "Europe/Berlin",
    }  # fmt: skip
    lead.post(reverse("suppression:silence-new"), data)
    made = Silence.objects.get()
    assert (made.rrule, made.duration, made.ends_at) == ("FREQ=WEEKLY", timedelta(hours=2, minutes=30), None)
    page = text_of(lead.get(reverse("suppression:silence", args=[made.pk])))
    assert "every week, the same day" in page
    form = lead.get(reverse("suppression:silence-edit", args=[made.pk])).context["form"]
    assert form["repeat"].value() == "FREQ=WEEKLY" and form["length"].value() == "until"


def test_errors_stand_beside_their_fields(lead: Client, now: datetime) -> None:
    url = reverse("suppression:silence-new")
    assert "matchers" in lead.post(url, {"matchers": "x", "comment": "y", "length": "60"}).context["form"].errors
    everything = lead.post(url, {"matchers": 'a=~".*"', "comment": "y", "length": "60"})
    assert everything.status_code == 422 and "matchers" in everything.context["form"].errors
    rule = {"matchers": 'a="b"', "comment": "y", "length": "60", "repeat": "own", "rrule": "FREQ=SECONDLY"}
    assert "rrule" in lead.post(url, rule).context["form"].errors
    assert "ends_at" in lead.post(url, {"matchers": 'a="b"', "comment": "y", "length": "until"}).context["form"].errors


def test_editing_extending_and_ending(lead: Client, now: datetime) -> None:
    made = current(now)
    page = lead.get(reverse("suppression:silence-edit", args=[made.pk])).context["form"]
    data = {name: page[name].value() for name in ("matchers", "comment", "version")}
    data |= {
        "length": "until",
        "ends_at": "2036-01-01T00:00",
        "starts_at": timezone.localtime(now).strftime("%Y-%m-%dT%H:%M:%S"),
    }
    stale = lead.post(reverse("suppression:silence-edit", args=[made.pk]), {**data, "version": 9, "starts_at": ""})
    assert stale.status_code == 422
    lead.post(reverse("suppression:silence-extend", args=[made.pk]), {"minutes": "60"})
    made.refresh_from_db()
    assert made.ends_at == now + 2 * HOUR and made.version == 2
    lead.post(reverse("suppression:silence-expire", args=[made.pk]))
    made.refresh_from_db()
    assert made.state_at(datetime.now(UTC)) == "expired"
    again = lead.get(reverse("suppression:silence-new") + f"?like={made.pk}").context["form"]
    assert again["matchers"].value() == 'job="node"'


def test_a_viewer_reads_and_changes_nothing(viewer: Client, now: datetime) -> None:
    made = current(now)
    page = text_of(viewer.get(reverse("suppression:silence", args=[made.pk])))
    assert "End now" not in page and made.comment in page
    assert viewer.get(reverse("suppression:silence-new")).status_code == 403
    assert viewer.post(reverse("suppression:silence-expire", args=[made.pk])).status_code == 403


def test_a_sources_page_allows_its_key(lead: Client, now: datetime) -> None:
    of = source()
    assert "Allow it" in text_of(lead.get(reverse("suppression:source-silences", args=[of.pk])))
    lead.post(reverse("suppression:source-allow", args=[of.pk]), {"allowed": "1"})
    assert SourceGrant.objects.filter(source=of).exists()
    assert "Forbid it" in text_of(lead.get(reverse("suppression:source-silences", args=[of.pk])))
    lead.post(reverse("suppression:source-allow", args=[of.pk]), {"allowed": "0"})
    assert not SourceGrant.objects.exists()


def test_planning_maintenance_with_a_preview(lead: Client, now: datetime) -> None:
    service = ServiceFactory.create(name="Database")
    host = ItemFactory.create(name="db-1", service=service)
    stored(source(), service=service)
    data = {
        "title": "New firmware", "services": [str(service.pk)], "items": "db-1", "dependants": "on", "length": "60",
        "matchers": "",
    }  # fmt: skip
    preview = text_of(lead.post(reverse("suppression:window-preview"), data))
    assert "Database" in preview and "db-1" in preview and "1 alert firing" in preview
    lead.post(reverse("suppression:window-new"), data)
    made = MaintenanceWindow.objects.get()
    assert [each.pk for each in made.items.all()] == [host.pk] and made.dependants
    for name in ("suppression:windows", "suppression:window"):
        page = text_of(lead.get(reverse(name, args=[made.pk] if name.endswith("window") else [])))
        assert "New firmware" in page and "running" in page
    assert "db-1" in text_of(lead.get(reverse("suppression:window-scope", args=[made.pk])))
    assert "New firmware" in text_of(lead.get(reverse("suppression:service-windows", args=[service.pk])))
    lead.post(reverse("suppression:window-extend", args=[made.pk]), {"minutes": "60"})
    lead.post(reverse("suppression:window-end", args=[made.pk]))
    assert "New firmware" in text_of(lead.get(reverse("suppression:windows") + "?tab=past"))
    again = lead.get(reverse("suppression:window-new") + f"?like={made.pk}").context["form"]
    assert again["items"].value() == "db-1 (host, production)"


def test_what_cannot_be_planned_is_said_beside_its_field(lead: Client, now: datetime) -> None:
    ItemFactory.create(name="twin", environment="a")
    ItemFactory.create(name="twin", environment="b")
    url, base = reverse("suppression:window-new"), {"title": "x", "length": "60"}
    assert "services" in lead.post(url, base).context["form"].errors
    assert "items" in lead.post(url, {**base, "items": "nothing"}).context["form"].errors
    assert "twin (host, a)" in str(lead.post(url, {**base, "items": "twin"}).context["form"].errors["items"])


def test_lists_and_pages_ask_a_bounded_number_of_times(lead: Client, now: datetime) -> None:
    service, of = ServiceFactory.create(), source()
    for number in range(12):
        current(now, comment=f"n {number}")
        window(now=now, starts_at=now, ends_at=now + HOUR, service_ids=[service.pk], title=f"w {number}")
        alert = stored(of, service=service, labels={"job": "node", "n": str(number)})
    made, planned = Silence.objects.latest("pk"), MaintenanceWindow.objects.latest("pk")
    for url in (
        reverse("suppression:silences"), reverse("suppression:silence", args=[made.pk]),
        reverse("suppression:alert-silences", args=[alert.pk]), reverse("suppression:windows"),
        reverse("suppression:window", args=[planned.pk]), reverse("suppression:service-windows", args=[service.pk]),
        reverse("suppression:silence-new") + f"?alert={alert.pk}", reverse("suppression:window-edit", args=[planned.pk]),
    ):  # fmt: skip
        lead.get(url)
        with CaptureQueriesContext(connection) as asked:
            assert lead.get(url).status_code == 200
        assert len(asked) <= 12, f"{url}: {len(asked)}\n" + "\n".join(each["sql"][:150] for each in asked)
