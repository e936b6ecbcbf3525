"""What a workflow's webhook of New Relic sends with its default template, as documented in 2025 ("Webhook destinations",
"Workflow variables"): one issue, known by its id. Its priority and its title may change while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received
from steward.signals.alerts.ingest.sources.reading import keyed_alert, object_of, text

_OPEN = ("created", "activated", "acknowledged")
# "resolved" is what some templates in use write for it.
_CLOSED = ("closed", "resolved", "deactivated")
_OWN = {
    "id",
    "issueUrl",
    "title",
    "priority",
    "impactedEntities",
    "state",
    "createdAt",
    "alertPolicyNames",
    "alertConditionNames",
}
_MAX_NOTES = 40


def parse(received: Received) -> Parsed:
    """Read one issue."""
    payload = object_of(received.body, "an issue as New Relic's default template has it")
    try:
        return Parsed([_read(payload, received)])
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])


def _read(issue: Mapping[str, Any], received: Received) -> Normalised:
    key, state = text(issue.get("id")), text(issue.get("state")).lower()
    if not key:
        raise BadAlert("The issue has no id. Keep it in the template.")
    if state not in _OPEN + _CLOSED:
        raise BadAlert('The state must be one of New Relic\'s, such as "ACTIVATED" or "CLOSED".')
    conditions, entities = _names(issue.get("alertConditionNames")), _names(issue.get("impactedEntities"))
    title = text(issue.get("title"))
    labels = {
        "alertname": conditions or title or f"Issue {key}",
        "severity": text(issue.get("priority")).lower(),
        "entity": entities,
        "policy": _names(issue.get("alertPolicyNames")),
    }
    others = [name for name in issue if name not in _OWN][:_MAX_NOTES]
    return keyed_alert(
        key,
        labels,
        {**{name: issue[name] for name in others}, "summary": title, "issue_id": key},
        resolved=state in _CLOSED,
        now=received.now,
        url=issue.get("issueUrl"),
        starts_at=issue.get("createdAt"),
        ends_at=issue.get("updatedAt"),
    )


def _names(value: Any) -> str:
    """The names of a list as one text, in an order that does not change from one message to the next."""
    return ", ".join(sorted({text(each) for each in value} - {""})) if isinstance(value, list) else text(value)
