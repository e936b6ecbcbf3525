"""What can be wrong with a route."""

from steward.foundation.errors import Conflict, Invalid, NotFound


class RouteNotFound(NotFound):
    code = "route-not-found"


class BadRoute(Invalid):
    code = "bad-route"


class DefaultRoute(Conflict):
    """The default route catches what no other does: it stays, last and without matchers."""

    code = "default-route"


class TimesInUse(Conflict):
    """Routes are mute or active in them."""

    code = "times-in-use"
