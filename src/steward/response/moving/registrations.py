"""What this room adds to the shell."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation

navigation.register(
    navigation.NavItem("moving", _("Moving in"), "moving:move", "upload", "administer", 45, permission="people.manage")
)
