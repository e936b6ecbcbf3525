"""Entries in the rail."""

from django.utils.translation import gettext_lazy as _

from steward.estate.configuration.forms import ItemFilters, ServiceFilters
from steward.foundation.ui import lists
from steward.foundation.ui.navigation import NavItem, register

register(
    NavItem(
        "services", _("Services"), "configuration:services", "sitemap", "estate", 10, permission="estate.view",
        phone=True, shortcut="s",
    )
)  # fmt: skip
register(NavItem("items", _("Items"), "configuration:items", "server", "estate", 20, permission="estate.view"))
lists.register(
    lists.ListPage("services", _("Services"), "configuration:services", ServiceFilters, permission="estate.view")
)
lists.register(lists.ListPage("items", _("Items"), "configuration:items", ItemFilters, permission="estate.view"))
