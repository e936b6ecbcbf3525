"""What can go wrong here, with what to do next."""

from __future__ import annotations

from steward.foundation.errors import Conflict, Invalid, NotFound, StewardError, TooMany


class ContactMethodNotFound(NotFound):
    code = "contact-method-not-found"


class ContactMethodInvalid(Invalid):
    """The target cannot be used; the message says how to write it."""

    code = "contact-method-invalid"


class ContactMethodExists(Conflict):
    code = "contact-method-exists"


class TooManyContactMethods(TooMany):
    code = "too-many-contact-methods"


class BundlingInvalid(Invalid):
    code = "bundling-invalid"


class PageNotFound(NotFound):
    code = "page-not-found"


class LinkInvalid(NotFound):
    """The link was cut off or changed on the way."""

    code = "link-invalid"


class LinkExpired(StewardError):
    """The link is too old."""

    status = 410
    code = "link-expired"


class CodeWrong(Invalid):
    """The code that was sent is another one, or too old."""

    code = "code-wrong"


class TooManyCodes(TooMany):
    code = "too-many-codes"


class RuleInvalid(Invalid):
    """A notification rule or quiet hours that cannot be; the message says why."""

    code = "notification-rule-invalid"


class ChannelNotFound(NotFound):
    code = "channel-not-found"


class ChannelInvalid(Invalid):
    """The settings of a channel cannot be used."""

    code = "channel-invalid"
