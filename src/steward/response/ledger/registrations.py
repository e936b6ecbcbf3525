"""What this room adds to the shell."""

from django.utils.translation import gettext_lazy as _

from steward.foundation.ui import lists, navigation
from steward.response.ledger.listing import LedgerFilters

navigation.register(
    navigation.NavItem(
        "ledger", _("Page ledger"), "ledger:list", "shield-check", "administer", 70, permission="audit.view"
    )
)
lists.register(lists.ListPage("ledger", _("Page ledger"), "ledger:list", LedgerFilters, "audit.view"))
