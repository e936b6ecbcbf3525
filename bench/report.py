"""Rows of results, the table that people read, and ``results.md``."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One measured figure against the design's bound; ``ok`` is None where there is no bound."""

    name: str
    bound: str
    value: str
    ok: bool | None
    detail: str = ""


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = ["| what | bound | measured | | detail |", "|---|---|---|---|---|"]
    for row in rows:
        mark = {True: "met", False: "MISSED", None: ""}[row.ok]
        lines.append(f"| {row.name} | {row.bound} | {row.value} | {mark} | {row.detail} |")
    return "\n".join(lines)


def machine() -> str:
    """The machine in a line, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GiB memory, Python {platform.python_version()}, PostgreSQL 18 (embedded)"
    )


def write(rows: Sequence[Row], mode: str) -> Path:
    """Write ``bench/results.md``."""
    path = Path(__file__).parent / "results.md"
    head = f"# Measured\n\n`make bench` ({mode}), {datetime.now(UTC):%Y-%m-%d}, {machine()}.\n\n"
    path.write_text(head + table(rows) + "\n")
    return path
