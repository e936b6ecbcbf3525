"""What pages show of versions and drafts, put together for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from steward.response.timemachine import queries, wording
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.rules.difference import Change
from steward.response.timemachine.rules.writing import write

REPORT_ORDER = ("lost", "differs", "carried")


def version_rows(found: Sequence[ConfigurationVersion]) -> list[dict[str, Any]]:
    """Versions with what each changed."""
    changes = queries.changes_of_several(found)
    return [{"version": each, "summary": wording.summary(changes.get(each.number, ()))} for each in found]


def changes(found: Sequence[Change]) -> list[dict[str, Any]]:
    """A difference as a table."""
    return [
        {"entry": wording.entry(each.part, each.name), "status": f"entry-{each.kind}", "fields": each.fields}
        for each in found
    ]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A problem with the line that it is about."""

    line: int
    written: str
    text: str


def problems(text: str, found: Sequence[dict[str, Any]]) -> list[Wrong]:
    """What is wrong, with the lines as they were written."""
    lines = text.split("\n")
    return [
        Wrong(each["line"], lines[each["line"] - 1] if 0 < each["line"] <= len(lines) else "", each["text"])
        for each in found
    ]


def draft(found: Draft, read: queries.Read) -> dict[str, Any]:
    """Everything about a draft: its problems, or else what it changes and whether it has to be rebased."""
    wrong = problems(found.text, queries.plain(read.problems))
    context: dict[str, Any] = {
        "draft": found, "problems": wrong, "marks": {each.line: each.text for each in reversed(wrong) if each.line},
        "report": report(found), "changes": [], "moved": [], "collisions": [], "usable": read.usable is not None,
    }  # fmt: skip
    if read.document is None:
        return context
    if found.version is not None:
        given = queries.changes_of(found.version)
        return context | {"changes": changes(given), "count": len(given)}
    standing = queries.standing(found, read.document)
    context |= {"changes": changes(standing.changes), "count": len(standing.changes)}
    context |= {"moved": changes(standing.live_moved), "newest": queries.newest() if standing.live_moved else None}
    if standing.merged is not None:
        context["collisions"] = [
            {"entry": wording.entry(each.part, each.name), "text": wording.collision(each)}
            for each in standing.merged.collisions
        ]
    return context


def report(found: Draft) -> list[dict[str, Any]]:
    """What became of an imported file: what was lost first, then in order of lines."""
    rows = sorted(found.report, key=lambda line: (REPORT_ORDER.index(line["fate"]), line["line"]))
    return [
        {"line": row["line"], "part": row["part"], "status": f"fate-{row['fate']}", "text": wording.fate(row)}
        for row in rows
    ]


def yaml(version: ConfigurationVersion) -> str:
    return write(version.document)
