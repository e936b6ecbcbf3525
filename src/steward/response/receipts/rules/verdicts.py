"""The first sentence: was anybody paged, and if not, why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from steward.response.receipts.rules.facts import Decided, Entry, Facts, Incident, Paged, Rule, Sent
from steward.response.receipts.rules.steps import HELD

OPENING = ("opened", "reopened", "storm")
JOINING = ("joined", "symptom", "storm")
# How a page that is best known stands: one that arrived says more than one that waits, that more than one that failed.
_RANK = {"sent": 0, "pending": 1, "failed": 2, "cancelled": 3}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A code with its values; ``also`` are further sentences of the same form. ``paged``: somebody (or the reader) was."""

    code: str
    tone: str
    values: Mapping[str, Any] = field(default_factory=dict)
    also: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    rule: Rule | None = None

    @property
    def paged(self) -> bool:
        return self.code in {"paged", "paged-acknowledged"}


def verdict(facts: Facts) -> Verdict:
    """What became of it, in the order in which people ask: was somebody paged, is it somebody's already, what holds it."""
    if facts.kind == "page":
        return (
            of_page(facts.paged[0], _acknowledgement(facts.entries), facts.reader_id)
            if facts.paged
            else _nothing(facts)
        )
    if facts.outside:
        return _outside(facts)
    if facts.kind == "incident":
        return _of_incident(facts, facts.incidents[0], facts.paged) if facts.incidents else _nothing(facts)
    return _of_alert(facts)


def _of_alert(facts: Facts) -> Verdict:
    told = [each for each in facts.decided if each.outcome not in {"resolved", "overtaken"}]
    if not told:
        return _nothing(facts)
    known = {incident.id: incident for incident in facts.incidents}
    opened = _last(told, lambda each: each.outcome in OPENING and each.incident_id in known)
    last = told[-1]
    if opened is not None:
        incident = known[opened.incident_id or 0]
        pages = [each for each in facts.paged if each.incident_id == incident.id and each.at >= opened.at]
        if opened.outcome != "storm" or pages:
            return _with_hold(facts, _of_incident(facts, incident, pages, opened))
    joined = _last(told, lambda each: each.outcome in JOINING and each.incident_id in known)
    if joined is not None:
        return _with_hold(facts, _joined(facts, joined, known[joined.incident_id or 0]))
    if facts.standing is not None or last.outcome in HELD:
        return _held(facts, last)
    if last.outcome == "waiting":
        return _waiting(facts, last)
    return Verdict(
        last.outcome, "unknown" if last.outcome == "recorded" else "degraded", {"why": last.why}, rule=last.rule
    )


def _last(decided: Sequence[Decided], wanted: Any) -> Decided | None:
    return next((each for each in reversed(decided) if wanted(each)), None)


def _held(facts: Facts, last: Decided) -> Verdict:
    """Something holds it, or held it until it ended."""
    standing = facts.standing
    if standing is not None:
        values: dict[str, Any] = {"kind": standing.kind, "why": standing.why, "until": standing.until}
        return Verdict("held", "maintenance", {**values, **_named(standing.rule)}, rule=standing.rule)
    values = {"kind": last.outcome, "why": last.why, "until": None, **_named(last.rule)}
    ended = _ended(facts)
    return Verdict(
        "held", "maintenance", values, (("ended-while-held", {"at": ended}),) if ended else (), rule=last.rule
    )  # fmt: skip


def _named(rule: Rule | None) -> dict[str, Any]:
    return {"rule": rule.name, "rule_id": rule.id} if rule is not None else {"rule": "", "rule_id": 0}


def _waiting(facts: Facts, last: Decided) -> Verdict:
    ended = _ended(facts)
    if ended is not None:
        return Verdict("ended-waiting", "unknown", {"at": ended}, rule=last.rule)
    return Verdict("waiting", "info", {"until": last.until, "why": last.why}, rule=last.rule)


def _ended(facts: Facts) -> datetime | None:
    last = facts.changes[-1] if facts.changes else None
    return last.at if last is not None and last.status == "resolved" else None


def _nothing(facts: Facts) -> Verdict:
    """No decision led anywhere."""
    if any(each.outcome == "resolved" for each in facts.decided):
        ended = _ended(facts)
        return Verdict("ended-waiting", "unknown", {"at": ended or facts.now})
    return Verdict("undecided", "unknown")


def _joined(facts: Facts, joined: Decided, incident: Incident) -> Verdict:
    """It joined what people know of already."""
    acknowledged = _acknowledgement(facts.entries, incident.id)
    if joined.outcome == "joined" and acknowledged is not None and acknowledged.at <= joined.at:
        values: dict[str, Any] = {"ref": incident.ref, "who": acknowledged.who, "at": acknowledged.at}
        return Verdict("joined-acknowledged", "info", values, rule=joined.rule)
    values = {"ref": incident.ref, "path": joined.path, "why": joined.why}
    pages = [each for each in facts.paged if each.incident_id == incident.id]
    best = _best(pages, None)
    also = [("incident-paged", _page_values(best, facts.reader_id))] if best and best.state == "sent" else []
    if incident.quiet_since is not None and incident.is_active:
        also.append(("quiet", {"ref": incident.ref, "since": incident.quiet_since}))
    return Verdict(joined.outcome, "info", values, tuple(also), rule=joined.rule)


