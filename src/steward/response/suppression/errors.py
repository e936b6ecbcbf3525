"""What can go wrong here, with what to do next."""

from __future__ import annotations

from steward.foundation.errors import Conflict, Invalid, NotFound


class SilenceNotFound(NotFound):
    code = "silence-not-found"


class SilenceInvalid(Invalid):
    code = "silence-invalid"


class SilenceOver(Conflict):
    code = "silence-over"


class WindowNotFound(NotFound):
    code = "maintenance-not-found"


class WindowInvalid(Invalid):
    code = "maintenance-invalid"


class WindowOver(Conflict):
    code = "maintenance-over"
