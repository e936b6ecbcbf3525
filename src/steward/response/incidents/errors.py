"""What can be wrong with an incident."""

from __future__ import annotations

from steward.foundation.errors import Conflict, NotFound


class IncidentNotFound(NotFound):
    code = "incident-not-found"


class HandoverNotFound(NotFound):
    code = "handover-not-found"


class HelpCallNotFound(NotFound):
    code = "help-call-not-found"


class IncidentClosedAlready(Conflict):
    """The incident is closed for good."""

    code = "incident-closed"


class NotResolved(Conflict):
    """Only a resolved incident can be closed or reopened."""

    code = "incident-not-resolved"


class CannotMove(Conflict):
    """Incidents in these states cannot be merged or split, or what was done cannot be undone any more."""

    code = "incident-cannot-move"


class HandoverPending(Conflict):
    """Somebody is asked to take over already."""

    code = "handover-pending"


class HandoverOver(Conflict):
    """The question whether somebody takes over has its answer, or is not asked any more."""

    code = "handover-over"


class HelpCallOver(Conflict):
    """Nobody has to come any more."""

    code = "help-call-over"
