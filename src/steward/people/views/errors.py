"""What can be wrong with a saved view."""

from steward.foundation.errors import Conflict, Invalid, NotFound


class ViewNotFound(NotFound):
    code = "view-not-found"


class BadView(Invalid):
    code = "bad-view"


class NameTaken(Conflict):
    code = "view-name-taken"


class TooManyViews(Conflict):
    code = "too-many-views"
