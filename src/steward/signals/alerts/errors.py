"""What can be wrong with sources and what they send."""

from steward.foundation.errors import Conflict, Invalid, NotFound


class SourceNotFound(NotFound):
    code = "source-not-found"


class AlertNotFound(NotFound):
    code = "alert-not-found"


class PayloadNotFound(NotFound):
    code = "payload-not-found"


class BadSource(Invalid):
    code = "bad-source"


class ParkedNotFound(NotFound):
    code = "parked-not-found"


class NotReplayable(Conflict):
    """A parked payload that still cannot be read, or was dealt with already."""

    code = "not-replayable"


class BadLabelSearch(Invalid):
    """A label search that is not ``name=value``."""

    code = "bad-label-search"
