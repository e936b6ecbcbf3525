"""What rules of enrichment did stands in the receipt, with the version of the rules that did it."""

from __future__ import annotations

from typing import Any

import pytest

from steward.foundation.testing.pages import signed_in
from steward.response.receipts import shown
from steward.response.receipts.tests.factories import receipt
from steward.signals.alerts import rulebook, tables
from steward.signals.alerts.models import Alert
from steward.signals.alerts.tests.factories import NOW, lead, posted, source
from steward.signals.alerts.tests.test_mapping import send

pytestmark = pytest.mark.django_db(transaction=True)
CSV = "host,team,level\nhost-1,Payments,low\n"


def rule(name: str, columns: dict[str, str]) -> dict[str, Any]:
    given = {"name": name, "kind": "lookup", "target": "labels", "table": "hosts", "keys": {"host": "instance"}}
    return rulebook.save_rule(actor=lead(), now=NOW, given={**given, "columns": columns})


def test_each_rule_has_a_step_with_its_version() -> None:
    source("k")
    tables.save_table(actor=lead(), now=NOW, text=CSV, name="hosts")
    rule("owners", {"team": "team", "level": "severity"})
    rule("levels", {"level": "severity"})
    assert send("/in/k/api/v2/alerts", [posted("A")]) == [200]
    alert = Alert.objects.get()
    found = receipt(alert.pk)
    enriched = [each for each in shown.lines(found, NOW) if each.step.stage == "enrichment"]
    assert [each.title for each in enriched] == [
        "Rule owners added team=Payments", "Rule levels left severity as it was"
    ]  # fmt: skip
    assert [stage.stage for stage in found.steps[:4]] == ["received", "enrichment", "enrichment", "deduplicated"]
    assert enriched[0].rule == "rule of enrichment owners, version 2"
    assert ("Left as it was", "severity") in enriched[0].facts
    assert enriched[0].rule_url.endswith("/sources/enrichment/#rule-1")
    page = signed_in("viewer").get(f"/receipts/alerts/{alert.pk}").content.decode()
    assert "Rule owners added team=Payments" in page
