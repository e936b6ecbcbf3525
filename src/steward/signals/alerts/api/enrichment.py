"""Enrichment: the rules with their versions and trial, and lookup tables."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from ninja.responses import Status

from steward.foundation import clock
from steward.signals.alerts import rehearsal, rulebook, tables
from steward.signals.alerts.api.core import actor_of, key_of
from steward.signals.alerts.api.reading import TriedAlert, tried
from steward.signals.alerts.enriching import MAX_RULES
from steward.signals.alerts.models import EnrichmentVersion, LookupTable, LookupVersion

rules = Router(tags=["enrichment"])
lookups = Router(tags=["enrichment"])
MOST_NUMBER = 2**31 - 1
RULE = "A rule, as docs/enrichment.md describes it: name, kind, target and what its kind needs."


class EnrichmentOut(Schema):
    version: int = Field(description="0: there never was a rule.")
    rules: list[dict[str, Any]] = Field(description="In the order in which they run.")


class EnrichmentIn(Schema):
    rules: list[dict[str, Any]] = Field(
        max_length=MAX_RULES,
        description="All of them, in order; one with the id of a rule that is there stays that rule.",
    )
    note: str = Field("", max_length=300)


class EnrichmentRuleIn(Schema):
    rule: dict[str, Any] = Field(description=RULE)
    note: str = Field("", max_length=300)


class RuleMove(Schema):
    position: int = Field(ge=0, le=MAX_RULES, description="Counted from 0; beyond the end is the end.")


class RuleSwitch(Schema):
    enabled: bool


class EnrichmentVersionOut(Schema):
    number: int
    at: datetime
    author: str
    note: str
    document: list[dict[str, Any]]


class RuleTrialIn(Schema):
    rule: dict[str, Any] = Field(description=RULE)
    rule_id: int | None = Field(
        None, ge=0, le=MOST_NUMBER, description="In the place of this rule; else after the last."
    )


class RuleDid(Schema):
    rule: str
    target: Literal["labels", "annotations"]
    values: dict[str, str]
    kept: list[str] = Field(description="Names that the alert had already.")


class EnrichedAlert(Schema):
    source_id: int
    before: TriedAlert
    after: TriedAlert
    did: list[RuleDid]


class LookupOut(Schema):
    id: int
    name: str
    version: int
    at: datetime
    author: str
    note: str
    rows: int
    key: list[str]
    columns: list[str]
    rules: list[str] = Field(description="Names of the rules that look things up in it.")


class LookupVersionOut(Schema):
    number: int
    at: datetime
    author: str
    note: str
    rows: int
    key: list[str]
    columns: list[str]
    difference: dict[str, int] = Field(description="Rows added, removed and changed.")


class LookupIn(Schema):
    name: str = Field(max_length=60)
    csv: str = Field(description="The file's text, the names of the columns in its first line.")
    key: list[str] = Field(default_factory=list, max_length=4, description="Columns that find a row; none: the first.")
    note: str = Field("", max_length=300)


class LookupSaved(Schema):
    id: int
    version: int
    rows: int
    added: int
    removed: int
    changed: int


class CsvQuery(Schema):
    key: list[str] = Field(default_factory=list, max_length=4, description="None: as it is.")
    note: str = Field("", max_length=300)
    preview: bool = Field(False, description="Say what would change; store nothing.")


@rules.get("", response=EnrichmentOut, summary="The rules of enrichment that are in force")
def read_rules(request: HttpRequest) -> Any:
    actor = actor_of(request)
    return {"version": rulebook.version(actor), "rules": rulebook.rules(actor)}


@rules.put("", response=EnrichmentOut, summary="All rules at once: a new version")
def replace_rules(request: HttpRequest, payload: EnrichmentIn) -> Any:
    actor = actor_of(request)
    rulebook.replace_rules(actor=actor, now=clock.now(), rules=payload.rules, note=payload.note)
    return read_rules(request)


@rules.post("/rules", response={201: dict[str, Any]}, summary="Add a rule at the end")
def add_rule(request: HttpRequest, payload: EnrichmentRuleIn) -> Any:
    made = rulebook.save_rule(actor=actor_of(request), now=clock.now(), given=payload.rule, note=payload.note)
    return Status(201, made)


@rules.get("/rules/{int:enrichment_id}", response=dict[str, Any], summary="One rule")
def one_rule(request: HttpRequest, enrichment_id: int) -> Any:
    return rulebook.rule_by_id(actor_of(request), enrichment_id)


@rules.put("/rules/{int:enrichment_id}", response=dict[str, Any], summary="Change a rule")
def change_rule(request: HttpRequest, enrichment_id: int, payload: EnrichmentRuleIn) -> Any:
    return rulebook.save_rule(
        actor=actor_of(request), now=clock.now(), given=payload.rule, rule_id=enrichment_id, note=payload.note
    )


@rules.delete("/rules/{int:enrichment_id}", response={204: None}, summary="Remove a rule")
def delete_rule(request: HttpRequest, enrichment_id: int) -> Any:
    rulebook.delete_rule(actor=actor_of(request), now=clock.now(), rule_id=enrichment_id)
    return Status(204, None)


@rules.post("/rules/{int:enrichment_id}/move", response=EnrichmentOut, summary="Put a rule at another place")
def move_rule(request: HttpRequest, enrichment_id: int, payload: RuleMove) -> Any:
    rulebook.move_rule(actor=actor_of(request), now=clock.now(), rule_id=enrichment_id, position=payload.position)
    return read_rules(request)


@rules.post("/rules/{int:enrichment_id}/switch", response=dict[str, Any], summary="Switch a rule on or off")
def switch_rule(request: HttpRequest, enrichment_id: int, payload: RuleSwitch) -> Any:
    return rulebook.switch_rule(
        actor=actor_of(request), now=clock.now(), rule_id=enrichment_id, enabled=payload.enabled
    )


@rules.post("/try", response=list[EnrichedAlert], summary="Try a rule on the last alerts; stores nothing")
def try_rule(request: HttpRequest, payload: RuleTrialIn) -> Any:
    actor = actor_of(request)
    actor.require("sources.manage")
    document = rehearsal.draft(actor, payload.rule, payload.rule_id)
    return [
        {
            "source_id": each.source.pk, "before": tried(one.before), "after": tried(one.alert),
            "did": [
                {"rule": did.rule, "target": did.target, "values": dict(did.values), "kept": list(did.kept)}
                for did in one.added
            ],
        }
        for each in rehearsal.tried(actor, document, document[-1].get("sources") or [])
        for one in each.alerts
    ]  # fmt: skip


@rules.get("/versions", response=list[EnrichmentVersionOut], summary="What the rules were, the newest first")
def rule_versions(request: HttpRequest) -> Any:
    return [_version(each) for each in rulebook.versions(actor_of(request))]


@rules.post(
    "/versions/{int:enrichment_version}/restore", response=EnrichmentOut, summary="Make the rules what they were"
)
def restore_rules(request: HttpRequest, enrichment_version: int) -> Any:
    number = min(enrichment_version, MOST_NUMBER)
    rulebook.restore_rules(actor=actor_of(request), now=clock.now(), number=number)
    return read_rules(request)


def _version(found: EnrichmentVersion) -> dict[str, Any]:
    return {name: getattr(found, name) for name in EnrichmentVersionOut.model_fields}


@lookups.get("", response=list[LookupOut], summary="Lookup tables")
def list_tables(request: HttpRequest) -> Any:
    return [_table(each.table, each.version, each.rules) for each in tables.lines(actor_of(request))]


@lookups.post("", response={201: LookupSaved}, summary="Make a lookup table of a CSV file")
def create_table(request: HttpRequest, payload: LookupIn) -> Any:
    made = tables.save_table(
        actor=actor_of(request), now=clock.now(), text=payload.csv, key=payload.key, name=payload.name,
        note=payload.note,
    )  # fmt: skip
    return Status(201, _saved(made))


@lookups.get("/{int:table_id}", response=LookupOut, summary="One lookup table")
def one_table(request: HttpRequest, table_id: int) -> Any:
    table = tables.table_by_id(actor_of(request), key_of(table_id))
    return _table(table, tables.newest(table), [str(each["name"]) for each in tables.users(table)])


@lookups.get("/{int:table_id}/csv", summary="The rows of a lookup table as a CSV file")
def read_csv(request: HttpRequest, table_id: int) -> HttpResponse:
    table = tables.table_by_id(actor_of(request), key_of(table_id))
    return HttpResponse(tables.export(table), content_type="text/csv; charset=utf-8")


@lookups.put(
    "/{int:table_id}/csv", response=LookupSaved, summary="Replace all rows of a lookup table by those of a CSV file",
    openapi_extra={"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}},
)  # fmt: skip
def write_csv(request: HttpRequest, table_id: int, query: Query[CsvQuery]) -> Any:
    actor = actor_of(request)
    actor.require("sources.manage")
    table = tables.table_by_id(actor, key_of(table_id))
    text = tables.text_of(request.body)
    if query.preview:
        newest = tables.newest(table)
        looked = tables.preview(text, query.key or newest.key, table)
        return {"id": table.pk, "version": newest.number, "rows": len(looked.content.rows), **looked.changes}
    return _saved(
        tables.save_table(
            actor=actor, now=clock.now(), text=text, key=query.key, note=query.note, table_id=table.pk
        )
    )  # fmt: skip


@lookups.get(
    "/{int:table_id}/versions", response=list[LookupVersionOut], summary="What the table was, the newest first"
)
def table_versions(request: HttpRequest, table_id: int) -> Any:
    return [
        {name: getattr(each, name) for name in LookupVersionOut.model_fields}
        for each in tables.versions(tables.table_by_id(actor_of(request), key_of(table_id)))
    ]


@lookups.post(
    "/{int:table_id}/versions/{int:lookup_version}/restore", response=LookupSaved,
    summary="Make the rows those of an earlier version again",
)  # fmt: skip
def restore_table(request: HttpRequest, table_id: int, lookup_version: int) -> Any:
    number = min(lookup_version, MOST_NUMBER)
    return _saved(
        tables.restore_table(actor=actor_of(request), now=clock.now(), table_id=key_of(table_id), number=number)
    )


@lookups.delete("/{int:table_id}", response={204: None}, summary="Remove a lookup table that no rule asks")
def delete_table(request: HttpRequest, table_id: int) -> Any:
    tables.delete_table(actor=actor_of(request), now=clock.now(), table_id=key_of(table_id))
    return Status(204, None)


def _table(table: LookupTable, version: LookupVersion, used: list[str]) -> dict[str, Any]:
    names = ("at", "author", "note", "rows", "key", "columns")
    values = {name: getattr(version, name) for name in names}
    return {"id": table.pk, "name": table.name, "version": version.number, "rules": used, **values}


def _saved(made: LookupVersion) -> dict[str, Any]:
    return {"id": made.table_id, "version": made.number, "rows": made.rows, **made.difference}
