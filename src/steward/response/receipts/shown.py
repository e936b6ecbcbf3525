"""Receipts in the form in which pages and the API show them: sentences, and addresses of the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from steward.response.receipts import rules
from steward.response.receipts.queries import Receipt
from steward.response.receipts.wording import steps as words
from steward.response.receipts.wording.times import took_words

_ICONS = {
    "received": "antenna-bars-5", "enrichment": "table", "deduplicated": "copy", "enriched": "tags",
    "passed": "checks", "flapping": "activity", "maintenance": "tools", "silence": "bell-off", "inhibition": "eye-off",
    "muted": "clock-pause", "group": "stack-2",
    "waited": "clock", "outcome": "route", "incident": "urgent", "told": "repeat", "escalation": "trending-up",
    "page": "bell-ringing", "delivery": "send", "acknowledged": "hand-stop", "resolved": "circle-check",
    "later": "clock-pause",
}  # fmt: skip
ICONS = {"ok": "circle-check", "info": "info-circle", "maintenance": "bell-off", "down": "alert-octagon"}


@dataclass(frozen=True, slots=True)
class Line:
    """One step as a page draws it; ``day`` is set where a new day begins, ``alert`` where several have steps."""

    step: rules.Step
    icon: str
    stage: str
    alert: str
    title: str
    took: str
    facts: tuple[tuple[str, str], ...]
    url: str
    rule: str
    rule_url: str
    day: date | None


def lines(receipt: Receipt, now: datetime) -> list[Line]:
    """The steps, ready to be drawn."""
    found: list[Line] = []
    day: date | None = None
    several = len({each.alert_id for each in receipt.facts.decided}) > 1
    for step in receipt.steps:
        today = timezone.localtime(step.at).date()
        found.append(
            Line(
                step=step, icon=_ICONS.get(step.stage, "circle-dot"), stage=words.stage_words(step.stage),
                alert=str(step.values.get("alert", "")) if several else "", title=words.title(step, now),
                took=took_words(step.took), facts=tuple(words.fact_lines(step, now)),
                url=step_url(step, receipt.facts), rule=words.rule_words(step.rule) if step.rule else "",
                rule_url=rule_url(step.rule), day=today if today != day else None,
            )
        )  # fmt: skip
        day = today
    return found


def step_url(step: rules.Step, facts: rules.Facts) -> str:
    """Where the thing of the step stands: its page's receipt, its incident, its alert."""
    if step.page_id is not None and step.stage == "page" and facts.kind != "page":
        return address("receipts:page", step.page_id)
    numbers = {each.id: each.number for each in facts.incidents}
    if step.incident_id in numbers and facts.kind != "incident" and step.stage in {"outcome", "incident"}:
        return address("incidents:detail", numbers[step.incident_id or 0])
    if step.alert_id is not None and facts.kind != "alert" and step.stage == "received":
        return address("alerts:detail", step.alert_id)
    return ""


def rule_url(rule: rules.Rule | None) -> str:
    """The rule as it was in the version that decided, where versions have a page; else the rule."""
    if rule is None:
        return ""
    if rule.configuration and (found := address("timemachine:version", rule.configuration)):
        return found
    if rule.kind == "policy":
        return address("oncall:policy", rule.slug) if rule.slug else ""
    names = {
        "route": "triage:edit", "silence": "suppression:silence", "maintenance": "suppression:window",
        "inhibition": "triage:inhibition",
    }  # fmt: skip
    if rule.kind == "flapping":
        return address("triage:pipeline")
    if rule.kind == "enrichment":
        return f"{address('alerts:enrichment')}#rule-{rule.id}"
    return address(names[rule.kind], rule.id) if rule.kind in names and rule.id else ""


def address(name: str, *parts: object) -> str:
    """The address of a page of any room; empty where there is none."""
    try:
        return reverse(name, args=parts)
    except NoReverseMatch:
        return ""


def banner_icon(tone: str) -> str:
    return ICONS.get(tone, "info-circle")
