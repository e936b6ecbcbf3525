"""What can go wrong on the way out. Each error says whether a retry makes sense and whether the other side may
already have acted."""

from __future__ import annotations

from steward.foundation.errors import StewardError


class OutboundError(StewardError):
    """A call to the outside failed.

    ``retryable``: trying again later can help. ``maybe_delivered``: the whole message left this process and no answer
    came, so the other side may have acted on it. ``detail`` never contains a secret.
    """

    status = 502
    code = "outbound-failed"
    retryable = False
    maybe_delivered = False

    def __init__(self, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after


class Refused(OutboundError):
    """Steward itself does not make this call; only a change of address or configuration helps."""

    status = 422
    code = "outbound-refused"

    def __init__(self, detail: str, *, reason: str = "invalid") -> None:
        super().__init__(detail)
        self.reason = reason


class Unreachable(OutboundError):
    """No connection, or it broke before the message had left: nothing was delivered."""

    code = "outbound-unreachable"
    retryable = True


class NoAnswer(OutboundError):
    """The message left, but no complete answer came in time."""

    status = 504
    code = "outbound-no-answer"
    retryable = True
    maybe_delivered = True


class Rejected(OutboundError):
    """The other side answered that it does not take this; ``remote_status`` is its HTTP status or SMTP code."""

    code = "outbound-rejected"

    def __init__(self, detail: str, *, remote_status: int, retryable: bool, retry_after: float | None = None) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.remote_status = remote_status
        self.retryable = retryable
