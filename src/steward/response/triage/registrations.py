"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels, statuses

navigation.register(
    navigation.NavItem(
        "routes", _("Routes"), "triage:list", "route", "operate", position=60, permission="routes.view", shortcut="r"
    )
)
# The panel takes the alert's database key.
panels.register("alert", "decisions", "triage:alert-decisions", position=10, permission="routes.view")
panels.register("maintenance", "meanwhile", "triage:window-meanwhile", position=10, permission="alerts.view")

statuses.register("opened", "down", _("opened"))
statuses.register("joined", "info", _("joined"))
statuses.register("recorded", "unknown", _("recorded"))
statuses.register("unrouted", "degraded", _("not routed"))
statuses.register("overtaken", "unknown", _("overtaken"))
statuses.register("symptom", "info", _("symptom"))
statuses.register("storm", "down", _("storm"))
statuses.register("silence", "unknown", _("silenced"))
statuses.register("inhibition", "unknown", _("inhibited"))
statuses.register("flapping", "degraded", _("flapping"))
statuses.register("muted", "unknown", _("muted"))
