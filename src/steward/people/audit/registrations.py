"""The entry in the rail, and the list for saved views."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import lists
from steward.foundation.ui.navigation import NavItem, register
from steward.people.audit.trail import AuditFilters

register(NavItem("audit", _("Audit"), "audit:list", "history", "administer", 40, permission="audit.view"))
lists.register(lists.ListPage("audit", _("Audit"), "audit:list", AuditFilters, permission="audit.view"))
