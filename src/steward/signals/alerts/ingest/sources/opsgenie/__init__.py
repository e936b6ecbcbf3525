"""Opsgenie's Alert API, as a drop-in."""

from steward.signals.alerts.ingest.sources.common import Parser
from steward.signals.alerts.ingest.sources.kind import Kind
from steward.signals.alerts.ingest.sources.opsgenie.parser import CREATE, acknowledge, answer, close, create, verify


def _paths(action: str, parser: Parser) -> dict[str, Parser]:
    """An alias such as ``host/disk/sda`` reaches us as so many parts of the path: servers undo the %2F."""
    return {f"{CREATE}/{'/'.join(['*'] * parts)}/{action}": parser for parts in range(1, 6)}


KIND = Kind(
    "opsgenie",
    "Opsgenie Alert API",
    {CREATE: create, **_paths("close", close), **_paths("acknowledge", acknowledge)},
    verify,
    "API key",
    answer=answer,
)
