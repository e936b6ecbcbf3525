"""What can be wrong with sources and what they send."""

from steward.foundation.errors import Invalid, NotFound, StewardError


class SourceNotFound(NotFound):
    code = "source-not-found"


class AlertNotFound(NotFound):
    code = "alert-not-found"


class BadSource(Invalid):
    code = "bad-source"


class BadPayload(StewardError):
    """The whole body cannot be read."""

    status = 400
    code = "bad-payload"


class TooLarge(StewardError):
    status = 413
    code = "payload-too-large"


class Unavailable(StewardError):
    """The database does not answer: nothing was stored, send again."""

    status = 503
    code = "unavailable"
