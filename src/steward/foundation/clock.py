"""The clock that doors and the engine read; everything below takes ``now`` as an argument."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, in UTC."""
    return datetime.now(UTC)
