"""What this room adds to the shell and to pages of other rooms."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import navigation, panels

navigation.register(
    navigation.NavItem(
        "burden", _("On-call burden"), "burden:everybody", "activity", "understand", 50, permission="oncall.view"
    )
)
panels.register("schedule", "notes", "burden:schedule-panel", position=20, permission="oncall.view")
panels.register("home", "shift-questions", "burden:questions", position=5, permission="oncall.view")
