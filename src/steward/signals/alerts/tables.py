"""Lookup tables: made and replaced from CSV files, removed when no rule asks them."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.signals.alerts import csvtables, enrichment
from steward.signals.alerts.csvtables import BadCsv, Content, Fault
from steward.signals.alerts.errors import BadTable, TableInUse, TableNotFound, VersionNotFound
from steward.signals.alerts.models import LookupTable, LookupVersion

# Rules and tables refer to each other: whoever writes either waits for the other.
LOCK = "alerts.enrichment"


@dataclass(frozen=True, slots=True)
class Line:
    """A table with its newest version, and the names of the rules that ask it."""

    table: LookupTable
    version: LookupVersion
    rules: list[str]


def lines(actor: Actor) -> list[Line]:
    """All tables."""
    actor.require("sources.view")
    newest = {
        each.table_id: each
        for each in LookupVersion.objects.order_by("table_id", "-number").distinct("table_id").defer("data")
    }
    rules = enrichment.document()
    return [
        Line(table, newest[table.pk], [str(rule.get("name")) for rule in rules if rule.get("table") == table.name])
        for table in LookupTable.objects.all()
        if table.pk in newest
    ]


def table_by_id(actor: Actor, table_id: int) -> LookupTable:
    """One table. Raises TableNotFound."""
    actor.require("sources.view")
    found = LookupTable.objects.filter(pk=table_id).first()
    if found is None:
        raise TableNotFound(_("There is no such table."))
    return found


def table_named(actor: Actor, name: str) -> LookupTable | None:
    """The table of this name."""
    actor.require("sources.view")
    return LookupTable.objects.filter(name=name).first()


def users(table: LookupTable) -> list[dict[str, Any]]:
    """The rules that look things up in it."""
    return [rule for rule in enrichment.document() if rule.get("table") == table.name]


def versions(table: LookupTable) -> list[LookupVersion]:
    """Its versions without their rows, the newest first."""
    return list(LookupVersion.objects.filter(table=table).defer("data")[:50])


def newest(table: LookupTable) -> LookupVersion:
    """Its newest version, with the rows."""
    found = LookupVersion.objects.filter(table=table).first()
    if found is None:
        raise TableNotFound(_("There is no such table."))
    return found


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would make of a table: its content, how many rows it changes, and the first of them."""

    content: Content
    changes: dict[str, int]
    examples: list[tuple[str, dict[str, str], dict[str, str]]]


def text_of(raw: bytes) -> str:
    """The text of a file. Raises BadTable."""
    try:
        return csvtables.decoded(raw)
    except BadCsv as error:
        raise _bad(error) from error


def _bad(error: BadCsv) -> BadTable:
    said = [sentence(each) for each in error.faults]
    return BadTable(" ".join(said), fields={"key" if error.faults[0].code == "key" else "content": said})


def preview(text: str, key: Sequence[str], table: LookupTable | None = None) -> Preview:
    """What a file would make of a table; stores nothing. Raises BadTable."""
    try:
        content = csvtables.read(text, key)
    except BadCsv as error:
        raise _bad(error) from error
    before = _content(newest(table)) if table is not None else None
    if table is not None:
        _check_still_fits(table.name, content)
    return Preview(content, csvtables.difference(before, content), csvtables.examples(before, content))


@transaction.atomic
def save_table(
    *, actor: Actor, now: datetime, text: str, key: Sequence[str] = (), name: str = "", note: str = "",
    table_id: int | None = None,
) -> LookupVersion:  # fmt: skip
    """Make a table, or replace the rows of the one with this id. In force within seconds."""
    actor.require("sources.manage")
    lock_in_transaction(LOCK)
    table = table_by_id(actor, table_id) if table_id is not None else None
    if table is None:
        _check_name(name)
    if table is not None and not key:
        key = newest(table).key
    looked = preview(text, key, table)
    content, changes = looked.content, looked.changes
    number = 1
    if table is None:
        table = LookupTable.objects.create(name=name, created_at=now)
    else:
        number = newest(table).number + 1
    made = LookupVersion.objects.create(
        table=table, number=number, at=now, author=actor.label, note=note.strip()[:300], key=list(content.key),
        columns=list(content.columns), rows=len(content.rows), difference=changes,
        data=zlib.compress(orjson.dumps(content.rows)),
    )  # fmt: skip
    after = {"n": number, "rows": made.rows, "key": made.key, "columns": made.columns, **changes}
    _record(actor, now, "lookup-table.save", table, after)
    return made


