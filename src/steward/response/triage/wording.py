"""The sentences that decisions are explained with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from steward.algorithms.matching import format_matchers
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import ngettext, once
from steward.foundation.ui.spans import duration_words
from steward.response.triage.rules import FlappingSpec, InhibitionSpec, RouteSpec
from steward.signals.alerts.events import ChangedAlert

if TYPE_CHECKING:
    from steward.response.triage.meanwhile import Meanwhile

NAMES_TOLD = 5


def takes(route: RouteSpec) -> str:
    """Why the alert is here: `severity="critical"` holds, or nothing else took it."""
    if route.matchers:
        return _("it has %(matchers)s") % {"matchers": format_matchers(route.matchers)[1:-1]}
    return _("no other route took it") if route.is_default else _("the route takes every alert")


def grouped(route: RouteSpec) -> str:
    return _grouped(route.group_by)


@once
def _grouped(labels: Sequence[str]) -> str:
    if not labels:
        return _("all alerts of the route are one group")
    return _("grouped by %(labels)s") % {"labels": ", ".join(labels)}


def by_route(route: RouteSpec) -> str:
    return _by_route(route.name, route.version)


@once
def _by_route(name: str, version: int) -> str:
    return _("route %(name)s, version %(version)s") % {"name": name, "version": version}


def unrouted() -> str:
    return _("No enabled route takes these labels.")


def recorded(route: RouteSpec) -> str:
    return _("Recorded, no incident: %(takes)s, and the route only records.") % {"takes": takes(route)}


def overtaken() -> str:
    return _("A later change of the same alert was already there when this one was looked at.")


def waiting(route: RouteSpec, until: datetime) -> str:
    text = _("Waits until %(until)s UTC for others of its group (%(grouped)s; group wait %(wait)s): %(takes)s.")
    wait = duration_words(route.group_wait)
    return text % {"until": f"{until:%H:%M:%S}", "grouped": grouped(route), "wait": wait, "takes": takes(route)}


def opened(route: RouteSpec, ref: str, waited: bool = False) -> str:
    after = (
        _("after the group wait of %(wait)s") % {"wait": duration_words(route.group_wait)} if waited else _("at once")
    )
    text = _("Opened %(ref)s %(after)s: %(takes)s; %(grouped)s; %(paging)s.")
    return text % {
        "ref": ref,
        "after": after,
        "takes": takes(route),
        "grouped": grouped(route),
        "paging": paging(route),
    }


def paging(route: RouteSpec) -> str:
    return _("its policy pages people") if route.policy_id is not None else _("without a policy nobody is paged")


def joined(route: RouteSpec, ref: str, raised: str = "") -> str:
    if raised:
        text = _("Joined %(ref)s, which its group (%(grouped)s) has open, and raised it to %(severity)s.")
        return text % {"ref": ref, "grouped": grouped(route), "severity": raised}
    text = _("Joined %(ref)s, which its group (%(grouped)s) has open: nobody is paged again.")
    return text % {"ref": ref, "grouped": grouped(route)}


def fires_again(route: RouteSpec) -> str:
    return _("fires again within %(n)s minutes of being resolved") % {"n": route.reopen_minutes}


def reopened(route: RouteSpec, ref: str) -> str:
    return _("Reopened %(ref)s: it %(why)s; %(paging)s.") % {
        "ref": ref, "why": fires_again(route), "paging": paging(route),
    }  # fmt: skip


def resolved(route: RouteSpec, ref: str, *, active: bool, last: bool) -> str:
    if not active:
        return _("Resolved; %(ref)s was over already.") % {"ref": ref}
    if last and route.auto_resolve:
        return _("Resolved, as the last firing alert of %(ref)s: the incident resolves itself.") % {"ref": ref}
    if last:
        return _("Resolved, as the last firing alert of %(ref)s; the route leaves it to people to resolve it.") % {
            "ref": ref
        }
    return _("Resolved; other alerts of %(ref)s still fire.") % {"ref": ref}


def resolved_early(waiting_still: bool) -> str:
    if waiting_still:
        return _("Resolved within the group wait, before an incident was opened.")
    return _("Resolved; its group has no incident.")


def ended(change: ChangedAlert) -> str:
    """Why the alert ended; a reason that this does not know speaks for itself."""
    known = {
        "sender_resolved": _("its sender says that it ended"),
        "expired": _("not heard of again before its end"),
    }
    return known.get(str(change.reason.get("code"))) or str(change.reason.get("text") or _("its sender says so"))


def title(firing: Sequence[ChangedAlert], service: str) -> str:
    """What people read first: the first alert's summary, or its name and what it is about."""
    first = firing[0]
    said = first.annotations.get("summary") or first.annotations.get("title") or ""
    if said.strip():
        return said.strip()
    where = service or next(
        (first.labels[name] for name in ("service", "instance", "host", "job") if first.labels.get(name)), ""
    )
    return _("%(alert)s on %(where)s") % {"alert": first.name, "where": where} if where else first.name


