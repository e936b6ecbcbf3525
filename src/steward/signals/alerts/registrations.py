"""What this room adds to the shell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import lists, navigation, panels
from steward.signals.alerts.forms import AlertFilters

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
lists.register(lists.ListPage("alerts", _("Alerts"), "alerts:list", AlertFilters, permission="alerts.view"))
