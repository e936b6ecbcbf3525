"""Pure decisions of triage: no clock, no database; each takes what it needs and says why."""

from steward.response.triage.rules.configuration import Configuration, TopologySpec
from steward.response.triage.rules.flapping import FlappingSpec, enters, quiet_at
from steward.response.triage.rules.groups import (
    Change,
    Collapsed,
    GroupStep,
    IncidentState,
    Outcome,
    Spoken,
    collapse,
    next_look,
    next_step,
    reopens,
    stays_apart,
    tells,
)
from steward.response.triage.rules.inhibition import Inhibitions, InhibitionSpec, Place, Source, muted_by
from steward.response.triage.rules.inhibition import key_of as inhibition_key
from steward.response.triage.rules.routes import (
    MatcherResult,
    RouteMatch,
    RouteSpec,
    Tree,
    key_of,
    labels_of,
    match_routes,
    matching,
    walk,
    written,
)
from steward.response.triage.rules.severities import SEVERITIES, USUAL_SEVERITIES, severity, worst
from steward.response.triage.rules.storms import WINDOW as STORM_WINDOW
from steward.response.triage.rules.storms import StormState, opens

__all__ = [
    "SEVERITIES", "STORM_WINDOW", "USUAL_SEVERITIES", "Change", "Collapsed", "Configuration", "FlappingSpec", "GroupStep",
    "IncidentState", "InhibitionSpec", "Inhibitions", "MatcherResult", "Outcome", "Place", "RouteMatch", "RouteSpec",
    "Source", "Spoken", "StormState", "TopologySpec", "Tree", "collapse", "enters", "inhibition_key", "key_of", "labels_of",
    "match_routes", "matching", "muted_by", "next_look", "next_step", "opens", "quiet_at", "reopens", "severity",
    "stays_apart", "tells", "walk", "worst", "written",
]  # fmt: skip
