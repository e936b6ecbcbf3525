"""Replays: asked for by people, run by a job, told on the draft's page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.jobs.worker import app
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.oncall import queries as oncall
from steward.response.timemachine import queries
from steward.response.timemachine.errors import ReplayInvalid
from steward.response.timemachine.models import Replay
from steward.response.timemachine.rules.pages import Differing, Page, by_hour, by_person, compare
from steward.response.triage import queries as triage

JOB = "timemachine.replay"
# What is replayed is kept in memory, beside whatever the engine does: python -m bench --only replay.
MOST_EVENTS = 100_000
MOST_DAYS = 92
MOST_SHOWN = 500
MOST_ALERTS = 10
STATES = Replay.State


@transaction.atomic
def ask(
    *, actor: Actor, now: datetime, draft_id: int, start: datetime, end: datetime, sources: Sequence[int] = ()
) -> Replay:
    """Ask for a replay of this time's events through a draft; the engine runs it."""
    actor.require("routes.manage")
    draft = queries.draft_by_id(actor, draft_id)
    if not start < end <= now or end - start > timedelta(days=MOST_DAYS):
        text = _("Choose a time in the past, of at most %(most)s days, that begins before it ends.")
        told = text % {"most": MOST_DAYS}
        raise ReplayInvalid(told, fields={"start": [told]})
    document = queries.usable(actor, draft)
    made: Replay = Replay.objects.create(
        draft=draft, revision=draft.revision, document=document, live=queries.live(), start=start, end=end,
        sources=list(sources), author=actor.label[:200], created_at=now,
    )  # fmt: skip
    # By its name: the job calls an action, so no action can import it. It joins this transaction.
    app.configure_task(JOB).defer(replay_id=made.pk)
    audit.record(
        actor=actor, now=now, action="draft.replay", subject=SubjectRef("draft", draft.pk), subject_label=draft.name,
        after={"from": start.isoformat(), "to": end.isoformat()},
    )  # fmt: skip
    return made


@transaction.atomic
def cancel(*, actor: Actor, now: datetime, replay_id: int) -> Replay:
    """Stop a replay; one that is over stays as it is."""
    actor.require("routes.manage")
    replay = queries.replay_by_id(actor, replay_id)
    Replay.objects.filter(pk=replay.pk, state__in=[STATES.WAITING, STATES.RUNNING]).update(
        state=STATES.CANCELLED, finished_at=now
    )
    replay.refresh_from_db()
    return replay


def run(*, replay_id: int, now: Callable[[], datetime]) -> None:
    """Run a replay that waits (or whose worker was killed). Its progress is written as it goes, so it is no one
    transaction; a cancelled one ends at the next look."""
    rows = Replay.objects.filter(pk=replay_id, state__in=[STATES.WAITING, STATES.RUNNING])
    if not rows.update(state=STATES.RUNNING, done=0):
        return
    replay = Replay.objects.get(pk=replay_id)
    try:
        result = _compared(replay)
    except Exception:
        rows.update(state=STATES.FAILED, finished_at=now())
        raise
    rows.update(state=STATES.DONE, finished_at=now(), result=result, done=2 * Replay.objects.get(pk=replay_id).total)


def _compared(replay: Replay) -> dict[str, Any]:
    events = triage.history(replay.start, replay.end, replay.sources, MOST_EVENTS + 1)
    cut = len(events) > MOST_EVENTS
    del events[MOST_EVENTS:]
    # What was cut off did not happen in this replay: both end where the events do.
    end = events[-1].at if cut else replay.end
    Replay.objects.filter(pk=replay.pk).update(total=len(events), cut=cut)
    names = {event.alert_id: event.name for event in events}
    people: dict[tuple[int, datetime], list[str]] = {}
    sides = []
    for number, document in enumerate((replay.live, replay.document)):
        before = number * len(events)

        def progress(done: int, before: int = before) -> bool:
            going = Replay.objects.filter(pk=replay.pk, state=STATES.RUNNING)
            return bool(going.update(done=before + done))

        found = triage.replay(document, events, replay.start, end, progress)
        sides.append(_pages(found, people))
    return _told(sides[0], sides[1], names)


def _pages(found: Any, people: dict[tuple[int, datetime], list[str]]) -> list[Page]:
    """The simulated pages with the people of the policy's first step that reaches anybody, as the schedules say for the
    simulated moment."""
    pages = []
    for each in found.pages:
        minute = each.at.replace(second=0, microsecond=0)
        key = (each.policy_id, minute)
        if key not in people:
            people[key] = _first(each.policy_id, minute)
        route = found.incidents[each.incident_id].route.name
        pages += [Page(each.at, person, route, each.kind, each.alerts) for person in people[key]]
    return pages


def _first(policy_id: int, at: datetime) -> list[str]:
    for step in oncall.who_would_be_paged(policy_id, at):
        if step.people:
            return [person.label for person in step.people]
    return [""]


def _told(live: list[Page], draft: list[Page], names: dict[int, str]) -> dict[str, Any]:
    found = compare(live, draft)
    return {
        "live": len(live), "draft": len(draft), "same": found.same,
        **{kind: found.number(kind) for kind in ("added", "removed", "moved")},
        "people": by_person(live, draft),
        "hours": [(hour.isoformat(), before, after) for hour, before, after in by_hour(live, draft)],
        "pages": [_differing(each, names) for each in found.differing[:MOST_SHOWN]],
    }  # fmt: skip


def _differing(each: Differing, names: dict[int, str]) -> dict[str, Any]:
    page = each.draft or each.live
    alerts = page.alerts if page else ()
    return {
        "kind": each.kind, "live": _page(each.live), "draft": _page(each.draft), "count": len(alerts),
        "alerts": [{"id": key, "name": names.get(key, "")} for key in alerts[:MOST_ALERTS]],
    }  # fmt: skip


def _page(page: Page | None) -> dict[str, str] | None:
    if page is None:
        return None
    return {"at": page.at.isoformat(), "person": page.person, "route": page.route, "kind": page.kind}
