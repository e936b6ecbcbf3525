"""Finding alerts by label and name: the same answer whichever way the database takes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from steward.signals.alerts import queries
from steward.signals.alerts.models import Alert
from steward.signals.alerts.tests.factories import NOW, lead, source, stored

pytestmark = pytest.mark.django_db


def by_labels(**labels: str) -> set[str]:
    return set(queries.labelled(queries.alerts(lead()), labels).values_list("name", flat=True))


@pytest.mark.parametrize("common", [1, 2_000], ids=["labels that many have", "labels that few have"])
def test_by_labels(common: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COMMON", common)
    prometheus = source()
    stored(prometheus, "One", labels={"alertname": "One", "job": "node", "env": 'it\'s "quoted"'})
    stored(prometheus, "Two", labels={"alertname": "Two", "job": "node"}, status="resolved")
    stored(prometheus, "Three", labels={"alertname": "Three", "job": "other"})
    assert by_labels(job="node") == {"One", "Two"}
    assert by_labels(job="node", env='it\'s "quoted"') == {"One"}
    assert by_labels(job="nobody") == set()
    firing = queries.labelled(queries.alerts(lead()).firing(), {"job": "node"}).order_by("-changed_at")[:10]
    assert [each.name for each in firing] == ["One"]


def test_what_is_not_among_the_newest_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "PROBED", 1)
    old = stored(source(), "Old", labels={"alertname": "Old", "job": "node"})
    Alert.objects.filter(pk=old.pk).update(changed_at=NOW - timedelta(days=30))
    stored(source(), "New", labels={"alertname": "New"})
    assert by_labels(job="node") == {"Old"}


def test_names_that_begin_with() -> None:
    for name in ("DiskFull", "DiskSlow", "Disk", "diskette", "ÄDisk", "Disk磁盘", "E", "Dis"):
        stored(source(), name)

    def found(text: str) -> set[str]:
        return set(queries.named(queries.alerts(lead()), text).values_list("name", flat=True))

    assert found("Disk") == {"DiskFull", "DiskSlow", "Disk", "Disk磁盘"}
    assert found("disk") == {"DiskFull", "DiskSlow", "Disk", "Disk磁盘", "diskette"}
    assert found("Disk磁") == {"Disk磁盘"}
    assert found("ä") == {"ÄDisk"}
    assert found("%isk") == found("D_sk") == set()
