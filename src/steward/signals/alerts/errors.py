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


class BadMappingGiven(Invalid):
    """Expressions that cannot be used; ``fields`` says which."""

    code = "bad-mapping"


class VersionNotFound(NotFound):
    code = "version-not-found"


class RuleNotFound(NotFound):
    code = "rule-not-found"


class BadRuleGiven(Invalid):
    code = "bad-rule"


class TableNotFound(NotFound):
    code = "table-not-found"


class BadTable(Invalid):
    """A file that is no table; the message says in which line."""

    code = "bad-table"


class TableInUse(Conflict):
    code = "table-in-use"


class ParkedNotFound(NotFound):
    code = "parked-not-found"


class NotReplayable(Conflict):
    """A parked payload that still cannot be read, or was dealt with already."""

    code = "not-replayable"


class BadLabelSearch(Invalid):
    """A label search that is not ``name=value``."""

    code = "bad-label-search"
