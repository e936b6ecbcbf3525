"""From a wall clock to an instant, with one rule for the two awkward hours of a year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class ZoneError(ValueError):
    """The text names no IANA time zone."""


def get_zone(zone: str) -> ZoneInfo:
    """Return the zone, or `ZoneError`; never anything else for odd text (empty, a path, a folder)."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ZoneError(f"{zone!r} is not an IANA time zone; use a name such as Europe/Berlin or UTC.") from error


def to_utc(local: datetime, zone: str) -> datetime:
    """Return the instant at which clocks in `zone` show the naive `local` time.

    A time that the clocks skip becomes the first instant after the gap; a time that they show twice means the
    first of the two.
    """
    if local.tzinfo is not None:
        raise ValueError("The local time must be naive; its zone is the other argument.")
    info = get_zone(zone)
    first = local.replace(tzinfo=info, fold=0)
    second = local.replace(tzinfo=info, fold=1)
    early, late = second.astimezone(UTC), first.astimezone(UTC)
    if late <= early:
        return late
    # PEP 495: in a gap, fold=0 reads with the offset from before it and fold=1 with the one from after it, so the
    # change lies between the two readings.
    return _change_between(early, late, info)


def _change_between(early: datetime, late: datetime, info: ZoneInfo) -> datetime:
    """Return the first instant in (early, late] with the offset of `late`; zones change on whole seconds."""
    offset = late.astimezone(info).utcoffset()
    early, spare = early.replace(microsecond=0), timedelta(seconds=1)
    late = late.replace(microsecond=0) + (spare if late.microsecond else timedelta())
    while late - early > spare:
        middle = early + timedelta(seconds=(late - early) // spare // 2)
        if middle.astimezone(info).utcoffset() == offset:
            late = middle
        else:
            early = middle
    return late
