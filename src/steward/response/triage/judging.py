"""May a changed alert page at all just now? Flap detection, maintenance windows, silences, inhibition, in this order;
what may not is held in a row with the reason, and judged anew when the reason ends.

The alerts are locked by who calls. Locks here: holds by alert, after the alerts and before groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max

from steward.foundation.database.rowsets import Rowset
from steward.foundation.due.registry import wake
from steward.foundation.sentences import SAID, packed
from steward.response.suppression import queries as suppression
from steward.response.triage import rules, wording, writing
from steward.response.triage.models import Decision, Hold, InhibitionSource, Reconsideration
from steward.signals.alerts import actions as alerts
from steward.signals.alerts import queries as alert_queries
from steward.signals.alerts.events import ChangedAlert

HOLD_KIND = "triage.hold"
# What an inhibition or a symptom holds is looked at again when its reason ends; this is the look in between.
LONGEST_HOLD = timedelta(hours=1)
_PLACES = Rowset(r="bigint", k="text")
_HOLDS = Rowset(
    alert_id="bigint", route_id="bigint", kind="text", ref_id="bigint", key="text", since="timestamptz",
    due_at="timestamptz", round="int",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """Why an alert is held: the stage, the rule with its version, and until when if that is known."""

    kind: str
    ref_id: int
    version: int
    label: str
    why: str
    until: datetime | None = None
    key: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Judgement:
    """What came of a batch: ``passed`` goes on to the routes; ``held`` by alert; ``checked`` says what was asked."""

    passed: list[ChangedAlert] = field(default_factory=list)
    held: list[tuple[list[ChangedAlert], Held]] = field(default_factory=list)
    rounds: dict[int, int] = field(default_factory=dict)
    checked: dict[str, int] = field(default_factory=dict)
    # Something of the batch mutes others only from now on: its targets may fire in incidents already.
    begins: bool = False
    # By alert: what holds it, or None where nothing does any more.
    standings: dict[int, Held | None] = field(default_factory=dict)


def judge(
    changes: Sequence[ChangedAlert], config: rules.Configuration, now: datetime, rounds: Mapping[int, int] | None = None
) -> Judgement:
    """Judge a batch of changes; writes holds and the sources of inhibitions. ``rounds`` of alerts that are judged anew."""
    by_alert: dict[int, list[ChangedAlert]] = {}
    for change in changes:
        by_alert.setdefault(change.alert_id, []).append(change)
    known = _holds(by_alert)
    found = Judgement(rounds=dict(rounds or {}))
    flapping = _flapping(by_alert, known, config, now, anew=rounds is not None)
    standing = suppression.standing(now)
    found.begins = _note_sources(by_alert, config, now)
    muted = _inhibited(by_alert, config)
    found.checked = asked(config, standing)
    for alert_id, given in by_alert.items():
        last = given[-1]
        held = flapping.get(alert_id)
        enters = held is not None and alert_id not in known
        if held is None and last.status == "firing":
            held = _suppressed(standing, last) or muted.get(alert_id)
        if held is None or (enters and held.kind == "flapping" and last.status == "firing"):
            found.passed += given
        else:
            found.held.append((given, held))
        if held is not None or alert_id in known:
            found.standings[alert_id] = held
    _write(found, known, now)
    return found


def asked(config: rules.Configuration, standing: suppression.Standing) -> dict[str, int]:
    """What was asked on the way: a receipt says of each stage that it let the alert pass."""
    return {
        "revision": config.revision, "suppression": int(bool(standing)), "inhibitions": len(config.inhibitions),
        "flapping": config.flapping.changes,
    }  # fmt: skip


def hold_now(changes: Sequence[ChangedAlert], config: rules.Configuration, now: datetime) -> set[int]:
    """Of alerts that waited in a group or fire in an incident, those that something has come to hold meanwhile: they are
    held from now on, by a decision of its own."""
    standing = suppression.standing(now)
    found = Judgement(checked=asked(config, standing), standings=dict(_holding(changes, config, standing)))
    if found.standings:
        known = _holds(found.standings)
        newly = [each for each in changes if each.alert_id in found.standings and each.alert_id not in known]
        found.rounds = {**{key: hold.round for key, hold in known.items()}, **_next_rounds(newly)}
        _write(found, known, now)
        _decide_held(newly, found, now)
    return set(found.standings)


def would_hold(changes: Sequence[ChangedAlert], config: rules.Configuration, now: datetime) -> set[int]:
    """The same without writing, on alerts that are not locked: which of them :func:`hold_now` has to look at."""
    return set(_holding(changes, config, suppression.standing(now)))


def _holding(
    changes: Sequence[ChangedAlert], config: rules.Configuration, standing: suppression.Standing
) -> dict[int, Held]:
    """What holds which of these alerts now, flapping aside."""
    muted = _inhibited({change.alert_id: [change] for change in changes}, config)
    judged = {each.alert_id: _suppressed(standing, each) or muted.get(each.alert_id) for each in changes}
    return {key: held for key, held in judged.items() if held is not None}


def _next_rounds(changes: Sequence[ChangedAlert]) -> dict[int, int]:
    """For each alert, the round of judging after those that its newest change has decisions of."""
    rows = Decision.objects.filter(change_id__among=[each.change_id for each in changes]).order_by()
    last = dict(rows.values_list("alert_id").annotate(last=Max("round")))
    return {each.alert_id: last[each.alert_id] + 1 for each in changes if each.alert_id in last}


def _decide_held(changes: Sequence[ChangedAlert], found: Judgement, now: datetime) -> None:
    made = []
    for each in changes:
        held = found.standings[each.alert_id]
        if held is None or not each.change_id:
            continue
        data = {"checked": found.checked, "held": about(held)}
        if said := packed(reason=held.why):
            data[SAID] = said
        turn = found.rounds.get(each.alert_id, 0)
        made.append(writing.Verdict(each.alert_id, each.change_id, turn, now, held.kind, str(held.why), data=data))
    writing.write_decisions(made)


def about(held: Held) -> dict[str, Any]:
    """What a decision says of the rule that holds."""
    until = {"until": held.until.isoformat()} if held.until else {}
    return {"id": held.ref_id, "version": held.version, "label": held.label, **until, **held.data}


def _holds(alert_ids: Iterable[int]) -> dict[int, Hold]:
    """The whole-alert holds of these alerts (a route's own are kept by the routing)."""
    rows = Hold.objects.filter(alert_id__among=alert_ids, route__isnull=True)
    return {hold.alert_id: hold for hold in rows}


def _flapping(
    by_alert: Mapping[int, Sequence[ChangedAlert]], known: Mapping[int, Hold], config: rules.Configuration,
    now: datetime, *, anew: bool,
) -> dict[int, Held]:  # fmt: skip
    """Alerts that flap: those that did, each change of which begins their quiet time anew, and those that begin to."""
    spec = config.flapping
    if not spec.changes or anew:
        return {}
    asked = [key for key, given in by_alert.items() if given[0].reason.get("code") != "new"]
    times = alert_queries.change_times(asked, now - timedelta(seconds=spec.window)) if asked else {}
    found = {}
    for key in asked:
        already = key in known and known[key].kind == "flapping"
        if already or rules.enters(spec, times.get(key, ()), now):
            until = rules.quiet_at(spec, now)
            why = wording.flapping(len(times.get(key, ())), spec)
            found[key] = Held("flapping", 0, config.revision, "", why, until)
    return found


def _suppressed(standing: suppression.Standing, change: ChangedAlert) -> Held | None:
    for verdict in standing.verdicts(change.labels, change.service_id, change.item_id, source_id=change.source_id):
        return Held(verdict.kind, verdict.id, verdict.version, verdict.label, verdict.why, verdict.until)
    return None


def _note_sources(by_alert: Mapping[int, Sequence[ChangedAlert]], config: rules.Configuration, now: datetime) -> bool:
    """Which alerts of the batch mute others from now on, and which do not any more; whether any begins to. What an ended
    one held is judged anew at once."""
    if not config.inhibitions:
        return False
    ended = [key for key, given in by_alert.items() if given[-1].status != "firing"]
    firing = [
        InhibitionSource(rule_id=place.rule.id, key=place.key, alert_id=key, both=place.both)
        for key, given in by_alert.items()
        if given[-1].status == "firing"
        for place in config.inhibiting.as_source(given[-1].labels)
    ]
    begins = _begins(firing)
    InhibitionSource.objects.bulk_create(firing, ignore_conflicts=True)
    gone = list(InhibitionSource.objects.filter(alert_id__among=ended).values_list("rule_id", "key")) if ended else []
    if gone:
        InhibitionSource.objects.filter(alert_id__among=ended).delete()
        release("inhibition", gone, now)
    return begins


def _begins(sources: Sequence[InhibitionSource]) -> bool:
    """Whether any of these mutes others only from now on."""
    if not sources:
        return False
    known = InhibitionSource.objects.filter(alert_id__among={each.alert_id for each in sources})
    return bool({(each.rule_id, each.key, each.alert_id) for each in sources} - set(
        known.values_list("rule_id", "key", "alert_id")
    ))  # fmt: skip


def look_again(now: datetime) -> None:
    """Have the engine look at what fires in incidents: something has begun that may hold it. In the caller's
    transaction and last of all: the row is one for everybody. Many such beginnings come to one look."""
    Reconsideration.objects.bulk_create([Reconsideration(pk=1)], ignore_conflicts=True)
    Reconsideration.objects.filter(pk=1).update(due_at=now, leased_until=None)
    wake("triage.reconsider")


def _inhibited(by_alert: Mapping[int, Sequence[ChangedAlert]], config: rules.Configuration) -> dict[int, Held]:
    """The firing alerts of the batch that a rule mutes."""
    if not config.inhibitions:
        return {}
    places = {
        key: found
        for key, given in by_alert.items()
        if given[-1].status == "firing" and (found := config.inhibiting.as_target(given[-1].labels))
    }
    wanted = {place.ident for found in places.values() for place in found}
    if not wanted:
        return {}
    sources = _sources(wanted)
    held = {}
    for key, found in places.items():
        for place in found:
            by = rules.muted_by(place, key, sources.get(place.ident, ()))
            if by is not None:
                rule = place.rule
                why = wording.inhibited(rule)
                held[key] = Held(
                    "inhibition", rule.id, rule.version, rule.name, why, None, place.key, {"by": by.alert_id}
                )
                break
    return held


def _sources(places: set[tuple[int, str]]) -> dict[tuple[int, str], list[rules.Source]]:
    """What may mute in these places (rule, key): of sources that match one side and of those that match both the first
    two each, which is all that an alert needs to know, for it may be one of them itself. In an outage a place has
    thousands."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT u.r, u.k, s.alert_id, s.b FROM {_PLACES.sql}"
            " CROSS JOIN (VALUES (true), (false)) AS side(b)"
            ' CROSS JOIN LATERAL (SELECT alert_id, "both" AS b FROM triage_inhibitionsource WHERE rule_id = u.r AND key = u.k'
            ' AND "both" = side.b ORDER BY alert_id LIMIT 2) s ORDER BY s.alert_id',
            [_PLACES.of(sorted(places))],
        )
        rows = cursor.fetchall()
    found: dict[tuple[int, str], list[rules.Source]] = {}
    for rule_id, key, alert_id, both in rows:
        found.setdefault((rule_id, key), []).append(rules.Source(alert_id, both))
    return found


def _write(found: Judgement, known: Mapping[int, Hold], now: datetime) -> None:
    """Keep what holds alerts; forget what does not."""
    over = [key for key, held in found.standings.items() if held is None]
    if over:
        Hold.objects.filter(alert_id__among=over, route__isnull=True).delete()
    holding = {key: held for key, held in found.standings.items() if held is not None}
    keep(
        [
            Hold(
                alert_id=key, kind=held.kind, ref_id=held.ref_id, key=held.key, due_at=held.until or now + LONGEST_HOLD,
                since=known[key].since if key in known and known[key].kind == held.kind else now,
                round=found.rounds.get(key, 0),
            )
            for key, held in sorted(holding.items())
        ]
    )  # fmt: skip
    since = {key: known[key].since for key in holding if key in known and known[key].kind == holding[key].kind}
    alerts.set_standing(
        {key: stand(held, since.get(key, now)) if held else None for key, held in found.standings.items()}
    )


def stand(held: Held, since: datetime) -> dict[str, Any]:
    """What the alert itself says of it."""
    return {
        "kind": held.kind, "id": held.ref_id, "text": held.why, "since": since.isoformat(), "label": held.label,
        "until": held.until.isoformat() if held.until else None,
        **({SAID: said} if (said := packed(text=held.why)) else {}), **held.data,
    }  # fmt: skip


def keep(holds: Sequence[Hold]) -> None:
    """Write holds; one that is there is replaced. The engine is told, for it may sleep until later than they end."""
    if not holds:
        return
    rows = [(h.alert_id, h.route_id, h.kind, h.ref_id, h.key, h.since, h.due_at, h.round) for h in holds]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO triage_hold (alert_id, route_id, kind, ref_id, key, since, due_at, round)"
            f" SELECT * FROM {_HOLDS.sql}"
            " ON CONFLICT (alert_id, route_id) DO UPDATE SET kind = EXCLUDED.kind, ref_id = EXCLUDED.ref_id,"
            " key = EXCLUDED.key, since = EXCLUDED.since, due_at = EXCLUDED.due_at, round = EXCLUDED.round,"
            " leased_until = NULL",
            [_HOLDS.of(rows)],
        )
    wake(HOLD_KIND)


def release(kind: str, refs: Iterable[tuple[int, str | None]], now: datetime) -> None:
    """What these (rule, key of its equal labels; None: all of the rule) held is judged anew now."""
    wanted = sorted(set(refs), key=str)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE triage_hold h SET due_at = %s, leased_until = NULL FROM {_PLACES.sql}"
            " WHERE h.kind = %s AND h.ref_id = u.r AND (u.k IS NULL OR h.key = u.k)",
            [now, _PLACES.of(wanted), kind],
        )
        released = cursor.rowcount
    if released:
        wake(HOLD_KIND)
