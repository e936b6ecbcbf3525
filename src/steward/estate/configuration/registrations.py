"""Entries in the rail."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui.navigation import NavItem, register

register(
    NavItem(
        "services", _("Services"), "configuration:services", "sitemap", "estate", 10, permission="estate.view",
        phone=True, shortcut="s",
    )
)  # fmt: skip
register(NavItem("items", _("Items"), "configuration:items", "server", "estate", 20, permission="estate.view"))
