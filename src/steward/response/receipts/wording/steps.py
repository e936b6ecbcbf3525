"""Steps as titles, and what is folded away below them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from steward.foundation.language import listed
from steward.foundation.ui.spans import absolute_words, duration_words
from steward.response.receipts.rules import Rule, Step
from steward.response.receipts.wording.common import channel_words, holder, until_words


def stage_words(stage: str) -> str:
    """The stage as people call it."""
    known = {
        "received": _("received"), "enrichment": _("enriched"), "deduplicated": _("deduplicated"),
        "enriched": _("matched"), "passed": _("judged"), "flapping": _("flap detection"), "maintenance": _("maintenance"),
        "silence": _("silence"),
        "inhibition": _("inhibition"), "muted": _("mute time"), "route": _("route"), "group": _("group"),
        "waited": _("group wait"), "topology": _("topology"), "outcome": _("routed"), "incident": _("incident"),
        "told": _("group interval"), "escalation": _("escalation"), "page": _("page"), "delivery": _("delivery"),
        "acknowledged": _("acknowledged"), "resolved": _("resolved"), "later": _("held"),
    }  # fmt: skip
    return known.get(stage, stage)


def title(step: Step, now: datetime) -> str:
    """What happened, in one line."""
    values = dict(step.values)
    values["incident"] = values.get("incident") or "—"
    if step.stage == "received":
        return _received(step.code) % values
    if step.stage == "enrichment":
        return _enriched(step.code, values)
    if step.stage in {"deduplicated", "enriched"}:
        return _known(step.code, values) % values
    if step.code in {"held", "held-since"}:
        rule = step.rule
        kind = "muted" if step.stage == "muted" else step.stage
        by = holder(kind, rule.name if rule else "", rule.id if rule else 0)
        until = until_words(values.get("until"), now)
        return _("Held by %(holder)s%(until)s") % {"holder": by, "until": until}
    if step.code == "entry":
        text = str(values["text"])
        text = text[:1].upper() + text[1:]
        return _("%(text)s, by %(who)s") % {"text": text, "who": values["who"]} if values["who"] else text
    if step.stage in {"page", "delivery"}:
        return _page(step.code, {**values, "channel": channel_words(str(values.get("channel", "")))})
    return _decided(step.code, values)


def _received(code: str) -> str:
    known = {
        "new": _("%(name)s fires: first report from %(source)s (%(parser)s)"),
        "again": _("%(name)s fires again: reported by %(source)s (%(parser)s)"),
        "changed": _("%(source)s reports it with other labels"),
        "firing": _("%(name)s fires: reported by %(source)s (%(parser)s)"),
        "resolved": _("%(source)s says that it is over"),
        "expired": _("%(source)s has not been heard of again: it counts as over"),
    }
    return known[code]


def _enriched(code: str, values: Mapping[str, Any]) -> str:
    if code == "added":
        return _("Rule %(rule)s added %(added)s") % {"rule": values["rule"], "added": listed(values["added"])}
    return _("Rule %(rule)s left %(names)s as it was") % {"rule": values["rule"], "names": listed(values["left"])}


def _known(code: str, values: Mapping[str, Any]) -> str:
    if code == "known":
        fired = values["fired"]
        return ngettext(
            "Known by its fingerprint: it has fired once",
            "Known by its fingerprint: it has fired %(fired)s times",
            fired,
        )
    known = {
        "unknown-before": _("Not known by its fingerprint: a new alert"),
        "service": _("Belongs to service %(service)s"),
        "item": _("Belongs to %(item)s"),
        "service-and-item": _("Belongs to service %(service)s and to %(item)s"),
        "nothing": _("Belongs to no service and no item"),
    }
    return known[code]


def _decided(code: str, values: Mapping[str, Any]) -> str:
    known = {
        "passed": _("Nothing held it"),
        "judged-anew": _("What held it is over: judged again (round %(round)s)"),
        "grouped": _("Put into its group"),
        "waited": _("Waited for others of its group"),
        "opened": _("Opened %(incident)s"), "reopened": _("Reopened %(incident)s"), "joined": _("Joined %(incident)s"),
        "symptom": _("Joined %(incident)s as a symptom"), "storm": _("Joined the storm %(incident)s"),
        "recorded": _("Recorded only"), "unrouted": _("No route takes it"), "overtaken": _("Overtaken by a later change"),
        "resolved": _("The end was noted"), "waiting": _("Waits for others of its group"),
        "changed-told": _("Responders were told that alerts joined"),
        "repeat-told": _("Responders were told that it still fires"),
        "changed-quiet": _("Alerts joined; nobody was told anew"), "repeat-quiet": _("It still fires; nobody was told anew"),
        "escalation": _("Policy %(policy)s, version %(version)s, begins"),
    }  # fmt: skip
    return known.get(code, code) % values


def _page(code: str, values: Mapping[str, Any]) -> str:
    known = {
        "chosen": _("%(person)s is to be paged"), "unreachable": _("%(person)s cannot be reached"),
        "sent": _("Delivered to %(person)s by %(channel)s"), "failed": _("Delivery to %(person)s by %(channel)s failed"),
        "retrying": _("Try %(number)s by %(channel)s to %(person)s did not get through"),
        "under-way": _("Being sent to %(person)s by %(channel)s"),
        "waiting": _("Waits to be sent to %(person)s by %(channel)s"),
        "told-in": _("Delivered to %(person)s by %(channel)s, in one message with page %(page)s"),
        "cancelled": _("The page to %(person)s was called off"), "late": _("A late answer about %(person)s by %(channel)s"),
        "cut-off": _("The try by %(channel)s to %(person)s was cut off"),
    }  # fmt: skip
    return known.get(code, _("%(channel)s to %(person)s")) % values


def fact_lines(step: Step, now: datetime) -> list[tuple[str, str]]:
    """What is folded away below a step, as names and texts."""
    lines = [(name, text) for key, value in step.facts for name, text in _fact(key, value)]
    if step.rule is not None:
        lines.append((_("Decided by"), rule_words(step.rule)))
    return lines


def _fact(key: str, value: Any) -> list[tuple[str, str]]:
    if key in {"labels", "group"}:
        text = ", ".join(f'{name}="{each}"' for name, each in sorted(value.items()))
        return [(_("Labels") if key == "labels" else _("Group"), text or _("all alerts of the route"))]
    if isinstance(value, datetime):
        names = {
            "first_seen": _("First seen"), "last_seen": _("Last heard of"), "started": _("Started"), "next": _("Goes on"),
        }  # fmt: skip
        return [(names.get(key, key), absolute_words(value))]
    if key in {"flapping", "maintenance", "silence", "inhibition"}:
        return [(stage_words(key).capitalize(), _asked(key, value))]
    if key in {"group_wait", "group_interval", "repeat_interval"}:
        names = {
            "group_wait": _("Group wait"), "group_interval": _("Group interval"), "repeat_interval": _("Repeat interval"),
        }  # fmt: skip
        return [(names[key], duration_words(value) if value else _("none"))]
    if key == "reopen":
        return [(_("Reopened within"), duration_words(value * 60))]
    if key == "path":
        return [(_("Path"), " → ".join(value))]
    if key == "policy_steps":
        return [(_("Step %(n)s") % {"n": number}, text) for number, text in enumerate(value, start=1)]
    names = {
        "fingerprint": _("Fingerprint"), "fired": _("Times fired"), "end_reason": _("Ended because"),
        "page_step": _("Step"), "target": _("Address"), "left": _("Left as it was"),
    }  # fmt: skip
    return [(names.get(key, key), str(value))] if value else []


def _asked(stage: str, number: int) -> str:
    if stage == "flapping":
        return _("quiet enough (flaps from %(n)s changes)") % {"n": number} if number else _("switched off")
    if stage == "inhibition":
        return ngettext("%(n)s rule, none holds it", "%(n)s rules, none holds it", number) % {"n": number}
    if number:
        return _("asked, none holds it")
    return _("none is active")


def rule_words(rule: Rule) -> str:
    """ "route Tier 1, version 3 (configuration version 12)"."""
    kinds = {
        "route": _("route %(name)s"), "silence": _("silence %(name)s"), "maintenance": _("maintenance window %(name)s"),
        "inhibition": _("inhibition rule %(name)s"), "flapping": _("flap detection"), "policy": _("policy %(name)s"),
        "schedule": _("schedule %(name)s"), "enrichment": _("rule of enrichment %(name)s"),
    }  # fmt: skip
    parts = [kinds.get(rule.kind, rule.kind) % {"name": rule.name}]
    if rule.version:
        parts.append(_("version %(n)s") % {"n": rule.version})
    if rule.configuration:
        parts.append(_("configuration version %(n)s") % {"n": rule.configuration})
    return listed(parts)
