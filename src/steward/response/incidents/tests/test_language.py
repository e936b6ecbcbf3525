"""What the engine wrote is read in each reader's own language; what it wrote before that keeps its text."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from steward.foundation.testing.api import with_key
from steward.response.incidents import actions
from steward.response.incidents.models import Incident, TimelineEntry
from steward.response.incidents.tests.factories import ENGINE, NOW, alert, incident, joining, user
from steward.response.oncall import actions as oncall
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, schedule, wait

pytestmark = pytest.mark.django_db


def lived() -> Incident:
    """An incident that the engine and a person have written a timeline for, in English."""
    rota = schedule(user("Ann"), name="Application")
    found = incident(alert("DiskFull"), policy_id=policy(notify(rota), wait(5)).pk)
    oncall.run_escalation(now=NOW, escalation_id=Escalation.objects.get().pk)
    actions.add_note(actor=ENGINE, now=NOW, incident_id=found.pk, text="Severity raised to SEV1")
    actions.alerts_changed(actor=ENGINE, now=NOW, incident_id=found.pk, firing=[joining(alert("Down"))])
    actions.resolve(actor=ENGINE, now=NOW, incident_id=found.pk, why="cable")
    return found


def texts(found: Incident) -> dict[str, str]:
    return {entry.kind: f"{entry.told} | {entry.told_why}" for entry in found.timeline.order_by("-id")}


def test_every_automatic_entry_is_told_in_the_readers_language() -> None:
    found = lived()
    english = texts(found)
    assert english["page"].startswith("Paging Ann | ") and "on call for Application until Mon 9 Mar" in english["page"]
    assert english["resolved"] == "Resolved | cable · 0 s after it opened"
    with translation.override("zh-hans"):
        chinese = texts(found)
        assert chinese["page"].startswith(gettext("Paging %(name)s") % {"name": "Ann"})
        assert "Application" in chinese["page"] and "Mon 9 Mar" not in chinese["page"]
        assert chinese["resolved"].startswith(gettext("Resolved") + " | cable · ")
    assert {kind for kind in english if english[kind] == chinese[kind]} == {"note"}, "a person's words stay"


def test_the_page_and_the_api_tell_it_in_the_readers_language() -> None:
    found, client = lived(), Client()
    client.force_login(user(language="zh-hans"))
    page = client.get(f"/incidents/{found.number}/").content.decode()
    with translation.override("zh-hans"):
        raised = gettext("Paging %(name)s") % {"name": "Ann"}
    assert raised in page and "Paging Ann" not in page
    path = f"/api/v1/incidents/{found.ref}/timeline"
    rows = with_key().get(path, headers={"Accept-Language": "zh-hans"}).json()["items"]
    assert raised in [row["text"] for row in rows]
    assert all("said" not in row["data"] for row in rows)
    assert "Paging Ann" in [row["text"] for row in with_key().get(path).json()["items"]]


def test_an_entry_from_before_keeps_its_text() -> None:
    found = incident()
    old = TimelineEntry.objects.create(
        incident=found,
        at=NOW,
        kind="page",
        actor_label="on-call",
        text="Paging Ann",
        why="step 1",
        data={"by": "system"},
    )
    with translation.override("zh-hans"):
        assert (old.told, old.told_why) == ("Paging Ann", "step 1")
