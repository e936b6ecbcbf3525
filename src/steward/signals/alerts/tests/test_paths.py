"""Which paths are named to whom."""

from __future__ import annotations

from typing import Any

import pytest

from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.tests.factories import call, source, with_door

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_not_there_names_the_paths_of_the_sources_own_kind_alone() -> None:
    for kind in ("grafana", "opsgenie", "alertmanager", "an-older-kind"):
        source(kind, kind=kind)

    async def story(app: Application) -> list[Any]:
        kinds = ("grafana", "opsgenie", "alertmanager", "an-older-kind")
        return [(await call(app, f"/in/{kind}/wrong", b"{}")).json for kind in kinds]

    grafana, opsgenie, alertmanager, older = [each["detail"] for each in with_door(story)]
    assert grafana == (
        "Below the key of a source of the kind Grafana there are: grafana."
        " The other kinds' paths are on the Sources page and in docs/sources.md."
    )
    assert "v2/alerts, v2/alerts/*/acknowledge, v2/alerts/*/close." in opsgenie and "zabbix" not in opsgenie
    assert "-/ready" in alertmanager and "api/v2/alerts" in alertmanager and "sentry" not in alertmanager
    assert "docs/sources.md" in older
