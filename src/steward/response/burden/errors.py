"""What can go wrong here, with what to do next."""

from steward.foundation.errors import Invalid, NotFound


class ReportNotFound(NotFound):
    code = "shift-report-not-found"


class ReportInvalid(Invalid):
    code = "shift-report-invalid"


class NoteInvalid(Invalid):
    code = "handoff-note-invalid"


class GuardInvalid(Invalid):
    code = "guard-invalid"


class PayInvalid(Invalid):
    code = "pay-invalid"
