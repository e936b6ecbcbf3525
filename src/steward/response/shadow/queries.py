"""Reads of the room: the comparison of a period, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max

from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.shadow import rules
from steward.response.shadow.models import Notification, ReceiverPolicy
from steward.response.timemachine import queries as timemachine
from steward.response.triage import queries as triage
from steward.signals.alerts import queries as alerts

# What one page can compare; it says when a period holds more.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as the comparison shows it; without a key, Steward never got it."""

    labels: Mapping[str, str]
    key: int | None = None

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A period of a source: ``pairs`` with their reasons, the outcome of each alert by fingerprint, the alerts."""

    since: datetime
    until: datetime
    pairs: Sequence[rules.Pair]
    summary: rules.Summary
    outcomes: Mapping[str, str]
    alerts: Mapping[str, Seen]
    decided: Mapping[str, tuple[str, str]]
    cut: bool = False

    @property
    def differences(self) -> list[rules.Pair]:
        return [pair for pair in self.pairs if pair.outcome != "both"]


def last_heard(source_ids: Sequence[int]) -> dict[int, datetime]:
    """When each source's Alertmanager last told something."""
    rows = Notification.objects.filter(source_id__in=source_ids).values_list("source_id").annotate(last=Max("at"))
    return dict(rows)


def receivers(actor: Actor, source_id: int) -> dict[str, str]:
    """Receiver → policy (by name; empty: none is known): as somebody said, else as the import, else of the same name."""
    names = dict(oncall.policies(actor).values_list("pk", "name"))
    own = ReceiverPolicy.objects.filter(source_id=source_id).values_list("receiver", "policy_id")
    said = {receiver: names[policy] for receiver, policy in own if policy in names}
    imported = timemachine.receiver_policies()
    alike = {name.lower(): name for name in names.values()}
    heard = Notification.objects.filter(source_id=source_id).order_by().values_list("receiver", flat=True).distinct()
    return {
        each: said.get(each) or imported.get(each) or alike.get(each.lower(), "")
        for each in sorted({*heard, *said, *imported})
    }


def compare(actor: Actor, source_id: int, since: datetime, until: datetime) -> Comparison:
    """Hold what Alertmanager told in a period against what Steward told or would have told."""
    source = alerts.source_by_id(actor, source_id)
    policies = receivers(actor, source.pk)
    rows = list(Notification.objects.filter(source_id=source.pk, at__gt=since, at__lte=until).order_by("at")[:MOST])
    notices = triage.notices_between(since, until, MOST)
    ids = {key for notice in notices for key in notice.data.get("alerts", ())}
    marks = {each["fingerprint"] for row in rows for each in row.alerts}
    known = alerts.of_source(source.pk, ids, [bytes.fromhex(mark) for mark in marks], since)
    seen = {each["fingerprint"]: Seen(each["labels"]) for row in rows for each in row.alerts}
    seen |= {bytes(alert.fingerprint).hex(): Seen(alert.labels, alert.pk) for alert in known}
    mark_of = {each.key: mark for mark, each in seen.items() if each.key}
    began = {alert.pk: alert.starts_at for alert in known}
    theirs = rules.news_of_firing([_theirs(row, policies) for row in rows])
    ours = [told for notice in notices if (told := _ours(notice, mark_of, began)) is not None]
    decided = {mark_of[key]: told for key, told in triage.last_decisions(list(mark_of)).items()}
    facts = rules.Known(decided, frozenset(mark_of.values()), frozenset(policies.get(row.receiver, "") for row in rows))
    pairs = [rules.explain(pair, facts) for pair in rules.compare(theirs, ours)]
    fired = [mark_of[alert.pk] for alert in known if alert.changed_at > since]
    cut = len(rows) == MOST or len(notices) == MOST
    return Comparison(
        since, until, pairs, rules.summarise(pairs), rules.by_alert(pairs, fired), seen, decided, cut
    )  # fmt: skip


def _theirs(row: Notification, policies: Mapping[str, str]) -> rules.Told:
    firing = [each for each in row.alerts if each["firing"]]
    begins = [moment for each in firing if (moment := _moment(each["began"])) is not None]
    return rules.Told(
        row.pk, row.at, policies.get(row.receiver, ""), tuple(sorted(row.labels.items())),
        frozenset(each["fingerprint"] for each in firing),
        frozenset(each["fingerprint"] for each in row.alerts if not each["firing"]),
        row.receiver, max(begins, default=None),
    )  # fmt: skip


def _ours(notice: Any, mark_of: Mapping[int, str], began: Mapping[int, datetime]) -> rules.Told | None:
    """Steward's notice as far as it is about alerts of the source; None if nothing of it is."""
    ids = [key for key in notice.data.get("alerts", ()) if key in mark_of]
    if not ids:
        return None
    route = notice.group.route
    return rules.Told(
        notice.pk, notice.at, route.policy.name if route.policy else "", tuple(sorted(notice.group.labels.items())),
        frozenset(mark_of[key] for key in ids), name=route.policy.name if route.policy else "",
        began=min(began[key] for key in ids), kind=notice.kind, route=route.name, group_wait=route.group_wait,
        group_interval=route.group_interval, repeat_interval=route.repeat_interval,
    )  # fmt: skip


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def alike_since(comparison: Comparison, heard: datetime | None) -> timedelta | None:
    """For how long there was no difference at the end of the period; None if nothing was compared."""
    if heard is None or not comparison.pairs:
        return None
    last = max((pair.at for pair in comparison.differences), default=None)
    first = min(pair.at for pair in comparison.pairs)
    return comparison.until - (last or max(first, comparison.since))
