"""CSV files as lookup tables: read with errors that name line and column, compared, written. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 64
MAX_CELL = 4_096
MAX_COLUMN_NAME = 200
MAX_KEYS = 4
MAX_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong where. ``line`` is counted in the file, from 1; 0 is the whole file. ``code`` says what, ``values``
    what belongs into its sentence."""

    code: str
    line: int = 0
    column: str = ""
    values: tuple[str, ...] = ()


class BadCsv(Exception):
    """The file is no table."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(", ".join(f"{each.line}: {each.code}" for each in faults))
        self.faults = list(faults)


@dataclass(frozen=True, slots=True)
class Content:
    """A table as a file brings it."""

    key: tuple[str, ...]
    columns: tuple[str, ...]
    rows: list[list[str]]


def decoded(raw: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 where it says so. Raises BadCsv with the line of the first byte that is
    neither."""
    if len(raw) > 2 * MAX_BYTES:
        raise BadCsv([Fault("too-long", values=(str(MAX_BYTES // 1024 // 1024),))])
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise BadCsv([Fault("encoding", line, values=(f"0x{raw[error.start]:02X}",))]) from error


def header(text: str) -> tuple[str, ...]:
    """The names of the columns, as far as they can be read: a file with faults in its rows has them all the same."""
    first = text.removeprefix("\ufeff").split("\n", 1)[0]
    try:
        return tuple(cell.strip() for cell in next(csv.reader([first], delimiter=_separator(first)), []))[:MAX_COLUMNS]
    except csv.Error:
        return ()


def _separator(first: str) -> str:
    # Spreadsheets of many countries write semicolons.
    return max(",;\t", key=first.count)


def read(text: str, key: Sequence[str] = ()) -> Content:
    """A table whose rows are found by ``key`` (the first column if nothing is named). Raises BadCsv with up to ten
    faults, so that a file is mended once and not once for each."""
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise BadCsv([Fault("too-long", values=(str(MAX_BYTES // 1024 // 1024),))])
    text = text.removeprefix("\ufeff")
    separator = _separator(text.split("\n", 1)[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[tuple[int, list[str]]] = []
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((begins, [cell.strip() for cell in cells]))
            begins = reader.line_num + 1
            if len(lines) > MAX_ROWS + 1:
                raise BadCsv([Fault("too-many-rows", begins, values=(str(MAX_ROWS),))])
    except csv.Error as error:
        raise BadCsv([Fault("syntax", begins, values=(str(error),))]) from error
    if len(lines) < 2:
        raise BadCsv([Fault("empty")])
    columns = _columns(*lines[0])
    keys = tuple(key) or columns[:1]
    missing = [name for name in keys if name not in columns]
    if missing or len(keys) > MAX_KEYS or len(set(keys)) < len(keys):
        raise BadCsv([Fault("key", lines[0][0], name, (", ".join(columns),)) for name in missing or [", ".join(keys)]])
    return Content(keys, columns, _rows(lines[1:], columns, keys))


def _columns(line: int, names: list[str]) -> tuple[str, ...]:
    if len(names) > MAX_COLUMNS:
        raise BadCsv([Fault("too-many-columns", line, values=(str(MAX_COLUMNS),))])
    faults = []
    for number, name in enumerate(names, 1):
        if not name:
            faults.append(Fault("column-unnamed", line, str(number)))
        elif len(name) > MAX_COLUMN_NAME:
            faults.append(Fault("cell-too-long", line, str(number), (str(MAX_COLUMN_NAME),)))
        elif name in names[: number - 1]:
            faults.append(Fault("column-twice", line, name))
    if faults:
        raise BadCsv(faults[:MAX_ERRORS])
    return tuple(names)


def _rows(lines: list[tuple[int, list[str]]], columns: tuple[str, ...], keys: tuple[str, ...]) -> list[list[str]]:
    places = [columns.index(name) for name in keys]
    seen: dict[tuple[str, ...], int] = {}
    faults: list[Fault] = []
    for line, cells in lines:
        fault = _fault(line, cells, columns, places)
        if fault is None:
            found = tuple(cells[place] for place in places)
            first = seen.setdefault(found, line)
            if first != line:
                fault = Fault("key-twice", line, ", ".join(keys), (", ".join(found)[:100], str(first)))
        if fault is not None:
            faults.append(fault)
            if len(faults) == MAX_ERRORS:
                break
    if faults:
        raise BadCsv(faults)
    return [cells for _line, cells in lines]


def _fault(line: int, cells: list[str], columns: tuple[str, ...], places: list[int]) -> Fault | None:
    if len(cells) != len(columns):
        return Fault("cells", line, values=(str(len(cells)), str(len(columns))))
    for name, cell in zip(columns, cells, strict=True):
        if len(cell) > MAX_CELL:
            return Fault("cell-too-long", line, name, (str(MAX_CELL),))
        if "\0" in cell:
            return Fault("nul", line, name)
    empty = next((columns[place] for place in places if not cells[place]), None)
    return Fault("key-empty", line, empty) if empty is not None else None


def difference(before: Content | None, after: Content) -> dict[str, int]:
    """How many rows are new, gone and other than they were, by their key."""
    now = _by_key(after)
    was = _by_key(before) if before is not None and before.key == after.key else {}
    return {
        "added": len(now.keys() - was.keys()), "removed": len(was.keys() - now.keys()),
        "changed": sum(was[key] != row for key, row in now.items() if key in was),
    }  # fmt: skip


def examples(
    before: Content | None, after: Content, most: int = 10
) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """The first rows that are new, gone or other than they were: what became of each, as it was and as it is."""
    now = _by_key(after)
    was = _by_key(before) if before is not None and before.key == after.key else {}
    found: list[tuple[str, dict[str, str], dict[str, str]]] = []
    found += [("changed", was[key], row) for key, row in now.items() if key in was and was[key] != row][:most]
    found += [("removed", row, {}) for key, row in was.items() if key not in now][:most]
    found += [("added", {}, row) for key, row in now.items() if key not in was][:most]
    return found[:most]


def _by_key(given: Content) -> dict[tuple[str, ...], dict[str, str]]:
    places = [given.columns.index(name) for name in given.key]
    return {tuple(row[n] for n in places): dict(zip(given.columns, row, strict=True)) for row in given.rows}


def written(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The table as a file that :func:`read` takes again."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
