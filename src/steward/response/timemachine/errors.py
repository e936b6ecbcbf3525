"""What can go wrong with versions and drafts, with what to do next."""

from steward.foundation.errors import Conflict, Invalid, NotFound


class VersionNotFound(NotFound):
    code = "configuration-version-not-found"


class DraftNotFound(NotFound):
    code = "draft-not-found"


class ReplayNotFound(NotFound):
    code = "replay-not-found"


class DraftInvalid(Invalid):
    """The draft's text has problems; ``extra["problems"]`` has each with its line."""

    code = "draft-invalid"


class ImportInvalid(Invalid):
    """The file cannot be imported; ``extra["problems"]`` has each with its line."""

    code = "import-invalid"


class DraftChanged(Conflict):
    """Somebody else saved the draft meanwhile."""

    code = "draft-changed"


class DraftClosed(Conflict):
    """The draft was published; it stays as it was."""

    code = "draft-closed"


class LiveChanged(Conflict):
    """The live configuration is not the one that the draft began from, or that the publisher looked at."""

    code = "live-changed"


class NothingToPublish(Conflict):
    code = "nothing-to-publish"


class ReplayInvalid(Invalid):
    code = "replay-invalid"
