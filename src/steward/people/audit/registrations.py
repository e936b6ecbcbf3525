"""The entry in the rail."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui.navigation import NavItem, register

register(NavItem("audit", _("Audit"), "audit:list", "history", "administer", 40, permission="audit.view"))
