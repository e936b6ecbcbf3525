"""Rules and lookup tables: through the door, on pages and in the API."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from steward.foundation import clock
from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from steward.foundation.testing.pages import signed_in
from steward.people.audit.models import AuditEntry
from steward.signals.alerts import enrichment, mapping, rulebook, tables
from steward.signals.alerts.models import Alert, AlertChange, EnrichmentVersion, LastPayload, LookupTable
from steward.signals.alerts.tests.factories import NOW, lead, posted, source
from steward.signals.alerts.tests.test_api import api, post
from steward.signals.alerts.tests.test_mapping import send

CSV = "host,owner,site\nhost-1,Payments,Oslo\nhost-2,Search,Lima\n"
LOOKUP: dict[str, Any] = {
    "name": "owners", "kind": "lookup", "target": "labels", "table": "hosts", "keys": {"host": "instance"},
    "columns": {"owner": "team", "site": "severity"},
}  # fmt: skip
PATTERN: dict[str, Any] = {
    "name": "number",
    "kind": "regex",
    "target": "annotations",
    "from": "instance",
    "pattern": "host-(?P<number>[0-9]+)",
}


def table(text: str = CSV, **more: Any) -> Any:
    return tables.save_table(actor=lead(), now=NOW, text=text, **{"name": "hosts", **more})


def save(given: Any, **more: Any) -> dict[str, Any]:
    return rulebook.save_rule(actor=lead(), now=NOW, given=given, **more)


@pytest.mark.django_db(transaction=True)
def test_alerts_are_enriched_at_the_door_and_the_change_says_by_what() -> None:
    source("k")
    table()
    save(LOOKUP)
    save(PATTERN)
    assert send("/in/k/api/v2/alerts", [posted("A"), posted("B", labels={"alertname": "B"})]) == [200]
    a = Alert.objects.get(name="A")
    assert a.labels["team"] == "Payments" and a.labels["severity"] == "Critical" and a.annotations["number"] == "1"
    noted = AlertChange.objects.get(alert=a).reason["enriched"]
    assert noted["version"] == 2
    assert [(each["name"], each["values"], each["kept"]) for each in noted["rules"]] == [
        ("owners", {"team": "Payments"}, ["severity"]), ("number", {"number": "1"}, [])
    ]  # fmt: skip
    assert "enriched" not in AlertChange.objects.get(alert__name="B").reason
    assert AlertChange.objects.get(alert__name="B").reason["code"] == "new"


@pytest.mark.django_db(transaction=True)
def test_a_table_that_changes_relabels_the_alert_that_fires_and_its_end_still_ends_it() -> None:
    source("k")
    made = table()
    save(LOOKUP)
    alert = posted("A")
    assert send("/in/k/api/v2/alerts", [alert]) == [200]
    table("host,owner,site\nhost-1,Billing,Oslo\n", table_id=made.table_id)
    assert send("/in/k/api/v2/alerts", [alert]) == [200]
    stored = Alert.objects.get()
    assert stored.labels["team"] == "Billing"
    last = AlertChange.objects.order_by("-id")[0].reason
    assert (last["code"], last["after"]) == ("changed", {"team": "Billing"})
    assert last["enriched"]["rules"][0]["values"] == {"team": "Billing"}
    assert send("/in/k/api/v2/alerts", [{**alert, "endsAt": alert["startsAt"]}]) == [200]
    stored.refresh_from_db()
    assert stored.status == "resolved" and "enriched" not in AlertChange.objects.order_by("-id")[0].reason


@pytest.mark.django_db(transaction=True)
def test_alerts_may_be_known_by_a_label_that_a_rule_added() -> None:
    of = source("k")
    table("host,owner,site\nhost-1,Payments,Oslo\nhost-2,Payments,Lima\n")
    save(LOOKUP)
    mapping.set_identity(actor=lead(), now=NOW, source_id=of.pk, mode="only", labels=["alertname", "team"], folds=True)
    one, other = ({"alertname": "A", "instance": f"host-{n}"} for n in (1, 2))
    assert send("/in/k/api/v2/alerts", [posted("A", labels=one), posted("A", labels=other)]) == [200]
    assert Alert.objects.get().labels["team"] == "Payments"


@pytest.mark.django_db
def test_every_write_is_a_version_and_old_rules_come_back() -> None:
    table()
    first, second = save(LOOKUP), save(PATTERN)
    assert [first["id"], second["id"]] == [1, 2]
    assert save(PATTERN, rule_id=2)["id"] == 2 and rulebook.version(lead()) == 2  # nothing is new
    rulebook.move_rule(actor=lead(), now=NOW, rule_id=2, position=0)
    rulebook.switch_rule(actor=lead(), now=NOW, rule_id=1, enabled=False)
    assert [(each["id"], each["enabled"]) for each in enrichment.document()] == [(2, True), (1, False)]
    rulebook.delete_rule(actor=lead(), now=NOW, rule_id=2)
    assert save({**PATTERN, "name": "again"})["id"] == 3  # never an id that was used
    rulebook.restore_rules(actor=lead(), now=NOW, number=2)
    assert [each["id"] for each in enrichment.document()] == [1, 2]
    assert rulebook.version(lead()) == EnrichmentVersion.objects.count() == 7
    assert AuditEntry.objects.filter(action__startswith="enrichment.").count() == 7
    for unknown in (
        lambda: rulebook.restore_rules(actor=lead(), now=NOW, number=99),
        lambda: save(PATTERN, rule_id=99),
        lambda: rulebook.move_rule(actor=lead(), now=NOW, rule_id=99, position=0),
        lambda: rulebook.delete_rule(actor=lead(), now=NOW, rule_id=99),
    ):
        with pytest.raises(NotFound):
            unknown()
    viewer = type(lead())(kind="user", id=None, label="V", role="viewer", permissions=frozenset({"sources.view"}))
    with pytest.raises(Forbidden):
        rulebook.delete_rule(actor=viewer, now=NOW, rule_id=1)
    with pytest.raises(Forbidden):
        tables.save_table(actor=viewer, now=NOW, text=CSV, name="other")


@pytest.mark.django_db
def test_rules_are_checked_against_their_table() -> None:
    table()
    for wrong, name in (
        ({"table": "none"}, "table"), ({"keys": {"site": "instance"}}, "keys"), ({"columns": {"rack": "a"}}, "columns"),
        ({"match": "env"}, "match"), ({"target": "x"}, "target"), ({"name": ""}, "name"), ({"kind": "x"}, "kind"),
        ({"kind": []}, "kind"), ({"sources": "1"}, "sources"), ({"keys": []}, "keys"), ({"table": 1}, "table"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as error:
            save({**LOOKUP, **wrong})
        assert error.value.fields[name], wrong
    assert not EnrichmentVersion.objects.exists()


@pytest.mark.django_db
def test_a_table_keeps_what_rules_ask_and_stays_while_one_does() -> None:
    made = table()
    save({**LOOKUP, "enabled": False})
    for text, key, field in (("host,owner\na,b\n", (), "content"), (CSV, ("site",), "key")):
        with pytest.raises(Invalid) as error:
            table(text, table_id=made.table_id, key=key)
        assert "owners" in error.value.fields[field][0]
    with pytest.raises(Conflict) as conflict:
        tables.delete_table(actor=lead(), now=NOW, table_id=made.table_id)
    assert "owners" in conflict.value.message
    second = table("host,owner,site\nhost-1,Payments,Rome\nhost-3,x,y\n", table_id=made.table_id)
    assert (second.number, second.difference) == (2, {"added": 1, "removed": 1, "changed": 1})
    first = tables.restore_table(actor=lead(), now=NOW, table_id=made.table_id, number=1)
    assert (first.number, first.note, tables.export(first.table).splitlines()[1:]) == (
        3, "version 1 again", CSV.splitlines()[1:]
    )  # fmt: skip
    with pytest.raises(NotFound):
        tables.restore_table(actor=lead(), now=NOW, table_id=made.table_id, number=9)
    rulebook.delete_rule(actor=lead(), now=NOW, rule_id=1)
    tables.delete_table(actor=lead(), now=NOW, table_id=made.table_id)
    assert not LookupTable.objects.exists()
    with pytest.raises(Invalid):
        rulebook.restore_rules(actor=lead(), now=NOW, number=1)
    assert AuditEntry.objects.filter(action__startswith="lookup-table.").count() == 4


@pytest.mark.django_db
def test_pages_of_rules() -> None:
    of = source(kind="alertmanager")
    client, base = signed_in("lead"), "/sources/enrichment"
    assert b"No rules yet" in client.get(f"{base}/").content
    assert b"There is no table" in client.get(f"{base}/new/lookup").content
    assert client.get(f"{base}/new/other").status_code == 404
    table()
    body = json.dumps([posted("A")]).encode()
    LastPayload.objects.create(source=of, at=clock.now(), endpoint="api/v2/alerts", size=len(body), body=body)
    typed = {
        "name": "owners", "target": "labels", "table": "hosts", "keys": "host = instance", "columns": "owner = team",
        "enabled": "on", "note": "n",
    }  # fmt: skip
    tried = client.post(f"{base}/try/lookup", typed).content.decode()
    assert "Payments" in tried and "owners" in tried
    assert "no column rack" in client.post(f"{base}/try/lookup", {**typed, "columns": "rack = team"}).content.decode()
    begun = client.post(f"{base}/try/lookup", {**typed, "keys": ""}).content.decode()
    assert "Fill in the rule" in begun and "required" not in begun
    assert client.post(f"{base}/new/lookup", {**typed, "columns": "rack = team"}).status_code == 422
    assert client.post(f"{base}/new/lookup", typed).status_code == 302
    site = {
        "name": "site",
        "target": "annotations",
        "of": "labels",
        "from": "instance",
        "pattern": "(?P<site>[a-z]+)-.*",
    }
    assert client.post(f"{base}/new/regex", {**site, "enabled": "on", "sources": [of.pk]}).status_code == 302
    assert b"has no named group" in client.post(f"{base}/new/regex", {**site, "pattern": "a"}).content
    page = client.get(f"{base}/").content.decode()
    assert page.index("owners") < page.index("→ site") and of.name in page
    assert client.post(f"{base}/2/move", {"direction": "up"}).status_code == 302
    assert client.post(f"{base}/1/switch", {"enabled": "0"}).status_code == 302
    assert [(each["id"], each["enabled"]) for each in enrichment.document()] == [(2, True), (1, False)]
    edit = client.get(f"{base}/1/").content.decode()
    assert "host = instance" in edit and "owner = team" in edit
    assert "Payments" in client.post(f"{base}/try/lookup?rule=1", typed).content.decode()
    jmes = {"name": "j", "target": "labels", "values": "short = labels.alertname"}
    assert "short" in client.post(f"{base}/try/jmespath", jmes).content.decode()
    assert client.post(f"{base}/new/jmespath", jmes).status_code == 302
    assert client.post(f"{base}/new/service", {**jmes, "values": "tier = tier\nci = item"}).status_code == 302
    assert client.post(f"{base}/new/service", {**jmes, "values": "tier = x"}).status_code == 422
    assert client.post(f"{base}/2/delete").status_code == 302
    assert client.post(f"{base}/versions/1/restore").status_code == 302
    assert [each["id"] for each in enrichment.document()] == [1]


@pytest.mark.django_db
def test_pages_of_tables() -> None:
    client, base = signed_in("lead"), "/sources/tables"
    assert b"No tables yet" in client.get(f"{base}/").content
    assert client.get(f"{base}/new").status_code == 200

    def file(text: bytes) -> Any:
        return {"file": SimpleUploadedFile("hosts.csv", text, "text/csv")}

    looked = client.post(f"{base}/preview", file(CSV.encode())).content.decode()
    assert "2 rows" in looked and "Lima" in looked and 'value="host" checked' in looked
    bad = client.post(f"{base}/preview", file(b"host,owner\na,\xe9\n")).content.decode()
    assert "Line 2: the byte 0xE9 is not UTF-8" in bad
    twice = client.post(f"{base}/preview", file(b"site,host\na,1\na,2\n")).content.decode()
    assert "a is on line 2 already" in twice and 'value="host"' in twice
    chosen = client.post(f"{base}/preview", {**file(b"site,host\na,1\na,2\n"), "key": ["host"]}).content.decode()
    assert "2 rows" in chosen
    assert client.post(f"{base}/new", {"name": "a b", **file(CSV.encode())}).status_code == 422
    assert client.post(f"{base}/new", {"name": "hosts"}).status_code == 422
    assert client.post(f"{base}/new", {"name": "hosts", **file(CSV.encode()), "key": ["host"]}).status_code == 302
    made = LookupTable.objects.get()
    page = f"{base}/{made.pk}"
    assert b"Lima" in client.get(f"{page}/").content and b"2 rows" in client.get(f"{base}/").content
    changed = CSV.replace("Lima", "Rome")
    differs = client.post(
        f"{base}/preview?table={made.pk}", {"content": changed.replace("\n", "\r\n")}
    ).content.decode()
    assert "0 added, 0 removed, 1 changed" in differs and "Rome" in differs and "Lima" in differs
    assert client.post(f"{page}/replace", {"content": changed}).status_code == 302
    assert client.get(f"{page}/export.csv").content.decode().replace("\r\n", "\n") == changed
    assert client.post(f"{page}/versions/1/restore").status_code == 302
    assert b"version 1 again" in client.get(f"{page}/").content
    save(LOOKUP)
    assert client.post(f"{page}/delete").status_code == 409
    assert b"owners" in client.get(f"{page}/").content
    rulebook.delete_rule(actor=lead(), now=NOW, rule_id=1)
    assert client.post(f"{page}/delete").status_code == 302 and not LookupTable.objects.exists()


@pytest.mark.django_db
def test_api() -> None:
    of, client = source(kind="alertmanager"), api()
    made = post(client, "/lookup-tables", {"name": "hosts", "csv": CSV, "key": ["host"]}).json()
    assert (made["rows"], made["added"]) == (2, 2)
    path = f"/api/v1/lookup-tables/{made['id']}"
    put = client.put(f"{path}/csv?preview=true", CSV.replace("Lima", "Rome"), content_type="text/csv")
    assert (put.json()["changed"], put.json()["version"]) == (1, 1)
    put = client.put(f"{path}/csv?note=moved", CSV.replace("Lima", "Rome"), content_type="text/csv")
    assert (put.json()["changed"], put.json()["version"]) == (1, 2)
    bad = client.put(f"{path}/csv", "host,owner\na,b,c\n", content_type="text/csv")
    assert bad.status_code == 422 and "Line 2: 3 values" in bad.content.decode()
    assert "Rome" in client.get(f"{path}/csv").content.decode()
    assert [each["number"] for each in client.get(f"{path}/versions").json()] == [2, 1]
    assert post(client, f"{path.removeprefix('/api/v1')}/versions/2/restore").json()["version"] == 3
    kept = post(client, "/enrichment", {"rules": [LOOKUP, PATTERN], "note": "all"}, "put").json()
    assert (kept["version"], [each["id"] for each in kept["rules"]]) == (1, [1, 2])
    swapped = post(client, "/enrichment", {"rules": [kept["rules"][1], LOOKUP]}, "put").json()
    assert [each["id"] for each in swapped["rules"]] == [2, 3]
    wrong = post(client, "/enrichment", {"rules": [LOOKUP, {**PATTERN, "pattern": "("}]}, "put")
    assert post(client, "/enrichment", {"rules": [{**LOOKUP, "id": "x", "kind": ["x"]}]}, "put").status_code == 422
    assert wrong.status_code == 422 and "rules.2.pattern" in wrong.content.decode()
    body = json.dumps([posted("A")]).encode()
    LastPayload.objects.create(source=of, at=clock.now(), endpoint="api/v2/alerts", size=len(body), body=body)
    tried = post(client, "/enrichment/try", {"rule": LOOKUP}).json()
    assert tried[0]["after"]["labels"]["team"] == "Payments" and "team" not in tried[0]["before"]["labels"]
    assert [each["rule"] for each in tried[0]["did"]] == ["number", "owners", "owners"]  # the saved one, then this
    assert client.get(path).json()["rules"] == ["owners"]
    assert client.delete(path).status_code == 409
    added = post(client, "/enrichment/rules", {"rule": {**PATTERN, "name": "third"}})
    assert added.status_code == 201 and added.json()["id"] == 4
    rule = "/enrichment/rules/4"
    assert post(client, rule, {"rule": {**PATTERN, "name": "3rd"}}, "put").json()["name"] == "3rd"
    assert post(client, f"{rule}/switch", {"enabled": False}).json()["enabled"] is False
    assert post(client, f"{rule}/move", {"position": 0}).json()["rules"][0]["id"] == 4
    assert client.delete(f"/api/v1{rule}").status_code == 204
    assert len(client.get("/api/v1/enrichment/versions").json()) == 7
    assert post(client, "/enrichment/versions/1/restore").json()["rules"] == kept["rules"]
