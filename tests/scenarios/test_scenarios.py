"""The timers mean what they mean in Alertmanager: the same timelines, the same configuration, the same notifications."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness.running import scratch
from tests.scenarios import alertmanager, steward
from tests.scenarios.stories import STORIES
from tests.scenarios.timeline import Scenario, Told, misses

ids = [each.name for each in STORIES]


@pytest.mark.django_db
@pytest.mark.parametrize("story", STORIES, ids=ids)
def test_steward(story: Scenario) -> None:
    told = steward.run(story)
    assert misses(story.wants, told) == [], told


@pytest.fixture(scope="module")
def theirs() -> Iterator[dict[str, list[Told]]]:
    """All scenarios run at once, so that they take as long as the longest."""
    with scratch() as folder:
        yield alertmanager.run_all(STORIES, folder)


@pytest.mark.e2e
@pytest.mark.xdist_group("scenarios")
@pytest.mark.skipif(alertmanager.COMMAND is None, reason="Alertmanager (prometheus-alertmanager) is missing")
@pytest.mark.parametrize("story", STORIES, ids=ids)
def test_alertmanager(story: Scenario, theirs: dict[str, list[Told]]) -> None:
    told = theirs[story.name]
    assert misses(story.wants, told) == [], told
