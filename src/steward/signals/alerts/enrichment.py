"""The rules of enrichment as they are stored: read, compiled and remembered."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db.models import Max

from steward.estate.configuration import queries as configuration
from steward.signals.alerts.enriching import BadRule, Rule, Table, World, rule
from steward.signals.alerts.models import EnrichmentVersion, LookupVersion

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Live:
    """Rules in force, with what they may ask; ``written`` and ``estate`` change with any of it."""

    rules: Sequence[Rule] = ()
    world: World = field(default_factory=World)
    written: str = ""
    estate: str = ""
    asks_estate: bool = False
    tables: Mapping[str, int] = field(default_factory=dict)
    number: int = 0  # the version of the rules

    @property
    def stamp(self) -> str:
        return f"{self.written} {self.estate}"


NOTHING = Live()


def document() -> list[dict[str, Any]]:
    """The rules in force, in order."""
    newest = EnrichmentVersion.objects.order_by("-number").values_list("document", flat=True).first()
    return list(newest or [])


def newer(known: Live) -> Live:
    """What is in force now; the same object if nothing is newer."""
    number = EnrichmentVersion.objects.aggregate(newest=Max("number"))["newest"]
    if number is None:
        return NOTHING if known.written else known
    versions = newest_tables()
    written = f"{number} {sorted(versions.items())}"
    estate = configuration.service_facts().stamp if known.asks_estate else ""
    if (written, estate) == (known.written, known.estate):
        return known
    return live(document(), known, written=written, versions=versions, number=number)


def newest_tables() -> dict[str, int]:
    """Tables by name, with the keys of their newest versions."""
    return dict(LookupVersion.objects.order_by().values_list("table__name").annotate(newest=Max("pk")))


def live(
    rules: Sequence[Mapping[str, Any]], known: Live = NOTHING, *, written: str = "-",
    versions: Mapping[str, int] | None = None, number: int = 0,
) -> Live:  # fmt: skip
    """These rules, compiled, with the tables that they name; tables that are known in that version are not read again."""
    used = [each for each in rules if each.get("enabled", True)]
    made: list[Rule] = []
    for each in used:
        try:
            made.append(rule(each))
        except BadRule as error:
            log.error("enrichment rule %s cannot be used: %s", each.get("id"), error)
    names = {str(each.get("table")) for each in used if each.get("kind") == "lookup"}
    wanted = {name: pk for name, pk in (versions or newest_tables()).items() if name in names}
    tables = {
        name: known.world.tables[name] if known.tables.get(name) == pk else _table(pk) for name, pk in wanted.items()
    }
    asks = any(each.get("kind") == "service" for each in used)
    facts = configuration.service_facts() if asks else None
    world = World(tables, facts.of) if facts else World(tables)
    return Live(made, world, written, facts.stamp if facts else "", asks, wanted, number)


def _table(pk: int) -> Table:
    found = LookupVersion.objects.get(pk=pk)
    return table_of(found.key, found.columns, rows_of(found))


def rows_of(version: LookupVersion) -> list[list[str]]:
    """The rows of a version, each with all columns."""
    rows: list[list[str]] = orjson.loads(zlib.decompress(bytes(version.data)))
    return rows


def table_of(key: Sequence[str], columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Rows by their key."""
    places = [columns.index(name) for name in key]
    return Table(tuple(key), tuple(columns), {tuple(row[n] for n in places): tuple(row) for row in rows})
