"""What this room adds to the shell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels

navigation.register(
    navigation.NavItem(
        "alerts", _("Alerts"), "alerts:list", "bell", "operate", 20, permission="alerts.view", phone=True, shortcut="a"
    )
)
navigation.register(
    navigation.NavItem(
        "sources", _("Sources"), "alerts:sources", "plug-connected", "administer", 35, permission="sources.view"
    )
)
panels.register("service", "alerts", "alerts:service-panel", position=10, permission="alerts.view")
panels.register("item", "alerts", "alerts:item-panel", position=10, permission="alerts.view")
