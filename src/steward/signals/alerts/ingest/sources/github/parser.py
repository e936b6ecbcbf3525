"""GitHub's webhooks ``workflow_run``, ``check_suite`` and ``deployment_status``, as its documentation has them ("Webhook
events and payloads", REST API version 2022-11-28).

What failed is an alert until the same (workflow, suite of an app, environment) succeeds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import alert, branch_wanted, inner, object_of, signed, text

_FAILED = ("failure", "timed_out", "startup_failure", "error")
# Its suites are one for each workflow, with nothing that says which: the success of one would end the failure of another.
_ACTIONS_APP = "github-actions"


def parse(received: Received) -> Parsed:
    """Read one webhook; those that say nothing about success or failure (a ping, say) bring no alert."""
    event = received.header("x-github-event")
    if not event:
        raise Unreadable("The header X-GitHub-Event is missing.")
    payload = object_of(_body(received), "a webhook of GitHub's")
    read = _READERS.get(event)
    try:
        found = read(payload, received) if read else None
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])
    return Parsed([found] if found else [])


def verify(received: Received, secret: str) -> str:
    """The webhook's secret signs the body."""
    scheme, _equals, signature = received.header("x-hub-signature-256").partition("=")
    if scheme == "sha256" and signed(received, secret, signature):
        return ""
    return "X-Hub-Signature-256 does not belong to this body and this source's secret."


def _body(received: Received) -> bytes:
    """GitHub's other content type has the same JSON in a form's field."""
    if received.header("content-type").startswith("application/x-www-form-urlencoded"):
        return parse_qs(received.body.decode("latin-1")).get("payload", [""])[0].encode()
    return received.body


def _workflow(payload: dict[str, Any], received: Received) -> Normalised | None:
    run = inner(payload.get("workflow_run"))
    if payload.get("action") != "completed" or not _wanted(payload, run, received):
        return None
    name = text(run.get("name")) or text(inner(payload.get("workflow")).get("name"))
    return _alert(
        payload,
        {"alertname": "WorkflowFailed", "workflow": name, "branch": run.get("head_branch")},
        {
            "summary": f"{name} #{text(run.get('run_number'))} on {text(run.get('head_branch'))}",
            "description": run.get("display_title"),
            "conclusion": run.get("conclusion"),
            "event": run.get("event"),
            "commit": run.get("head_sha"),
            "actor": inner(run.get("actor")).get("login"),
        },
        outcome=run.get("conclusion"),
        at=run.get("updated_at"),
        url=run.get("html_url"),
        received=received,
    )


def _suite(payload: dict[str, Any], received: Received) -> Normalised | None:
    suite = inner(payload.get("check_suite"))
    app = inner(suite.get("app"))
    if payload.get("action") != "completed" or app.get("slug") == _ACTIONS_APP or not _wanted(payload, suite, received):
        return None
    home = text(inner(payload.get("repository")).get("html_url"))
    return _alert(
        payload,
        {"alertname": "ChecksFailed", "app": app.get("slug") or app.get("name"), "branch": suite.get("head_branch")},
        {
            "summary": f"{text(app.get('name'))} on {text(suite.get('head_branch'))}",
            "description": inner(suite.get("head_commit")).get("message"),
            "conclusion": suite.get("conclusion"),
            "commit": suite.get("head_sha"),
        },
        outcome=suite.get("conclusion"),
        at=suite.get("updated_at"),
        url=f"{home}/commit/{text(suite.get('head_sha'))}/checks" if home else "",
        received=received,
    )


def _deployment(payload: dict[str, Any], received: Received) -> Normalised | None:
    status, deployment = inner(payload.get("deployment_status")), inner(payload.get("deployment"))
    environment = text(status.get("environment")) or text(deployment.get("environment"))
    if deployment.get("transient_environment") is True or not environment:
        return None  # a preview that goes with its pull request
    return _alert(
        payload,
        {"alertname": "DeploymentFailed", "environment": environment, "task": deployment.get("task")},
        {
            "summary": f"{text(deployment.get('ref'))} to {environment}",
            "description": status.get("description"),
            "state": status.get("state"),
            "ref": deployment.get("ref"),
            "commit": deployment.get("sha"),
            "actor": inner(status.get("creator")).get("login"),
        },
        outcome=status.get("state"),
        at=status.get("created_at"),
        url=status.get("log_url") or status.get("target_url"),
        received=received,
    )


_READERS: dict[str, Callable[[dict[str, Any], Received], Normalised | None]] = {
    "workflow_run": _workflow,
    "check_suite": _suite,
    "deployment_status": _deployment,
}


def _wanted(payload: dict[str, Any], build: dict[str, Any], received: Received) -> bool:
    """Whether the branch is one whose failures matter; what comes from a fork has the same branch names and does not."""
    repository = inner(payload.get("repository"))
    head = inner(build.get("head_repository"))
    if head and head.get("id") != repository.get("id"):
        return False
    return branch_wanted(received, text(build.get("head_branch")), text(repository.get("default_branch")))


def _alert(
    payload: dict[str, Any],
    labels: dict[str, Any],
    annotations: dict[str, Any],
    *,
    outcome: Any,
    at: Any,
    url: Any,
    received: Received,
) -> Normalised | None:
    """The alert that an outcome begins or ends; none for what is neither, such as cancelled or skipped."""
    if outcome != "success" and outcome not in _FAILED:
        return None
    repository = text(inner(payload.get("repository")).get("full_name"))
    if not repository:
        raise BadAlert("repository.full_name is missing.")
    over = outcome == "success"
    return alert(
        {**labels, "severity": "error", "repository": repository},
        annotations,
        resolved=over,
        now=received.now,
        url=url,
        starts_at=None if over else at,
        ends_at=at if over else None,
    )
