"""The rows of the export for pay."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from steward.response.burden.queries import PayRow

HEADER = (
    "person", "user name", "organisation", "schedule", "layer", "start (local)", "end (local)", "time zone", "start (UTC)",
    "end (UTC)", "hours", "night hours", "weekend hours", "holiday hours", "pages", "wake-ups", "hours worked", "amount",
    "currency", "hours off",
)  # fmt: skip


def row_of(row: PayRow) -> tuple[object, ...]:
    """One shift; hours with two digits. Column names are for programs, so they are not translated."""
    shift, burden = row.shift, row.burden
    zone = ZoneInfo(shift.user.time_zone or "UTC")
    return (
        str(shift.user), shift.user.username, str(shift.user.organisation), shift.schedule, shift.layer,
        f"{shift.start.astimezone(zone):%Y-%m-%d %H:%M}", f"{shift.end.astimezone(zone):%Y-%m-%d %H:%M}", zone.key,
        f"{shift.start:%Y-%m-%dT%H:%M:%SZ}", f"{shift.end:%Y-%m-%dT%H:%M:%SZ}",
        *(round(seconds / 3600, 2) for seconds in (
            burden.weight.total, burden.weight.night, burden.weight.weekend, burden.weight.holiday
        )),
        burden.pages, burden.wake_ups, "" if burden.worked is None else burden.worked, str(row.earned.amount),
        row.currency, str(row.earned.hours_off),
    )  # fmt: skip