@transaction.atomic
def restore_table(*, actor: Actor, now: datetime, table_id: int, number: int) -> LookupVersion:
    """Make the rows those of an earlier version again. Refused where rules now ask for what it has not."""
    actor.require("sources.manage")
    old = LookupVersion.objects.filter(table=table_by_id(actor, table_id), number=number).first()
    if old is None:
        raise VersionNotFound(_("There is no such version."))
    text = csvtables.written(old.columns, enrichment.rows_of(old))
    note = _("version %(n)s again") % {"n": number}
    return save_table(actor=actor, now=now, text=text, key=old.key, note=note, table_id=table_id)


@transaction.atomic
def delete_table(*, actor: Actor, now: datetime, table_id: int) -> None:
    """Remove a table that no rule asks, whether or not the rule is on."""
    actor.require("sources.manage")
    lock_in_transaction(LOCK)
    table = table_by_id(actor, table_id)
    used = [str(rule.get("name")) for rule in users(table)]
    if used:
        text = _("The rules %(names)s look things up in it. Change or remove them first.")
        raise TableInUse(text % {"names": ", ".join(used)})
    _record(actor, now, "lookup-table.delete", table, {})
    table.delete()


def first_rows(version: LookupVersion, most: int = 20) -> list[list[str]]:
    """The first of its rows."""
    return enrichment.rows_of(version)[:most]


def export(table: LookupTable) -> str:
    """Its rows as a CSV file."""
    version = newest(table)
    return csvtables.written(version.columns, enrichment.rows_of(version))


def _content(version: LookupVersion) -> Content:
    return Content(tuple(version.key), tuple(version.columns), enrichment.rows_of(version))


def _check_name(name: str) -> None:
    try:
        validate_slug(name)
        bad = len(name) > 60
    except ValidationError:
        bad = True
    if bad:
        text = _("Write a name of letters, digits, - and _, at most 60.")
        raise BadTable(text, fields={"name": [text]})
    if LookupTable.objects.filter(name=name).exists():
        text = _("Another table has this name.")
        raise BadTable(text, fields={"name": [text]})


def _check_still_fits(name: str, content: Content) -> None:
    """What rules ask must still be there, or they would silently add nothing any more."""
    for rule in enrichment.document():
        if rule.get("table") != name:
            continue
        missing = sorted(set(rule["columns"]) - set(content.columns))
        if missing:
            text = _("The rule %(rule)s takes the column %(column)s, which the file does not have.")
            said = text % {"rule": rule["name"], "column": missing[0]}
            raise BadTable(said, fields={"content": [said]})
        if set(rule["keys"]) != set(content.key):
            text = _("The rule %(rule)s finds rows by %(columns)s. Keep these as the key, or change the rule first.")
            said = text % {"rule": rule["name"], "columns": ", ".join(sorted(rule["keys"]))}
            raise BadTable(said, fields={"key": [said]})


def sentence(fault: Fault) -> str:
    """A fault in the reader's language."""
    first, second = (*fault.values, "", "")[:2]
    sentences = {
        "encoding": _("Line %(line)s: the byte %(first)s is not UTF-8. Save the file as UTF-8 and send it again."),
        "too-long": _("The file has more than %(first)s MiB."),
        "too-many-rows": _("Line %(line)s: more than %(first)s rows."),
        "too-many-columns": _("Line %(line)s: more than %(first)s columns."),
        "syntax": _("Line %(line)s: this is not CSV: %(first)s."),
        "empty": _("The file needs a line with the names of the columns, and at least one row."),
        "key": _("Line %(line)s: %(column)s cannot be the key. The file has the columns %(first)s."),
        "column-unnamed": _("Line %(line)s: column %(column)s has no name."),
        "column-twice": _("Line %(line)s: there are two columns %(column)s."),
        "cell-too-long": _("Line %(line)s, column %(column)s: more than %(first)s characters."),
        "nul": _("Line %(line)s, column %(column)s: a NUL character."),
        "cells": _("Line %(line)s: %(first)s values where there are %(second)s columns."),
        "key-empty": _("Line %(line)s, column %(column)s: empty, but rows are found by it."),
        "key-twice": _("Line %(line)s, column %(column)s: %(first)s is on line %(second)s already."),
    }
    values = {"line": fault.line, "column": fault.column, "first": first, "second": second}
    return sentences[fault.code] % values


def _record(actor: Actor, now: datetime, action: str, table: LookupTable, after: dict[str, Any]) -> None:
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("lookup-table", table.pk), subject_label=table.name,
        before=None, after=after,
    )  # fmt: skip
