"""What this room adds to the shell and to pages of other rooms."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels

navigation.register_menu(navigation.MenuItem("leave", _("Leave"), "workforce:leave", "calendar-off", position=30))
# The panel takes the person's key.
panels.register("user", "leave", "workforce:panel", position=40)
