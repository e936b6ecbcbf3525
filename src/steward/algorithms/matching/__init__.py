"""Label matching, as Alertmanager does it: matchers, their text form, group keys and fingerprints.

The semantics follow the Alertmanager documentation (prometheus.io/docs/alerting, sections "Matcher",
"Label matchers" and "route: group_by"); where we differ, the module that differs says so.
"""

from steward.algorithms.matching.errors import MatcherError
from steward.algorithms.matching.grammar import format_matchers, parse_matchers
from steward.algorithms.matching.index import MatcherIndex
from steward.algorithms.matching.labels import ALL_LABELS, fingerprint, group_key, group_labels
from steward.algorithms.matching.matchers import (
    OPERATORS,
    Matcher,
    Operator,
    explain,
    from_json,
    matches_all,
    to_json,
)
from steward.algorithms.matching.regex import MAX_PATTERN_LENGTH, MAX_VALUE_LENGTH

__all__ = [
    "ALL_LABELS",
    "MAX_PATTERN_LENGTH",
    "MAX_VALUE_LENGTH",
    "OPERATORS",
    "Matcher",
    "MatcherError",
    "MatcherIndex",
    "Operator",
    "explain",
    "fingerprint",
    "format_matchers",
    "from_json",
    "group_key",
    "group_labels",
    "matches_all",
    "parse_matchers",
    "to_json",
]
