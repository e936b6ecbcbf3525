"""Reads of the room: the comparison of a period, and what it is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, Max, Value

from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.shadow import rules
from steward.response.shadow.models import Notification, ReceiverPolicy
from steward.response.timemachine import queries as timemachine
from steward.response.triage import queries as triage
from steward.signals.alerts import queries as alerts

# What one page can compare; it says when a period holds more.
MOST = 20_000
LONGEST = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Seen:
    """An alert as the comparison shows it; without a key, Steward never got it."""

    labels: Mapping[str, str]
    key: int | None = None

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")


@dataclass(frozen=True, slots=True)
class Receivers:
    """Which policy (by name; empty: none is known) stands for each receiver of a source's Alertmanager, which policies
    there are, when it last told something, and since when Steward's configuration is live that is."""

    standing: dict[str, str]
    policies: Sequence[tuple[int, str]]
    heard: datetime | None = None
    live_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A period of a source: ``pairs`` with their reasons, the outcome of each alert by fingerprint, the alerts."""

    source: Any
    receivers: Receivers
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


def receivers(actor: Actor, source_id: int) -> Receivers:
    """As somebody said, else as the import, else the policy of the same name."""
    policies = list(oncall.policies(actor).values_list("pk", "name"))
    names = dict(policies)
    heard, said = _receivers(source_id)
    chosen = {receiver: names[policy] for receiver, policy in said.items() if policy in names}
    known = timemachine.imported()
    alike = {name.lower(): name for name in names.values()}
    standing = {
        each: chosen.get(each) or known.policies.get(each) or alike.get(each.lower(), "")
        for each in sorted({*heard, *chosen, *known.policies})
    }
    return Receivers(standing, policies, max(heard.values(), default=None), known.live_since)


def _receivers(source_id: int) -> tuple[dict[str, datetime], dict[str, int]]:
    """Receivers that told something, with when they last did; those for which somebody chose a policy, with its key."""
    told = Notification.objects.filter(source_id=source_id).order_by().values("receiver")
    own = ReceiverPolicy.objects.filter(source_id=source_id)
    rows = list(
        told.annotate(last=Max("at"), chosen=Value(None, BigIntegerField(null=True)))
        .values_list("receiver", "last", "chosen")
        .union(own.annotate(last=Value(None, DateTimeField(null=True))).values_list("receiver", "last", "policy_id"))
    )
    heard = {receiver: last for receiver, last, _policy in rows if last is not None}
    return heard, {receiver: policy for receiver, _last, policy in rows if policy is not None}


def compare(actor: Actor, source_id: int, since: datetime | None, until: datetime) -> Comparison:
    """Hold what Alertmanager told in a period against what Steward told or would have told. Without a begin: since the
    configuration is live that is, because what was mended is no difference any more."""
    source = alerts.source_by_id(actor, source_id)
    known = receivers(actor, source.pk)
    if since is None:
        since = max(known.live_since or until - LONGEST, until - LONGEST)
    policies = known.standing
    rows = list(Notification.objects.filter(source_id=source.pk, at__gt=since, at__lte=until).order_by("at")[:MOST])
    notices = triage.notices_between(since, until, MOST)
    stored, seen = _alerts(source.pk, rows, notices, since)
    mark_of = {each.key: mark for mark, each in seen.items() if each.key}
    began = {alert.pk: alert.starts_at for alert in stored}
    theirs = rules.news_of_firing([_theirs(row, policies) for row in rows])
    ours = [told for notice in notices if (told := _ours(notice, mark_of, began)) is not None]
    decided = {mark_of[key]: told for key, told in triage.last_decisions(list(mark_of)).items()}
    facts = rules.Known(decided, frozenset(mark_of.values()), frozenset(policies.get(row.receiver, "") for row in rows))
    pairs = [rules.explain(pair, facts) for pair in rules.compare(theirs, ours)]
    fired = [mark_of[alert.pk] for alert in stored if alert.changed_at > since]
    return Comparison(
        source, known, since, until, pairs, rules.summarise(pairs), rules.by_alert(pairs, fired), seen, decided,
        cut=len(rows) == MOST or len(notices) == MOST,
    )  # fmt: skip


def _alerts(
    source_id: int, rows: Sequence[Notification], notices: Sequence[Any], since: datetime
) -> tuple[list[Any], dict[str, Seen]]:
    """Steward's alerts that either side told of or that changed in the period; and all alerts by fingerprint, also those
    that only Alertmanager knows."""
    ids = {key for notice in notices for key in notice.data.get("alerts", ())}
    seen = {each["fingerprint"]: Seen(each["labels"]) for row in rows for each in row.alerts}
    stored = alerts.of_source(source_id, ids, [bytes.fromhex(mark) for mark in seen], since)
    return stored, seen | {bytes(alert.fingerprint).hex(): Seen(alert.labels, alert.pk) for alert in stored}


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
