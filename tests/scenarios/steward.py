"""Runs scenarios on Steward: the real ingest's storing and the engine's handlers, in a database, with a clock that is
moved from one due row to the next."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import orjson

from steward.algorithms.matching import parse_matchers
from steward.estate.configuration import queries as configuration
from steward.foundation.actors import system
from steward.foundation.due import registry
from steward.response.notifications.tests.factories import user
from steward.response.oncall.tests.factories import notify, policy
from steward.response.suppression import actions as suppression
from steward.response.timemachine import actions as timemachine
from steward.response.triage.models import Decision, Notice
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import storing
from steward.signals.alerts.ingest.sources import reader_of
from steward.signals.alerts.models import Source
from tests.scenarios.timeline import Push, Scenario, Silence, Told

BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACTOR = system("scenario")
# Not the deliveries of pages: whom a group tells is what is compared, not how.
KINDS = ("alerts.change", "alerts.expiry", "triage.group", "triage.hold", "triage.reconsider", "suppression.silence")
MOST_STEPS = 10_000


def run(story: Scenario) -> list[Told]:
    """What Steward's groups told in this scenario."""
    play(story, configure(story))
    return told()


def configure(story: Scenario) -> Source:
    """Import the scenario's alertmanager.yml, publish it, and make a source."""
    policies = {}
    for name in story.receivers:
        policies[name] = policy(notify(user()), name=name).name
    receivers = "".join(
        f"- {{name: {name}, webhook_configs: [{{url: 'http://example.org/{name}'}}]}}\n" for name in story.receivers
    )
    draft = timemachine.import_draft(
        actor=ACTOR, now=BEGIN, name=story.name[:80], text=f"{story.config}\nreceivers:\n{receivers}"
    )
    draft = timemachine.assign_policies(actor=ACTOR, now=BEGIN, draft_id=draft.pk, policies=policies)
    timemachine.publish_draft(actor=ACTOR, now=BEGIN, draft_id=draft.pk, revision=draft.revision)
    source, _key = alerts.create_source(actor=ACTOR, now=BEGIN, name="scenario", kind="alertmanager")
    configuration.forget()
    return source


def play(story: Scenario, source: Source) -> None:
    """Let all of it happen, each at its moment."""
    for event in sorted(story.events, key=lambda each: each.at):
        moment = BEGIN + timedelta(seconds=event.at)
        advance(moment)
        if isinstance(event, Push):
            push(source, story, event, moment)
        else:
            silence(event, moment)
    advance(BEGIN + timedelta(seconds=story.until))


def push(source: Source, story: Scenario, event: Push, now: datetime) -> None:
    """What a sender's request does, without the request."""
    ends = now if event.resolved else now + timedelta(hours=1)
    body = [{"labels": story.alerts[name], "endsAt": ends.isoformat()} for name in event.alerts]
    if event.resolved:
        for each in body:
            each["startsAt"] = BEGIN.isoformat()
    reader = reader_of("api/v2/alerts")
    assert reader is not None
    parsed = reader[1](storing.again(orjson.dumps(body), now, "api/v2/alerts", {}))
    assert not parsed.bad, parsed.bad
    alerts._store([storing.report(each, source_id=source.pk, resolve_timeout=300, now=now) for each in parsed.good])


def silence(event: Silence, now: datetime) -> None:
    """Somebody silences."""
    plan = suppression.Plan(now, now + timedelta(seconds=event.seconds))
    wish = suppression.Wish(parse_matchers(event.matchers), "scenario", plan)
    suppression.create_silence(actor=ACTOR, now=now, wish=wish)


class _Loud(logging.Handler):
    """The engine logs what a row's handler raised and goes on with the next; a test must not."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


@contextmanager
def loudly() -> Iterator[None]:
    """What a handler raises and the engine would only log is raised here."""
    handler = _Loud(logging.ERROR)
    logging.getLogger("steward").addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger("steward").removeHandler(handler)


def advance(until: datetime) -> None:
    """Do what is due up to this moment, each at its own."""
    kinds = {kind.name: kind for kind in registry.kinds() if kind.name in KINDS}
    assert set(kinds) == set(KINDS)
    for _step in range(MOST_STEPS):
        due = [
            (at, kind.name) for kind in kinds.values() if (at := registry.next_due(kind)) is not None and at <= until
        ]
        if not due:
            return
        at, name = min(due)
        ids = registry.claim(kinds[name], at)
        with loudly():
            kinds[name].handle(ids, at)
    raise AssertionError("there is always something due")


def told() -> list[Told]:
    """The log of what groups told."""
    rows = Notice.objects.select_related("group__route__policy").order_by("at", "id")
    return [Told(_receiver(row), (row.at - BEGIN).total_seconds(), row.firing) for row in rows]


def _receiver(row: Notice) -> str:
    policy = row.group.route.policy
    return policy.name if policy else ""


def history() -> list[str]:
    """What was decided, for the message of a test that fails."""
    rows = Decision.objects.select_related("alert", "change").order_by("at", "id")
    return [
        f"{(row.at - BEGIN).total_seconds():.2f} {row.alert.labels} {row.change.status if row.change else ''}"
        f" round {row.round}: {row.outcome}"
        for row in rows
    ]
