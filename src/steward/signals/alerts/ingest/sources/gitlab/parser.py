"""GitLab's webhooks for pipelines and deployments, as its documentation has them ("Webhook events", GitLab 15 to 18).

What failed is an alert until the same (project's branch, environment) succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import alert, branch_wanted, equal, inner, object_of, text

_PREVIEW = "review/"  # GitLab's own convention for environments that go with their merge request
_MAX_JOBS = 20


def parse(received: Received) -> Parsed:
    """Read one webhook; those about anything else bring no alert."""
    payload = object_of(received.body, "a webhook of GitLab's")
    kind = payload.get("object_kind") or payload.get("event_name")
    if not isinstance(kind, str):
        raise Unreadable('"object_kind" is missing.')
    read = _READERS.get(kind)
    try:
        found = read(payload, received) if read else None
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])
    return Parsed([found] if found else [])


def verify(received: Received, secret: str) -> str:
    """The webhook's secret token comes with every request."""
    return "" if equal(received.header("x-gitlab-token"), secret) else "X-Gitlab-Token is not this source's."


def _pipeline(payload: dict[str, Any], received: Received) -> Normalised | None:
    found, project = inner(payload.get("object_attributes")), inner(payload.get("project"))
    ref, source = text(found.get("ref")), text(found.get("source"))
    # A child's success would end what its parent began; merge requests' pipelines are before the merge.
    if source in ("parent_pipeline", "merge_request_event", "external_pull_request_event"):
        return None
    if not branch_wanted(received, ref, text(project.get("default_branch"))):
        return None
    number = text(found.get("id"))
    return _alert(
        payload,
        {"alertname": "PipelineFailed", "branch": ref, "schedule": "true" if source == "schedule" else ""},
        {
            "summary": f"Pipeline #{number} on {ref}",
            "description": inner(payload.get("commit")).get("title"),
            "pipeline": found.get("name"),
            "source": source,
            "failed_jobs": _failed_jobs(payload.get("builds")),
            "commit": found.get("sha"),
            "actor": inner(payload.get("user")).get("username"),
        },
        status=found.get("status"),
        at=found.get("finished_at"),
        url=found.get("url") or _below(project, f"/-/pipelines/{number}"),
        received=received,
    )


def _deployment(payload: dict[str, Any], received: Received) -> Normalised | None:
    environment = text(payload.get("environment"))
    if not environment or environment.startswith(_PREVIEW):
        return None
    return _alert(
        payload,
        {
            "alertname": "DeploymentFailed",
            "environment": environment,
            "environment_tier": payload.get("environment_tier"),
        },
        {
            "summary": f"{text(payload.get('ref'))} to {environment}",
            "description": payload.get("commit_title"),
            "ref": payload.get("ref"),
            "commit": payload.get("short_sha"),
            "actor": inner(payload.get("user")).get("username"),
        },
        status=payload.get("status"),
        at=payload.get("status_changed_at"),
        url=payload.get("deployable_url"),
        received=received,
    )


_READERS: dict[str, Callable[[dict[str, Any], Received], Normalised | None]] = {
    "pipeline": _pipeline,
    "deployment": _deployment,
}


def _failed_jobs(builds: Any) -> str:
    if not isinstance(builds, list):
        return ""
    failed = [inner(job) for job in builds]
    names = [
        text(job.get("name"))
        for job in failed
        if job.get("status") == "failed" and job.get("allow_failure") is not True
    ]
    return ", ".join(names[:_MAX_JOBS])


def _below(project: dict[str, Any], path: str) -> str:
    home = text(project.get("web_url"))
    return f"{home}{path}" if home else ""


def _alert(
    payload: dict[str, Any],
    labels: dict[str, Any],
    annotations: dict[str, Any],
    *,
    status: Any,
    at: Any,
    url: Any,
    received: Received,
) -> Normalised | None:
    """The alert that a status begins or ends; none for what is neither, such as running or canceled."""
    if status not in ("failed", "success"):
        return None
    project = text(inner(payload.get("project")).get("path_with_namespace"))
    if not project:
        raise BadAlert("project.path_with_namespace is missing.")
    over = status == "success"
    return alert(
        {**labels, "severity": "error", "project": project},
        annotations,
        resolved=over,
        now=received.now,
        url=url,
        starts_at=None if over else at,
        ends_at=at if over else None,
    )
