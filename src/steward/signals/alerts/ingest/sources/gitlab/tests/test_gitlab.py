"""GitLab's webhooks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from steward.signals.alerts.ingest.sources import Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.gitlab.parser import verify
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent


def of(name: str) -> Normalised:
    (found,) = read("gitlab", sample(FOLDER, name)).good
    return found


def quiet(parsed: Parsed) -> bool:
    return not parsed.good and not parsed.bad


def test_samples() -> None:
    check_samples("gitlab", "gitlab", FOLDER)


def test_a_pipeline_fails_and_succeeds() -> None:
    failed, succeeded = of("pipeline-failed.json"), of("pipeline-success.json")
    assert failed.labels == succeeded.labels == {
        "alertname": "PipelineFailed",
        "severity": "error",
        "project": "sample/shop",
        "branch": "main",
    }  # fmt: skip
    assert (failed.resolved, succeeded.resolved) == (False, True)
    assert failed.starts_at == datetime(2026, 3, 2, 11, 5, 28, tzinfo=UTC)
    assert succeeded.ends_at == datetime(2026, 3, 2, 11, 15, 28, tzinfo=UTC)
    assert failed.generator_url == "https://gitlab.example.org/sample/shop/-/pipelines/31"
    assert failed.annotations == {
        "summary": "Pipeline #31 on main",
        "description": "Round totals",
        "pipeline": "Pipeline for main",
        "source": "push",
        "failed_jobs": "unit",
        "commit": "bcbb5ec396a2c0f828686f14fac9b80b780504f2",
        "actor": "sample",
    }


def test_a_deployment_fails_and_succeeds() -> None:
    failed, succeeded = of("deployment-failed.json"), of("deployment-success.json")
    assert failed.labels == succeeded.labels == {
        "alertname": "DeploymentFailed",
        "severity": "error",
        "project": "sample/shop",
        "environment": "production",
        "environment_tier": "production",
    }  # fmt: skip
    assert failed.starts_at == datetime(2026, 3, 2, 10, 50, tzinfo=UTC)
    assert succeeded.ends_at == datetime(2026, 3, 2, 10, 58, tzinfo=UTC)
    assert failed.generator_url == "https://gitlab.example.org/sample/shop/-/jobs/796"
    assert quiet(read("gitlab", {**sample(FOLDER, "deployment-failed.json"), "environment": "review/x"}))


@pytest.mark.parametrize(
    ("change", "query", "counts"),
    [
        ({}, "", True),
        ({"ref": "feature"}, "", False),
        ({"ref": "feature"}, "branches=feature", True),
        ({"source": "merge_request_event"}, "", False),
        ({"source": "parent_pipeline"}, "", False),
        ({"status": "canceled"}, "", False),
        ({"status": "running"}, "", False),
    ],
)
def test_which_pipelines_count(change: dict[str, Any], query: str, counts: bool) -> None:
    payload = sample(FOLDER, "pipeline-failed.json")
    payload["object_attributes"].update(change)
    assert quiet(read("gitlab", payload, query=query)) is not counts


def test_a_schedule_is_another_thing_than_a_push() -> None:
    payload = sample(FOLDER, "pipeline-failed.json")
    payload["object_attributes"]["source"] = "schedule"
    (scheduled,) = read("gitlab", payload).good
    assert scheduled.labels["schedule"] == "true" and scheduled.fingerprint != of("pipeline-failed.json").fingerprint


def test_what_says_nothing_and_what_cannot_be_read() -> None:
    assert quiet(read("gitlab", {"object_kind": "push", "project": {}}))
    with pytest.raises(Unreadable, match="object_kind"):
        read("gitlab", {})
    payload = sample(FOLDER, "pipeline-failed.json")
    payload["project"] = None
    assert "path_with_namespace" in read("gitlab", payload).bad[0].error


def test_the_token_is_the_secret() -> None:
    def trouble(**headers: str) -> str:
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        return verify(Received(b"{}", NOW, "gitlab", "", pairs), "right")

    assert trouble(x_gitlab_token="right") == ""
    assert "X-Gitlab-Token" in trouble(x_gitlab_token="wrong") and "X-Gitlab-Token" in trouble()


def test_garbage() -> None:
    for name in ("pipeline-failed.json", "deployment-failed.json"):
        check_garbage("gitlab", sample(FOLDER, name))


def test_set_up() -> None:
    assert "branches=main" in check_set_up("gitlab")
