"""Many rows as one parameter of a statement.

Arrays of texts are escaped value by value in Python, which takes a storm's batch longer than all that was decided in
it; JSON is written in one go, and PostgreSQL reads it with the types that the statement names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson


class Rowset:
    """``Rowset(key="bigint", name="text")``: its ``sql`` stands in a FROM with an alias of its own choice, ``u`` by
    default, and ``of(rows)`` is the parameter for it. Values of jsonb columns are given as what JSON is made from, or
    as what ``written`` made of them before."""

    def __init__(self, alias: str = "u", /, **columns: str) -> None:
        self._names = tuple(columns)
        typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
        self.sql = f"json_to_recordset(%s::json) AS {alias}({typed})"

    def of(self, rows: Iterable[Sequence[Any]]) -> str:
        """These rows, each with a value for every column in their order; times become ISO 8601."""
        names = self._names
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in rows], default=str).decode()


def written(value: Any) -> orjson.Fragment:
    """JSON that goes into many rows, written once."""
    return orjson.Fragment(orjson.dumps(value, default=str))
