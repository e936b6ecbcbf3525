"""What can go wrong here, with what to do next."""

from steward.foundation.errors import Conflict, Invalid, NotFound


class LeaveInvalid(Invalid):
    code = "leave-invalid"


class LeaveOverlaps(Conflict):
    code = "leave-overlaps"


class LeaveNotFound(NotFound):
    code = "leave-not-found"


class WorkplaceInvalid(Invalid):
    code = "workplace-invalid"
