"""What can go wrong here, with what to do next."""

from steward.foundation.errors import Invalid


class ExportUnreadable(Invalid):
    code = "export-unreadable"
