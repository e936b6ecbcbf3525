"""Triage decides on every changed alert, judges anew what silences and windows held, keeps what explains an incident, and
holds to what people merged and split."""

from steward.foundation.events import subscribe
from steward.response.incidents.events import (
    GroupsAsked,
    IncidentsMerged,
    IncidentSplit,
    MergeUndoing,
    MergeUndone,
    SplitPlanned,
)
from steward.response.suppression.events import SuppressionChanged
from steward.response.triage import actions, queries, regrouping
from steward.signals.alerts.events import AlertsChanged, AlertsLeaving, ChangesGone, ChangesLeaving


@subscribe(AlertsChanged)
def alerts_changed(event: AlertsChanged) -> None:
    actions.route_changes(now=event.now, changes=event.changes)


@subscribe(AlertsLeaving)
def alerts_leaving(event: AlertsLeaving) -> None:
    event.kept.update(queries.alerts_waiting(event.alert_ids))


@subscribe(ChangesLeaving)
def changes_leaving(event: ChangesLeaving) -> None:
    event.kept.update(queries.changes_of_incidents(event.change_ids))


@subscribe(ChangesGone)
def changes_gone(event: ChangesGone) -> None:
    actions.forget_changes(event.change_ids)


@subscribe(SuppressionChanged)
def suppression_changed(event: SuppressionChanged) -> None:
    actions.suppression_changed(now=event.now, kind=event.kind, ref_id=event.id)


subscribe(IncidentsMerged)(regrouping.merged)
subscribe(MergeUndoing)(regrouping.merge_undoing)
subscribe(MergeUndone)(regrouping.merge_undone)
subscribe(SplitPlanned)(regrouping.split_planned)
subscribe(IncidentSplit)(regrouping.split)
subscribe(GroupsAsked)(regrouping.groups_asked)