def _with_hold(facts: Facts, found: Verdict) -> Verdict:
    """What was told before and is held now says so too."""
    if facts.standing is None:
        return found
    values = {"kind": facts.standing.kind, "since": facts.standing.since, "until": facts.standing.until}
    also = (*found.also, ("held-since", {**values, **_named(facts.standing.rule)}))
    return Verdict(found.code, found.tone, found.values, also, found.rule)


def _of_incident(facts: Facts, incident: Incident, pages: Sequence[Paged], opened: Decided | None = None) -> Verdict:
    """Whom its incident paged, or why nobody."""
    entries = [each for each in facts.entries if each.incident_id == incident.id]
    acknowledged = _acknowledgement(entries)
    best = _best(pages, facts.reader_id)
    quiet = incident.quiet_since is not None and incident.is_active
    if best is not None:
        found = of_page(best, acknowledged, facts.reader_id, reader=best.user_id == facts.reader_id)
        return _beside(found, best, pages, entries, incident if quiet else None)
    rule = opened.rule if opened else None
    if incident.shadow:
        return Verdict("shadow", "unknown", {"ref": incident.ref}, rule=rule)
    if quiet:
        return Verdict("quiet", "maintenance", {"ref": incident.ref, "since": incident.quiet_since}, rule=rule)
    if not incident.has_policy or (opened is not None and opened.without_policy):
        return Verdict("no-policy", "degraded", {"ref": incident.ref, **_named(rule)}, rule=rule)
    if failed := [each for each in entries if each.failed]:
        return Verdict("nobody", "down", {"ref": incident.ref, "why": failed[0].text})
    if acknowledged is not None:
        values: dict[str, Any] = {"ref": incident.ref, "who": acknowledged.who, "at": acknowledged.at}
        return Verdict("acknowledged-first", "info", values)
    if not incident.is_active:
        return Verdict("over-first", "unknown", {"ref": incident.ref, "at": incident.resolved_at})
    following = next((each.next_at for each in facts.escalated if each.state == "running" and each.next_at), None)
    return Verdict("about-to", "info", {"ref": incident.ref, "at": following})


def _beside(
    found: Verdict, best: Paged, pages: Sequence[Paged], entries: Iterable[Entry], quiet: Incident | None
) -> Verdict:
    """What stands beside the page that is told of: others, people who were to be paged and were not, quiet since."""
    also = list(found.also)
    others = {each.user_id: each.user for each in pages if each.user_id != best.user_id and each.state == "sent"}
    if others:
        also.append(("others", {"number": len(others), "names": tuple(others.values())}))
    if failed := next((each for each in entries if each.failed), None):
        also.append(("missed", {"why": failed.text}))
    if quiet is not None:
        also.append(("quiet", {"ref": quiet.ref, "since": quiet.quiet_since}))
    return Verdict(found.code, found.tone, found.values, tuple(also), found.rule)


def _best(pages: Sequence[Paged], reader_id: int | None) -> Paged | None:
    """The page to tell of: the reader's own if it arrived, else the first that arrived, else what is nearest to it."""
    if not pages:
        return None
    return min(pages, key=lambda each: (_RANK.get(each.state, 4), each.user_id != reader_id, each.at, each.id))


def of_page(page: Paged, acknowledged: Entry | None, reader_id: int | None, *, reader: bool | None = None) -> Verdict:
    """What became of one page."""
    mine = page.user_id == reader_id if reader is None else reader
    values = {**_page_values(page, reader_id), "mine": mine}
    if page.problem:
        return Verdict("unreachable", "down", {**values, "why": page.problem}, rule=page.policy)
    if page.state == "failed":
        return Verdict("failed", "down", {**values, "answer": _answer(page.deliveries)}, rule=page.policy)
    if page.state == "cancelled":
        values |= {"why": page.cancelled, "called_off": page.cancelled_at}
        return Verdict("called-off", "unknown", values, rule=page.policy)
    if page.state == "pending":
        return Verdict("paging", "info", {**values, "answer": _answer(page.deliveries)}, rule=page.policy)
    if acknowledged is not None and acknowledged.at >= page.at:
        values |= {"who": acknowledged.who, "acknowledged": acknowledged.at}
        return Verdict("paged-acknowledged", "ok", values, rule=page.policy)
    return Verdict("paged", "info", values, rule=page.policy)


def _page_values(page: Paged, reader_id: int | None) -> dict[str, Any]:
    sent = next((each for each in page.deliveries if each.state == "sent"), None)
    first = sent or (page.deliveries[0] if page.deliveries else None)
    return {
        "person": page.user, "at": page.at, "delivered": page.sent_at, "channel": first.channel if first else "",
        "mine": page.user_id == reader_id, "because": page.why,
    }  # fmt: skip


def _answer(deliveries: Iterable[Sent]) -> str:
    """What a provider said last."""
    tries = [each for delivery in deliveries for each in delivery.tries if each.answer]
    return max(tries, key=lambda each: (each.ended_at or each.started_at, each.number)).answer if tries else ""


def _acknowledgement(entries: Iterable[Entry], incident_id: int | None = None) -> Entry | None:
    """Who acknowledged first."""
    wanted = (each for each in entries if each.kind == "acknowledged" and incident_id in (None, each.incident_id))
    return next(wanted, None)


def _outside(facts: Facts) -> Verdict:
    """For other organisations: which incident it belongs to, and nothing about whom of ours that woke."""
    if not facts.incidents:
        return Verdict("outside-none", "unknown")
    incident = facts.incidents[-1]
    return Verdict("outside", "info", {"ref": incident.ref, "status": incident.status})
