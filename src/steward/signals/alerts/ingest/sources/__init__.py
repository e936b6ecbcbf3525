"""The kinds of sources: a sealed folder each, with the parser, samples of what the sender really sends, the set-up page
and the tests. Adding one is adding a folder that has a ``KIND``; nothing else is touched.

Pure: no Django, no clock, no database.
"""

from __future__ import annotations

import importlib
import pkgutil

from steward.signals.alerts.ingest.sources.common import (
    Acknowledged,
    Bad,
    Normalised,
    NotFetched,
    Parsed,
    Parser,
    Received,
    TooManyAlerts,
    Unreadable,
)
from steward.signals.alerts.ingest.sources.kind import Kind

__all__ = [
    "KINDS",
    "PARSERS",
    "Acknowledged",
    "Bad",
    "Kind",
    "Normalised",
    "NotFetched",
    "Parsed",
    "Parser",
    "Received",
    "TooManyAlerts",
    "Unreadable",
    "reader_of",
]


def _kinds() -> dict[str, Kind]:
    folders = sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg and each.name != "tests")
    kinds = [importlib.import_module(f"{__name__}.{folder}").KIND for folder in folders]
    return {kind.name: kind for kind in kinds}


KINDS = _kinds()
PARSERS: dict[str, tuple[Kind, Parser]] = {
    path: (kind, parser) for kind in KINDS.values() for path, parser in kind.parsers.items()
}
_PATTERNS = [(path.split("/"), given) for path, given in PARSERS.items() if "*" in path]


def reader_of(path: str) -> tuple[Kind, Parser] | None:
    """Who reads what comes to this path below a key."""
    exact = PARSERS.get(path)
    if exact is not None and "*" not in path:
        return exact
    parts = path.split("/")
    for pattern, given in _PATTERNS:
        if len(pattern) == len(parts) and all(want in ("*", part) for want, part in zip(pattern, parts, strict=True)):
            return given
    return None
