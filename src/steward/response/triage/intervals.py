"""Named times as people fill them in and read them; the stored form is Alertmanager's ``time_intervals``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.dates import MONTHS_ALT, WEEKDAYS_ABBR
from django.utils.translation import gettext as _

# Alertmanager's week begins on Sunday: a range of days may not run over it.
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
LISTS = ("days_of_month", "months", "years")


class BadTimes(Exception):
    """Times of day that cannot be read; ``part`` is what was written."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


def spans_of(spec: Any) -> list[Mapping[str, Any]]:
    """The entries of a stored interval."""
    return [spec] if isinstance(spec, Mapping) else list(spec)


def fields_of(span: Mapping[str, Any]) -> dict[str, Any]:
    """One entry as a form shows it: weekdays as a list of names, everything else as text."""
    return {
        "weekdays": [WEEKDAYS[number] for number in _numbers(span.get("weekdays") or (), WEEKDAYS)],
        "times": ", ".join(f"{each['start_time']}-{each['end_time']}" for each in span.get("times") or ()),
        "location": span.get("location") or "UTC",
        **{name: ", ".join(str(each) for each in span.get(name) or ()) for name in LISTS},
    }


def span_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """One entry as it is stored. A night (22:00-06:00) becomes two times of day, before and after midnight, which is
    what Alertmanager has for it. Raises BadTimes."""
    found: dict[str, Any] = {}
    if days := _ranges(values["weekdays"]):
        found["weekdays"] = days
    if times := [each for part in _parts(values["times"]) for each in _times(part)]:
        found["times"] = times
    for name in LISTS:
        if parts := _parts(values[name]):
            found[name] = parts
    return {**found, "location": values["location"] or "UTC"} if found else {}


def words(spec: Any) -> list[str]:
    """What each entry says, for readers: “Mon–Fri 09:00–17:00 Europe/Berlin”."""
    return [_words(span) for span in spans_of(spec)]


def _words(span: Mapping[str, Any]) -> str:
    parts = [
        _listed(span, "weekdays", WEEKDAYS, [str(WEEKDAYS_ABBR[(number - 1) % 7]) for number in range(7)]),
        ", ".join(f"{each['start_time']}–{each['end_time']}" for each in span.get("times") or ()),
    ]
    if days := ", ".join(_span_of_days(str(each)) for each in span.get("days_of_month") or ()):
        parts.append(_("on days %(days)s of the month") % {"days": days})
    parts.append(_listed(span, "months", MONTHS, [str(MONTHS_ALT[number]) for number in range(1, 13)]))
    parts.append(", ".join(str(each).replace(":", "–") for each in span.get("years") or ()))
    said = " ".join(part for part in parts if part) or _("always")
    return f"{said} {span.get('location') or 'UTC'}"


def _span_of_days(text: str) -> str:
    first, colon, last = text.partition(":")
    return _("%(first)s to %(last)s") % {"first": first, "last": last} if colon else first


def _listed(span: Mapping[str, Any], name: str, names: Sequence[str], shown: Sequence[str]) -> str:
    return ", ".join(
        "–".join(shown[_place(end, names)] for end in str(each).split(":")) for each in span.get(name) or ()
    )


def _place(word: str, names: Sequence[str]) -> int:
    text = word.strip().lower()
    return int(text) - 1 if text.isdecimal() else names.index(text)


def _numbers(ranges: Iterable[Any], names: Sequence[str]) -> list[int]:
    found: set[int] = set()
    for each in ranges:
        ends = [_place(end, names) for end in str(each).split(":")]
        found.update(range(ends[0], ends[-1] + 1))
    return sorted(found)


def _ranges(days: Iterable[str]) -> list[str]:
    """Neighbouring weekdays as a range, as people would write them."""
    runs: list[list[int]] = []
    for number in sorted(WEEKDAYS.index(day) for day in days):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [WEEKDAYS[run[0]] + (f":{WEEKDAYS[run[-1]]}" if len(run) > 1 else "") for run in runs]


def _parts(text: str) -> list[str]:
    return [part for each in text.replace(";", ",").split(",") if (part := each.strip())]


def _times(part: str) -> list[dict[str, str]]:
    start, dash, end = (each.strip() for each in part.replace("–", "-").partition("-"))
    if not dash:
        raise BadTimes(part)
    start, end = start.rjust(5, "0"), end.rjust(5, "0")
    if start < end:
        return [{"start_time": start, "end_time": end}]
    night = [(start, "24:00"), ("00:00", end)]
    return [{"start_time": low, "end_time": high} for low, high in night if low != high]
