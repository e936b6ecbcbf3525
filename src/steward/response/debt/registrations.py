"""What this room adds to the shell and to pages of other rooms, and what it removes when it is old."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from steward.foundation.history.registry import Cleaner, Step, register
from steward.foundation.ui import linkparts, lists, navigation, panels, statuses
from steward.response.debt import shown, wording
from steward.response.debt.forms import DebtFilters
from steward.response.debt.models import DailyFigures, Day, Worth

# Two years of days: this year's and last year's figures can be compared.
KEPT = timedelta(days=731)

navigation.register(
    navigation.NavItem(
        "alert-debt", _("Alert debt"), "debt:list", "trending-down", "understand", 40, permission="alerts.view"
    )
)
panels.register("alert", "debt", "debt:alert-panel", position=60, permission="alerts.view")
panels.register("incident", "worth", "debt:worth-panel", position=10, permission="incidents.view")
panels.register("home", "debt", "debt:home-panel", position=50, permission="alerts.view")
TONES = {"often": "ok", "sometimes": "degraded", "never": "down", "unknown": "unknown"}
for each, tone in TONES.items():
    statuses.register(f"acted-{each}", tone, wording.ACTIONABILITY[each])
for value, label in Worth.choices:
    statuses.register(f"worth-{value}", {"act": "ok", "info": "info", "noise": "degraded"}[value], label)
lists.register(lists.ListPage("alert-debt", _("Alert debt"), "debt:list", DebtFilters, permission="alerts.view"))
linkparts.register("incident", linkparts.LinkPart("worth", "debt/linked.html", shown.linked, shown.linked_answer))


def remove_old_days(before: datetime, _after: int) -> Step:
    days = list(Day.objects.filter(day__lt=before.date()).order_by("day").values_list("day", flat=True)[:20])
    DailyFigures.objects.filter(day__in=days).delete()
    Day.objects.filter(day__in=days).delete()
    return Step(len(days), 1 if days else None)


register(Cleaner("days of alert debt", remove_old_days, lifetime=KEPT))
