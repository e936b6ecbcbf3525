"""Runs the benchmarks, prints a table against the budgets of the design and writes ``bench/results.md``."""

from __future__ import annotations

import argparse
import importlib
import sys
import traceback

from bench.report import Row, table, write

PARTS = ("idle", "ingest", "latency", "kill", "pages")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller counts, for a first look")
    parser.add_argument("--soak", action="store_true", help="the long drills (200 kills)")
    parser.add_argument("--only", action="append", choices=PARTS, help="run only this part (may be repeated)")
    options = parser.parse_args()
    mode = "quick" if options.quick else "soak" if options.soak else "full"
    rows: list[Row] = []
    for part in options.only or PARTS:
        print(f"== {part} ({mode})", flush=True)
        try:
            found = importlib.import_module(f"bench.{part}").run(options.quick or mode == "quick")
        except Exception as error:
            traceback.print_exc()
            found = [Row(part, "", "could not run", False, str(error).splitlines()[0][:200])]
        rows += [row if isinstance(row, Row) else _row(row) for row in found]
        print(table(rows), flush=True)
    print(f"written to {write(rows, mode)}")
    return 0


def _row(found: dict[str, object]) -> Row:
    ok = found.get("ok")
    value = f"{found.get('value')} {found.get('unit', '')}".strip()
    return Row(
        str(found["name"]),
        str(found.get("bound", "")),
        value,
        None if ok is None else bool(ok),
        str(found.get("detail", "")),
    )


if __name__ == "__main__":
    sys.exit(main())
