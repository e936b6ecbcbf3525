"""What can go wrong here, with what to do next."""

from __future__ import annotations

from steward.foundation.errors import Conflict, Invalid, NotFound


class ScheduleNotFound(NotFound):
    code = "schedule-not-found"


class ScheduleInvalid(Invalid):
    code = "schedule-invalid"


class LayerInvalid(ScheduleInvalid):
    code = "layer-invalid"


class LayerNotFound(NotFound):
    code = "layer-not-found"


class ScheduleInUse(Conflict):
    code = "schedule-in-use"


class OverrideNotFound(NotFound):
    code = "override-not-found"


class OverrideInvalid(Invalid):
    code = "override-invalid"


class SwapNotFound(NotFound):
    code = "swap-not-found"


class SwapInvalid(Invalid):
    code = "swap-invalid"


class SwapOver(Conflict):
    code = "swap-over"


class PolicyNotFound(NotFound):
    code = "policy-not-found"


class PolicyInvalid(Invalid):
    code = "policy-invalid"


class PolicyInUse(Conflict):
    code = "policy-in-use"


class NameTaken(Conflict):
    code = "name-taken"


class LinkNotFound(NotFound):
    code = "calendar-link-not-found"


class CalendarNotFound(NotFound):
    code = "calendar-not-found"


class CalendarInvalid(Invalid):
    code = "calendar-invalid"
