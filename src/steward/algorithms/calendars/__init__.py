"""Local times of people's zones, turned into instants."""

from steward.algorithms.calendars.zones import ZoneError, get_zone, to_utc

__all__ = ["ZoneError", "get_zone", "to_utc"]
