"""What outcomes and reasons are called, and how to mend a difference."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.response.shadow.rules import Pair

OUTCOMES = {
    "both": _("both"), "time": _("different time"), "receiver": _("different receiver"),
    "group": _("grouped differently"), "only_alertmanager": _("only Alertmanager"), "only_steward": _("only Steward"),
    "neither": _("neither"),
}  # fmt: skip
TONES = {
    "both": "ok", "time": "degraded", "receiver": "degraded", "group": "degraded", "only_alertmanager": "down",
    "only_steward": "down", "neither": "unknown",
}  # fmt: skip
MODES = {"live": _("live"), "shadow": _("shadow"), "off": _("off")}
REASONS = {
    "none": _("no difference"),
    "group_wait": _("group wait is not the same"),
    "group_interval": _("group interval is not the same"),
    "repeat_interval": _("repeat interval is not the same"),
    "late": _("told at another time"),
    "receiver": _("another receiver"),
    "unmapped": _("no policy stands for the receiver"),
    "group_by": _("group by is not the same"),
    "silence": _("a silence that Alertmanager does not have"),
    "maintenance": _("a maintenance window here"),
    "inhibition": _("an inhibition that Alertmanager does not have"),
    "muted": _("a time interval that Alertmanager does not have"),
    "flapping": _("it flaps, and Steward holds it"),
    "symptom": _("a symptom of another incident"),
    "unknown_alert": _("Steward never got the alert"),
    "recorded": _("the route only records"),
    "unrouted": _("no route takes it"),
    "silent_receiver": _("nothing was heard of its receiver"),
    "held_there": _("held in Alertmanager"),
    "not_told": _("not told here"),
}
HINTS = {
    "group_wait": _(
        "The group wait of route “%(route)s” is %(here)s s here; Alertmanager told %(there)s s after the "
        "alert began."
    ),
    "group_interval": _(
        "The group interval of route “%(route)s” is %(here)s s here. Compare it with the route in "
        "alertmanager.yml."
    ),
    "repeat_interval": _(
        "The repeat interval of route “%(route)s” is %(here)s s here. Compare it with the route in "
        "alertmanager.yml."
    ),
    "late": _("Look at both timelines of its alerts."),
    "receiver": _(
        "Route “%(route)s” pages “%(here)s” here; Alertmanager told “%(there)s”. Change the route's policy, "
        "or say below which policy stands for the receiver."
    ),
    "unmapped": _("Say below which escalation policy stands for the receiver “%(there)s”."),
    "group_by": _("Route “%(route)s” groups by %(here)s here; Alertmanager by %(there)s."),
    "silence": _("Held here: %(why)s. End that silence, or make the same one in Alertmanager."),
    "maintenance": _("Held here: %(why)s. Alertmanager has no maintenance windows."),
    "inhibition": _("Held here: %(why)s. Compare the inhibition with inhibit_rules."),
    "muted": _("Held here: %(why)s. Compare the route's times with its mute_time_intervals."),
    "flapping": _(
        "Held here: %(why)s. Alertmanager does not hold what flaps; the pipeline's settings can switch it "
        "off."
    ),
    "symptom": _(
        "It joined the incident of what its service depends on. Alertmanager does not know what depends on "
        "what."
    ),
    "unknown_alert": _("Let Prometheus send to both: add this source to its alertmanagers."),
    "recorded": _("Its route opens no incident. Let it, or take the alert to another route."),
    "unrouted": _("No route takes it. Compare the tree of routes with alertmanager.yml."),
    "silent_receiver": _(
        "No notification to a receiver for “%(here)s” has come. Add the snippet to that receiver in "
        "alertmanager.yml, or say below which policy stands for it."
    ),
    "held_there": _(
        "Alertmanager has a silence, an inhibition or a time interval that Steward does not have. Import the "
        "silences with amtool (see the documentation), then compare the rest."
    ),
    "not_told": _("Look at the decisions on its alerts: they say why Steward told nobody."),
}  # fmt: skip


def hint(pair: Pair) -> str:
    """How to mend it."""
    text = str(HINTS.get(pair.reason, ""))
    known = {"route": "", "here": "", "there": "", "why": "", **pair.facts}
    return text % known
