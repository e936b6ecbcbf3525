"""Calendars in the words of RFC 5545, as they are given out. All times are UTC, so no zone can be misread."""

from __future__ import annotations

from datetime import UTC, timedelta

from icalendar import Calendar, Event, vCalAddress, vText

from steward.response.oncall.actions import Given

EVERY = timedelta(hours=1)


def written(given: Given, *, gaps: bool = False) -> bytes:
    """The calendar as a file; ``gaps``: with the times when nobody is on call."""
    calendar = Calendar()
    calendar.add("PRODID", "-//Steward//On-call//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    calendar.add("X-WR-CALNAME", given.feed.name)
    calendar.add("NAME", given.feed.name)
    calendar.add("REFRESH-INTERVAL", EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", EVERY, parameters={"VALUE": "DURATION"})
    for each in given.feed.events:
        if each.kind == "gap" and not gaps:
            continue
        revision = given.revisions[each.uid]
        event = Event()
        event.add("UID", each.uid)
        event.add("DTSTAMP", revision.changed_at.astimezone(UTC))
        event.add("LAST-MODIFIED", revision.changed_at.astimezone(UTC))
        event.add("SEQUENCE", revision.sequence)
        event.add("DTSTART", each.start.astimezone(UTC))
        event.add("DTEND", each.end.astimezone(UTC))
        event.add("SUMMARY", each.summary)
        event.add("DESCRIPTION", each.description)
        event.add("URL", each.url)
        event.add("CATEGORIES", [each.kind])
        # A shift says when to be reachable; it does not fill the day of whoever looks at the calendar.
        event.add("TRANSP", "TRANSPARENT")
        event.add("STATUS", "CONFIRMED")
        if each.email:
            person = vCalAddress(f"mailto:{each.email}")
            person.params["CN"] = vText(each.name)
            person.params["ROLE"] = vText("REQ-PARTICIPANT")
            event.add("ATTENDEE", person, encode=False)
        calendar.add_component(event)
    return bytes(calendar.to_ical())
