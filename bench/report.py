"""Rows of results, the table that people read, and ``results.md`` with a section for each part."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
HEAD = """# Measured

Written by `make bench`; the bounds are the design's budgets. Load generator, mail server and Steward share the machine.

"""


@dataclass(frozen=True)
class Row:
    """One measured figure against the design's bound; ``ok`` is None where there is no bound."""

    name: str
    bound: str
    value: str
    ok: bool | None
    detail: str = ""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100).__int__() - 1)]


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    lines = ["| what | bound | measured | | detail |", "|---|---|---|---|---|"]
    for row in rows:
        mark = {True: "met", False: "MISSED", None: ""}[row.ok]
        cells = (row.name, row.bound, row.value, mark, row.detail)
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    """The machine in a line, without its name."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return f"{os.cpu_count()} cores, {memory:.0f} GiB memory, Python {platform.python_version()}, {_postgres()}"


def _postgres() -> str:
    import psycopg
    from tests.harness.running import scratch

    from steward.foundation.database.embedded import EmbeddedServer  # a heavy import

    with scratch() as folder:
        server = EmbeddedServer(folder)
        try:
            with psycopg.connect(server.start()) as connection:
                return f"PostgreSQL {connection.info.server_version / 10_000:.1f}".rstrip("0").rstrip(".")
        finally:
            server.stop()


def write(parts: Mapping[str, Sequence[Row]], mode: str) -> Path:
    """Write ``bench/results.md``; sections of parts that did not run stay as they are."""
    sections = _sections(RESULTS.read_text()) if RESULTS.exists() else {}
    line = f"{mode}, {datetime.now(UTC):%Y-%m-%d}, {machine()}"
    sections.update({name: f"{line}\n\n{table(rows)}\n" for name, rows in parts.items()})
    RESULTS.write_text(HEAD + "\n".join(f"## {name}\n\n{text}" for name, text in sorted(sections.items())))
    return RESULTS


def _sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (\S+)\n\n", text, flags=re.MULTILINE)[1:]
    return {name: body.rstrip("\n") + "\n" for name, body in zip(parts[::2], parts[1::2], strict=True)}
