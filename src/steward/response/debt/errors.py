"""What can go wrong in this room, with what to do about it."""

from __future__ import annotations

from steward.foundation.errors import Conflict, Invalid, NotFound


class LineNotFound(NotFound):
    code = "alert-debt-not-found"


class NotOver(Conflict):
    code = "incident-not-over"


class UnknownAnswer(Invalid):
    code = "unknown-answer"
