"""Nobody is paged because of a source in shadow mode: not in any scenario, on no way that pages people otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.response.incidents import actions as incidents
from steward.response.incidents.models import Incident
from steward.response.notifications.models import Page
from steward.response.oncall.models import Escalation
from steward.response.shadow import actions
from steward.response.triage.models import Route
from steward.signals.alerts.models import Source
from tests.scenarios import steward
from tests.scenarios.stories import INHIBIT, ONE, REPEAT, STORIES, A, alert
from tests.scenarios.timeline import Push, Scenario, Silence, misses

pytestmark = pytest.mark.django_db
WORSE = {"mild": alert("A", instance="1", severity="warning"), "worse": alert("A", instance="2", severity="critical")}


def run(story: Scenario, mode: str = "shadow") -> Source:
    source = steward.configure(story)
    if mode == "shadow":
        actions.set_mode(actor=steward.ACTOR, now=steward.BEGIN, source_id=source.pk, mode=mode)
    steward.play(story, source)
    return source


def assert_nobody() -> None:
    assert list(Escalation.objects.all()) == []
    assert list(Page.objects.all()) == []


@pytest.mark.parametrize("story", STORIES, ids=[each.name for each in STORIES])
def test_every_scenario_is_decided_as_ever_and_pages_nobody(story: Scenario) -> None:
    """The same notices as without shadow mode, at the same moments; and no escalation of any of them."""
    run(story)
    assert misses(story.wants, steward.told()) == [], steward.history()
    assert_nobody()


@pytest.mark.parametrize(
    "story",
    [
        Scenario("repeats", REPEAT, A, [Push(0, ["a1"])], [], 14),
        Scenario("reopens", REPEAT, A, [Push(0, ["a1"]), Push(2, ["a1"], resolved=True), Push(8, ["a1"])], [], 12),
        Scenario("worsens", ONE, WORSE, [Push(0, ["mild"]), Push(4, ["worse"])], [], 12),
        Scenario("a silence ends", ONE, A, [Silence(0, "alertname=A", 5), Push(0.5, ["a1"])], [], 12),
        Scenario(
            "what inhibits ends", INHIBIT, {"host": alert("HostDown", instance="1"), "disk": alert("DiskFull", instance="1")},
            [Push(0, ["host"]), Push(0.3, ["disk"]), Push(2, ["host"], resolved=True)], [], 7,
        ),
    ],
    ids=lambda story: story.name,
)  # fmt: skip
def test_what_pages_people_live_pages_nobody_here(story: Scenario) -> None:
    """Each of these pages live, which makes the silence of shadow mode worth something."""
    run(story)
    assert steward.told()
    assert_nobody()
    Source.objects.update(mode="live")
    live, _key = steward.alerts.create_source(
        actor=steward.ACTOR, now=steward.BEGIN, name="live", kind="alertmanager"
    )  # fmt: skip
    steward.push(live, story, Push(20, [next(iter(story.alerts))]), steward.BEGIN + timedelta(seconds=20))
    steward.advance(steward.BEGIN + timedelta(seconds=30))
    assert Escalation.objects.exists()


def test_a_storm_pages_nobody() -> None:
    many = {f"a{n}": alert(f"A{n}") for n in range(12)}
    story = Scenario("storm", ONE, many, [Push(0, list(many))], [], 6)
    source = steward.configure(story)
    Route.objects.update(storm_groups=3)
    actions.set_mode(actor=steward.ACTOR, now=steward.BEGIN, source_id=source.pk, mode="shadow")
    steward.play(story, source)
    assert len(steward.told()) == len(many)
    assert_nobody()


def test_people_who_work_on_it_page_nobody() -> None:
    """Resolved, reopened, made worse: by hand, and still nobody is paged."""
    run(Scenario("by hand", ONE, A, [Push(0, ["a1"])], [], 4))
    key, now = Incident.objects.get().pk, steward.BEGIN + timedelta(seconds=5)
    incidents.set_severity(actor=steward.ACTOR, now=now, incident_id=key, severity="SEV1")
    incidents.resolve(actor=steward.ACTOR, now=now, incident_id=key, why="done")
    incidents.reopen(actor=steward.ACTOR, now=now, incident_id=key, why="not done")
    assert_nobody()


def test_a_live_source_is_not_lost_in_it() -> None:
    """The same labels from a live source are a group, an incident and an escalation of their own."""
    story = Scenario("two sources", ONE, A, [Push(0, ["a1"])], [], 4)
    run(story)
    live, _key = steward.alerts.create_source(actor=steward.ACTOR, now=steward.BEGIN, name="live", kind="alertmanager")
    steward.push(live, story, Push(5, ["a2"]), steward.BEGIN + timedelta(seconds=5))
    steward.advance(steward.BEGIN + timedelta(seconds=10))
    quiet, paged = Incident.objects.order_by("number")
    assert (quiet.shadow, paged.shadow) == (True, False)
    assert [each.subject_id for each in Escalation.objects.all()] == [paged.pk]


def test_what_a_person_merges_into_it_pages() -> None:
    """A live incident that goes into one in shadow mode takes its page with it."""
    story = Scenario("merged", ONE, A, [Push(0, ["a1"])], [], 4)
    run(story)
    live, _key = steward.alerts.create_source(actor=steward.ACTOR, now=steward.BEGIN, name="live", kind="alertmanager")
    steward.push(live, story, Push(5, ["a2"]), steward.BEGIN + timedelta(seconds=5))
    steward.advance(steward.BEGIN + timedelta(seconds=10))
    quiet, paged = Incident.objects.order_by("number")
    now = steward.BEGIN + timedelta(seconds=11)
    incidents.merge(actor=steward.ACTOR, now=now, incident_id=paged.pk, into_id=quiet.pk)
    quiet.refresh_from_db()
    assert not quiet.shadow
    assert Escalation.objects.filter(subject_id=quiet.pk).exists()
