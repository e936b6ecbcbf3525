"""Runs the benchmarks, prints tables against the budgets of the design and writes ``bench/results.md``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Mapping

from bench.report import Row, table, write

PARTS = ("idle", "ingest", "enriched", "latency", "due", "kill", "pages", "pipeline", "replay", "rotation", "storm")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller counts, for a first look")
    parser.add_argument("--soak", action="store_true", help="only the kill drill, 1,000 kills")
    parser.add_argument("--only", action="append", choices=PARTS, help="run only this part (may be repeated)")
    options = parser.parse_args()
    mode = "quick" if options.quick else "soak" if options.soak else "full"
    chosen = options.only or (("kill",) if options.soak else PARTS)
    results: dict[str, list[Row]] = {}
    for part in chosen:
        print(f"== {part} ({mode})", flush=True)
        started = time.monotonic()
        results[part] = _run(part, mode)
        print(table(results[part]), f"\n{part} took {time.monotonic() - started:.0f} s\n", flush=True)
    print(table([row for rows in results.values() for row in rows]))
    print(f"written to {write(results, mode)}")
    return 1 if any(row.ok is False for rows in results.values() for row in rows) else 0


def _run(part: str, mode: str) -> list[Row]:
    module = importlib.import_module(f"bench.{part}")
    try:
        if mode == "soak" and hasattr(module, "soak"):
            return list(module.soak())
        return [row if isinstance(row, Row) else _row(row) for row in module.run(mode == "quick")]
    except Exception as error:
        traceback.print_exc()
        return [Row(part, "", "could not run", False, str(error).splitlines()[0][:200])]


def _row(found: Mapping[str, object]) -> Row:
    ok = found.get("ok")
    return Row(
        str(found["name"]),
        str(found.get("bound", "")),
        f"{found.get('value')} {found.get('unit', '')}".strip(),
        None if ok is None else bool(ok),
        str(found.get("detail", "")),
    )


if __name__ == "__main__":
    sys.exit(main())
