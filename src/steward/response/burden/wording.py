"""The words of this room."""

from __future__ import annotations

from django.utils.translation import gettext as _

from steward.response.burden import rules


def short(code: str) -> str:
    """The same in so many words as fit into a table."""
    return {"share": _("> 25 % of the time"), "nights": _("> 10 nights"), "pages": _("> 2 pages in 12 h")}[code]


def too_much(code: str) -> str:
    """Why it is too much for a person."""
    if code == "share":
        return _("on call more than a quarter of the next 30 days")
    if code == "nights":
        return _("more than %(n)s nights in 30 days") % {"n": rules.MOST_NIGHTS}
    return _("more than two pages in twelve hours on average")


def how_points_are_made() -> str:
    """The sentence under every table of points."""
    points = {name: f"{value:g}" for name, value in rules.POINTS.items()}
    return (
        _(
            "One point is an hour on call. An hour at night (22:00–07:00 of the person's own clock) adds %(night)s, at a "
            "weekend %(weekend)s, on a public holiday %(holiday)s; a page adds %(page)s, one at night %(wake_up)s more."
        )
        % points
    )
