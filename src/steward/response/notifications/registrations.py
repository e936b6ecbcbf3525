"""What this room adds to the shell and to pages of other rooms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels

navigation.register_menu(
    navigation.MenuItem("contacts", _("How you are reached"), "notifications:contacts", "phone-call", position=20)
)
navigation.register(
    navigation.NavItem(
        "channels", _("Channels"), "notifications:channels", "message", group="administer", position=60,
        permission="people.manage",
    )
)  # fmt: skip
# The panels take the subject's database key.
panels.register("incident", "pages", "notifications:incident-pages", position=40, permission="incidents.view")
panels.register("user", "reach", "notifications:person-panel", position=20)
