"""Many keys in a condition: ``filter(pk__among=keys)``."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, ForeignObject, Lookup


@ForeignObject.register_lookup
@Field.register_lookup
class Among(Lookup):  # type: ignore[type-arg]
    """Like ``in`` for whole numbers, with one parameter for all: Django's own prepares, and psycopg quotes, each of a
    thousand keys by itself, which in a storm takes longer than the statement. A key that is no number is an error; a
    subquery is for ``in``."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, given = self.process_lhs(compiler, connection)
        keys = ",".join([format(key, "d") for key in self.rhs])
        return f"{left} = ANY(%s::bigint[])", (*given, f"{{{keys}}}")
