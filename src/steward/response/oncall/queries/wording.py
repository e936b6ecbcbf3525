"""Steps and their conditions in words that can be stored."""

from __future__ import annotations

from steward.foundation.outbound.redact import redact_url
from steward.foundation.sentences import Sentence, joined, ngettext
from steward.foundation.sentences import gettext as _
from steward.response.oncall import rules

WORKDAYS = (0, 1, 2, 3, 4)


def step_words(step: rules.Step) -> Sentence:
    """What a step does, without its condition: "notify who is on call for Application"."""
    if step.kind == rules.WAIT:
        return ngettext("wait %(n)s minute", "wait %(n)s minutes", step.wait_minutes) % {"n": step.wait_minutes}
    if step.kind == rules.WAIT_HOURS:
        return _("wait until %(hours)s") % {"hours": hours_words(step.hours)}
    if step.kind == rules.CONTINUE_IF:
        return _continue_words(step)
    values = {"name": step.label, "n": len(step.people), "severity": step.severity, "url": redact_url(step.url)}
    words = {
        rules.NOTIFY_SCHEDULE: _("notify who is on call for %(name)s"),
        rules.NOTIFY_PREVIOUS: _("notify who was on call for %(name)s before"),
        rules.NOTIFY_NEXT: _("notify who is on call for %(name)s next"),
        rules.NOTIFY_USER: _("notify %(name)s"),
        rules.NOTIFY_TEAM: _("notify the team %(name)s"),
        rules.TURN_TEAM: _("notify one member of the team %(name)s, in turn"),
        rules.TURN_PEOPLE: _("notify one of %(name)s, in turn"),
        rules.WEBHOOK: _("call %(url)s"),
        rules.RUNBOOK: _("start the runbook %(name)s"),
        rules.RAISE_SEVERITY: _("raise the severity to %(severity)s"),
        rules.END: _("end"),
    }
    return words[step.kind] % values if step.kind in words else joined(step.label)


def _continue_words(step: rules.Step) -> Sentence:
    condition = condition_words(step.only_if)
    if not step.skip:
        return _("continue only %(condition)s, else end") % {"condition": condition}
    text = ngettext(
        "continue only %(condition)s, else jump over %(n)s step", "continue only %(condition)s, else jump over %(n)s steps",
        step.skip,
    )  # fmt: skip
    return text % {"condition": condition, "n": step.skip}


def condition_words(condition: rules.Condition) -> Sentence:
    """When a step is taken: "if it is Mon–Fri 09:00–17:00 Europe/Berlin and SEV2 or worse"; nothing without one."""
    parts: list[Sentence] = []
    if condition.hours is not None:
        text = _("outside %(hours)s") if condition.outside else _("within %(hours)s")
        parts.append(text % {"hours": hours_words(condition.hours)})
    if condition.severity:
        parts.append(_("if it is %(severity)s or worse") % {"severity": condition.severity})
    if condition.alerts is not None:
        text = ngettext(
            "after more than %(number)s alerts within %(n)s minute", "after more than %(number)s alerts within %(n)s minutes",
            condition.minutes,
        )  # fmt: skip
        parts.append(text % {"number": condition.alerts, "n": condition.minutes})
    return joined(*parts, between=", ")


def hours_words(hours: rules.Hours | None) -> Sentence:
    """ "Mon–Fri 09:00–17:00 Europe/Berlin"."""
    if hours is None:
        return joined()
    days = _days(tuple(sorted(hours.days)))
    times = f"{hours.start}–{hours.end}" if hours.start != hours.end else ""
    return joined(days, times, hours.zone, between=" ")


def _days(days: tuple[int, ...]) -> Sentence:
    names = [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]
    if len(days) == 7:
        return _("every day")
    if len(days) > 2 and days == tuple(range(days[0], days[-1] + 1)):
        return joined(names[days[0]], names[days[-1]], between="–")
    return joined(*(names[day] for day in days if 0 <= day <= 6), between=", ")


def unmet_words(condition: rules.Condition, found: rules.Unmet) -> Sentence:
    """Why a condition does not hold."""
    if found.what == "severity":
        values = {"found": found.found, "severity": condition.severity}
        return _("it is %(found)s, not %(severity)s or worse") % values
    if found.what == "alerts":
        text = ngettext(
            "%(found)s alerts came within %(n)s minute, not more than %(number)s",
            "%(found)s alerts came within %(n)s minutes, not more than %(number)s", condition.minutes,
        )  # fmt: skip
        return text % {"found": found.found, "number": condition.alerts, "n": condition.minutes}
    values = {"hours": hours_words(condition.hours)}
    return (_("it is within %(hours)s") if found.what == "inside" else _("it is outside %(hours)s")) % values
