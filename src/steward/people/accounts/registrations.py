"""Entries in the rail and the user menu, and the lists for saved views."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import lists
from steward.foundation.ui.navigation import MenuItem, NavItem, register, register_menu
from steward.people.accounts import listing

for _item in (
    NavItem("people", _("People"), "accounts:people", "users", "administer", 10, permission="people.view"),
    NavItem("teams", _("Teams"), "accounts:teams", "users-group", "administer", 20, permission="people.view"),
    NavItem(
        "organisations", _("Organisations"), "accounts:organisations", "building", "administer", 30,
        permission="people.view",
    ),
    NavItem("api-keys", _("API keys"), "accounts:api-keys", "key", "administer", 50, permission="apikeys.manage"),
    NavItem("settings", _("Settings"), "accounts:settings", "settings", "administer", 60, permission="settings.view"),
):  # fmt: skip
    register(_item)

register_menu(MenuItem("profile", _("Profile"), "accounts:profile", "user-circle", 10))
register_menu(MenuItem("sign-out", _("Sign out"), "accounts:sign-out", "logout", 900, post=True))

for _list in (
    lists.ListPage("people", _("People"), "accounts:people", listing.PeopleFilters, "people.view"),
    lists.ListPage("teams", _("Teams"), "accounts:teams", listing.TeamFilters, "people.view"),
    lists.ListPage(
        "organisations", _("Organisations"), "accounts:organisations", listing.OrganisationFilters, "people.view"
    ),
    lists.ListPage("api-keys", _("API keys"), "accounts:api-keys", listing.KeyFilters, "apikeys.manage"),
):
    lists.register(_list)
