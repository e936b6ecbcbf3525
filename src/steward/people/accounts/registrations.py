"""Entries in the menus."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui.navigation import MenuItem, register_menu

register_menu(MenuItem("sign-out", _("Sign out"), "accounts:sign-out", "logout", 900, post=True))
