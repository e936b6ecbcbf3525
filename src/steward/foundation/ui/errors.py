"""Errors that pages can show."""

from django.utils.translation import gettext as _

from steward.foundation.errors import StewardError


class BadCursor(StewardError):
    """The paging cursor in the address is damaged or belongs to another sort order."""

    code = "bad-cursor"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            _("This page link is no longer valid. Open the first page of the list and continue from there.")
        )