def after_maintenance(title: str, found: Meanwhile) -> str:
    """What whoever is paged at the end of a maintenance window reads first."""
    text = ngettext(
        "Maintenance “%(title)s” is over. While it lasted %(n)s alert fired in its scope, %(firing)s still fire: %(names)s.",
        "Maintenance “%(title)s” is over. While it lasted %(n)s alerts fired in its scope, %(firing)s still fire: %(names)s.",
        found.fired,
    )
    names = ", ".join(f"{line.fired} × {line.name}" for line in found.lines[:NAMES_TOLD])
    more = " …" if found.names > NAMES_TOLD else ""
    return text % {"title": title, "n": found.fired, "firing": found.firing, "names": names + more}


def flapping(changes: int, spec: FlappingSpec) -> str:
    """Why an alert that changes all the time is held."""
    text = _("It flaps: %(n)s changes within %(window)s. Its changes are held until it is quiet for %(quiet)s.")
    return text % {
        "n": max(changes, spec.changes), "window": duration_words(spec.window), "quiet": duration_words(spec.quiet),
    }  # fmt: skip


def inhibited(rule: InhibitionSpec) -> str:
    text = _("Inhibited by rule %(name)s, version %(version)s: %(source)s fires with the same %(equal)s.")
    return text % {
        "name": rule.name, "version": rule.version, "source": format_matchers(rule.source)[1:-1],
        "equal": ", ".join(rule.equal) or "—",
    }  # fmt: skip


def muted(name: str, until: datetime | None) -> str:
    if until is None:
        return _("Its route pages nobody at this time (%(name)s).") % {"name": name}
    text = _("Its route pages nobody at this time (%(name)s); it is looked at again at %(until)s UTC.")
    return text % {"name": name, "until": f"{until:%Y-%m-%d %H:%M}"}


def symptom(path: Sequence[str]) -> str:
    return _("a symptom: %(path)s") % {"path": " → ".join(path)}


def joined_cause(ref: str, path: Sequence[str]) -> str:
    text = _("A symptom of %(ref)s: %(path)s. It joined that incident, and nobody is paged for it alone.")
    return text % {"ref": ref, "path": " → ".join(path)}


def in_storm(route: RouteSpec) -> str:
    text = _("route %(name)s is in a storm: more than %(n)s incidents within a minute")
    return text % {"name": route.name, "n": route.storm_groups}


def stormed(route: RouteSpec, ref: str) -> str:
    return _("Joined %(ref)s: %(storm)s. Nobody is paged for it alone.") % {"ref": ref, "storm": in_storm(route)}


def storm_title(route: RouteSpec, alerts: int, groups: int) -> str:
    text = _("Storm on route %(name)s: %(alerts)s alerts in %(groups)s groups")
    return text % {"name": route.name, "alerts": alerts, "groups": groups}


def still_firing(kind: str, firing: int) -> str:
    """What responders hear after the first page."""
    if kind == "changed":
        return ngettext("more alerts joined: %(n)s fires now", "more alerts joined: %(n)s fire now", firing) % {
            "n": firing
        }
    return ngettext("still firing: %(n)s alert", "still firing: %(n)s alerts", firing) % {"n": firing}
