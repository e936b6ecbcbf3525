"""Local times of people's zones, turned into instants."""

from steward.algorithms.calendars.wall import Wall
from steward.algorithms.calendars.zones import ZoneError, get_zone, to_utc

__all__ = ["Wall", "ZoneError", "get_zone", "to_utc"]
