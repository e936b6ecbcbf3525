"""What this room adds to the shell, to pages of other rooms and to the ingest door."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.rest import keyed
from steward.foundation.ui import lists, navigation, panels
from steward.response.suppression import alertmanager
from steward.response.suppression.forms.silences import SilenceFilters

navigation.register(
    navigation.NavItem(
        "silences",
        _("Silences"),
        "suppression:silences",
        "bell-off",
        "operate",
        position=62,
        permission="silences.view",
        shortcut="z",
    )
)
navigation.register(
    navigation.NavItem(
        "maintenance",
        _("Maintenance"),
        "suppression:windows",
        "tools",
        "operate",
        position=64,
        permission="maintenance.view",
        shortcut="m",
    )
)
lists.register(lists.ListPage("silences", _("Silences"), "suppression:silences", SilenceFilters, "silences.view"))
panels.register("alert", "silences", "suppression:alert-silences", position=5, permission="silences.view")
panels.register("incident", "silences", "suppression:incident-silences", position=60, permission="silences.view")
panels.register("source", "silences", "suppression:source-silences", position=20, permission="sources.view")
panels.register("maintenance", "scope", "suppression:window-scope", position=50, permission="maintenance.view")
panels.register("service", "maintenance", "suppression:service-windows", position=40, permission="maintenance.view")

keyed.register("api/v2/silences", r"api/v2/silences", ("GET", "POST"), alertmanager.silences)
keyed.register("api/v2/silence/<id>", r"api/v2/silence/(?P<id>[^/]{1,64})", ("GET", "DELETE"), alertmanager.silence)
keyed.register_marker(alertmanager.marks)
