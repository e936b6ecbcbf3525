"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels, statuses

navigation.register(
    navigation.NavItem(
        "receipts", _("Who was paged?"), "receipts:why", "receipt", "operate", position=65, permission="oncall.view"
    )
)
panels.register("alert", "receipt", "receipts:alert-panel", position=5, permission="alerts.view")
panels.register("incident", "receipt", "receipts:incident-panel", position=5, permission="incidents.view")
panels.register("home", "held", "receipts:home-panel", position=40, permission="alerts.view")
statuses.register("paged", "ok", _("paged"))
statuses.register("not-paged", "unknown", _("not paged"))
