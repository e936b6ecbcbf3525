"""GitHub's webhooks."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from steward.foundation import clock
from steward.foundation.actors import system
from steward.signals.alerts import actions
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Normalised, Parsed, Unreadable
from steward.signals.alerts.models import Alert
from steward.signals.alerts.tests.factories import call, with_door
from steward.signals.alerts.tests.kinds import check_garbage, check_samples, check_set_up, read, sample

FOLDER = Path(__file__).resolve().parent.parent
WORKFLOW, SUITE, DEPLOYMENT = (
    {"X-GitHub-Event": name} for name in ("workflow_run", "check_suite", "deployment_status")
)


def of(name: str) -> Normalised:
    event = next(
        each for each in (WORKFLOW, SUITE, DEPLOYMENT) if name.startswith(each["X-GitHub-Event"].split("_")[0])
    )
    (found,) = read("github", sample(FOLDER, name), headers=event).good
    return found


def quiet(parsed: Parsed) -> bool:
    return not parsed.good and not parsed.bad


@pytest.mark.parametrize("event", [WORKFLOW, SUITE, DEPLOYMENT])
def test_samples(event: dict[str, str], tmp_path: Path) -> None:
    """Each of those that belong to the event, as often as it takes for the inherited check."""
    start = event["X-GitHub-Event"].split("_")[0]
    (tmp_path / "samples").mkdir()
    for path in (FOLDER / "samples").glob(f"{start}*.json"):
        for copy in range(3):
            (tmp_path / "samples" / f"{copy}-{path.name}").write_text(path.read_text())
    check_samples("github", "github", tmp_path, headers=event)


def test_a_workflow_fails_and_succeeds() -> None:
    failed, succeeded = of("workflow-failure.json"), of("workflow-success.json")
    assert failed.labels == succeeded.labels == {
        "alertname": "WorkflowFailed",
        "severity": "error",
        "repository": "sample/shop",
        "workflow": "CI",
        "branch": "main",
    }  # fmt: skip
    assert (failed.resolved, succeeded.resolved) == (False, True)
    assert failed.starts_at == datetime(2026, 3, 2, 11, 4, 41, tzinfo=UTC)
    assert succeeded.ends_at == datetime(2026, 3, 2, 11, 24, 9, tzinfo=UTC)
    assert failed.generator_url == "https://github.com/sample/shop/actions/runs/30433642"
    assert failed.annotations == {
        "summary": "CI #562 on main",
        "description": "Round totals up",
        "conclusion": "failure",
        "event": "push",
        "commit": "acb5820ced9479c074f688cc328bf03f341a511d",
        "actor": "octocat",
    }


def test_a_deployment_fails_and_succeeds() -> None:
    failed, succeeded = of("deployment-failure.json"), of("deployment-success.json")
    assert failed.labels == succeeded.labels == {
        "alertname": "DeploymentFailed",
        "severity": "error",
        "repository": "sample/shop",
        "environment": "production",
        "task": "deploy",
    }  # fmt: skip
    assert (failed.resolved, succeeded.resolved) == (False, True)
    assert succeeded.ends_at == datetime(2026, 3, 2, 11, 58, tzinfo=UTC)
    assert failed.annotations["summary"] == "v2.4.0 to production" and failed.annotations["state"] == "failure"
    assert failed.generator_url.endswith("/job/9")
    preview = sample(FOLDER, "deployment-failure.json")
    preview["deployment"]["transient_environment"] = True
    assert quiet(read("github", preview, headers=DEPLOYMENT))


def test_checks_of_an_app() -> None:
    found = of("check-suite-timed-out.json")
    assert found.labels == {
        "alertname": "ChecksFailed",
        "severity": "error",
        "repository": "sample/shop",
        "app": "sample-scanner",
        "branch": "main",
    }
    assert (
        found.generator_url == "https://github.com/sample/shop/commit/ec26c3e57ca3a959ca5aad62de7213c562f8c821/checks"
    )
    own = sample(FOLDER, "check-suite-timed-out.json")
    own["check_suite"]["app"]["slug"] = "github-actions"
    assert quiet(read("github", own, headers=SUITE))


@pytest.mark.parametrize(
    ("change", "query", "counts"),
    [
        ({}, "", True),
        ({"head_branch": "feature/x"}, "", False),
        ({"head_branch": "feature/x"}, "branches=main,feature/*", True),
        ({"head_branch": "main"}, "branches=release", False),
        ({"head_repository": {"id": 7}}, "", False),
        ({"conclusion": "cancelled"}, "", False),
        ({"conclusion": "startup_failure"}, "", True),
    ],
)
def test_which_runs_count(change: dict[str, Any], query: str, counts: bool) -> None:
    payload = sample(FOLDER, "workflow-failure.json")
    payload["workflow_run"].update(change)
    assert quiet(read("github", payload, headers=WORKFLOW, query=query)) is not counts


def test_what_says_nothing_and_what_cannot_be_read() -> None:
    assert quiet(read("github", {"zen": "Keep it simple.", "hook_id": 1}, headers={"X-GitHub-Event": "ping"}))
    assert quiet(read("github", {**sample(FOLDER, "workflow-failure.json"), "action": "requested"}, headers=WORKFLOW))
    with pytest.raises(Unreadable, match="X-GitHub-Event"):
        read("github", sample(FOLDER, "workflow-failure.json"))
    payload = sample(FOLDER, "workflow-failure.json")
    payload["repository"] = {"default_branch": "main", "id": 1296269}
    assert "full_name" in read("github", payload, headers=WORKFLOW).bad[0].error


def test_the_content_type_of_a_form() -> None:
    body = urlencode({"payload": json.dumps(sample(FOLDER, "workflow-failure.json"))}).encode()
    headers = {**WORKFLOW, "Content-Type": "application/x-www-form-urlencoded"}
    assert read("github", body, headers=headers).good == [of("workflow-failure.json")]
    with pytest.raises(Unreadable):
        read("github", b"payload=", headers=headers)


def test_garbage() -> None:
    for name, event in (
        ("workflow-failure.json", WORKFLOW),
        ("check-suite-timed-out.json", SUITE),
        ("deployment-failure.json", DEPLOYMENT),
    ):
        check_garbage("github", sample(FOLDER, name), headers=event)


def test_set_up() -> None:
    assert "branches=main" in check_set_up("github")


@pytest.mark.django_db(transaction=True)
def test_only_what_is_signed_comes_through_the_door() -> None:
    _source, key = actions.create_source(actor=system("test"), now=clock.now(), name="G", kind="github", secret="right")

    async def story(app: Application) -> list[int]:
        statuses = []
        for event, value in (("ping", {"zen": "x"}), ("workflow_run", sample(FOLDER, "workflow-failure.json"))):
            body = json.dumps(value).encode()
            for signature in (hmac.new(b"right", body, "sha256").hexdigest(), "0" * 64):
                headers = [
                    (b"x-github-event", event.encode()),
                    (b"x-hub-signature-256", b"sha256=" + signature.encode()),
                ]
                statuses.append((await call(app, f"/in/{key}/github", body, headers=headers)).status)
        return statuses

    assert with_door(story) == [200, 403, 200, 403]
    assert Alert.objects.get().labels["workflow"] == "CI"
