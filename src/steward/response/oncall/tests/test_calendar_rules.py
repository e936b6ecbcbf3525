"""Reading calendars: repetitions, zones, priorities and people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from steward.response.oncall.rules import calendars
from steward.response.oncall.rules.calendars import Person, Problem, Reading, Unreadable

ANN, BOB, EVE, TWIN = (
    Person(1, "Ann Müller", "ann", "ann@example.org"),
    Person(2, "Bob", "bobby", ""),
    Person(3, "Eve Li", "eve", "eve@example.org"),
    Person(4, "Bob", "bob2", "bob@example.org"),
)
START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC)


def calendar(*events: str, head: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\n{each.strip()}\nEND:VEVENT\n" for each in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{body}END:VCALENDAR\n".replace("\n", "\r\n")


def event(summary: str, more: str = "", uid: str = "1", times: str = "") -> str:
    times = times or "DTSTART:20260302T090000Z\nDTEND:20260302T170000Z"
    return f"UID:{uid}\nSUMMARY:{summary}\n{times}\n{more}".strip()


def read(text: str, *people: Person, zone: str = "America/New_York") -> Reading:
    return calendars.read(text, zone=zone, people=people or (ANN, BOB, EVE), start=START, end=END)


def times(reading: Reading) -> list[tuple[int, str, str]]:
    return [(each.person, f"{each.start:%m-%d %H:%M}", f"{each.end:%m-%d %H:%M}") for each in reading.shifts]


@pytest.mark.parametrize(
    ("summary", "people"),
    [
        ("Ann Müller", {1}), ("ann müller", {1}), ("ann@example.org", {1}), ("bobby", {2}), ("Ann Müller, bobby", {1, 2}),
        ("On call: Ann Müller and Eve Li - App", {1, 3}), ("eve + ann", {1, 3}), ("[L2] eve", {3}),
        ("App (eve@example.org)", {3}), ("On-call - Ann Müller", {1}), ("ANN", {1}), ("Ann", {1}),
    ],
)  # fmt: skip
def test_titles_name_people(summary: str, people: set[int]) -> None:
    found = read(calendar(event(summary.replace(",", "\\,"))))
    assert {each.person for each in found.shifts} == people and not found.problems


def test_priority_by_prefix() -> None:
    found = read(calendar(event("[L3] ann"), event("[l0] bobby", uid="2"), event("eve", uid="3")))
    assert {each.person: each.priority for each in found.shifts} == {1: 3, 2: 0, 3: None}


def test_who_is_invited_and_who_made_it_when_the_title_names_nobody() -> None:
    invited = "ATTENDEE;PARTSTAT=DECLINED:mailto:eve@example.org\nATTENDEE;CN=Ann:MAILTO:Ann@Example.org"
    organizer = "ORGANIZER:mailto:eve@example.org"
    found = read(calendar(event("App on-call", f"{invited}\n{organizer}"), event("Duty", organizer, uid="2")))
    assert sorted(each.person for each in found.shifts) == [1, 3] and not found.problems


def test_unknown_and_ambiguous_names_are_listed_and_nobody_is_guessed() -> None:
    found = read(
        calendar(event("Ann Müller, Zoe"), event("Zoe", uid="2"), event("Bob", uid="3"), event("Annabel", uid="4")),
        ANN, BOB, TWIN,
    )  # fmt: skip
    assert [each.person for each in found.shifts] == [1]
    assert set(found.problems) == {
        Problem("unknown", "Zoe", 2), Problem("ambiguous", "Bob"), Problem("unknown", "Annabel"),
    }  # fmt: skip


def test_repetitions_with_exceptions_across_the_change_of_the_clocks() -> None:
    weekly = event(
        "ann", "RRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=America/New_York:20260316T090000",
        times="DTSTART;TZID=America/New_York:20260302T090000\nDTEND;TZID=America/New_York:20260302T170000",
    )  # fmt: skip
    moved = event(
        "bobby", "RECURRENCE-ID;TZID=America/New_York:20260323T090000",
        times="DTSTART;TZID=America/New_York:20260324T100000\nDTEND;TZID=America/New_York:20260324T120000",
    )  # fmt: skip
    found = read(calendar(weekly, moved))
    assert times(found) == [
        (1, "03-02 14:00", "03-02 22:00"), (1, "03-09 13:00", "03-09 21:00"), (2, "03-24 14:00", "03-24 16:00"),
        (1, "03-30 13:00", "03-30 21:00"),
    ]  # fmt: skip
    assert len({each.key for each in found.shifts}) == 4


def test_all_day_and_floating_times_are_in_the_zone_of_the_schedule() -> None:
    day = event("ann", times="DTSTART;VALUE=DATE:20260308\nDTEND;VALUE=DATE:20260309")
    alone = event("bobby", uid="2", times="DTSTART;VALUE=DATE:20260310")
    floating = event("eve", uid="3", times="DTSTART:20260311T090000\nDURATION:PT2H")
    assert times(read(calendar(day, alone, floating))) == [
        (1, "03-08 05:00", "03-09 04:00"), (2, "03-10 04:00", "03-11 04:00"), (3, "03-11 13:00", "03-11 15:00"),
    ]  # fmt: skip


def test_a_zone_of_the_files_own() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Our Office\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0545\n"
        "TZOFFSETTO:+0545\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    here = event("ann", times="DTSTART;TZID=Our Office:20260302T090000\nDTEND;TZID=Our Office:20260302T100000")
    assert times(read(calendar(here, head=zone))) == [(1, "03-02 03:15", "03-02 04:15")]
    windows = event("ann", times="DTSTART;TZID=Romance Standard Time:20260302T090000\nDURATION:PT1H")
    assert times(read(calendar(windows))) == [(1, "03-02 08:00", "03-02 09:00")]


def test_a_zone_that_nobody_knows_is_said() -> None:
    found = read(calendar(event("ann", times="DTSTART;TZID=Mars/Olympus:20260302T090000\nDURATION:PT1H")))
    assert times(found) == [(1, "03-02 14:00", "03-02 15:00")] and found.problems == (Problem("zone", "Mars/Olympus"),)


def test_cancelled_events_are_nobodys_and_odd_ones_are_said() -> None:
    found = read(
        calendar(
            event("ann", "STATUS:CANCELLED"), event("ann", uid="2", times="DTSTART:20260302T090000Z"),
            event("ann", "RRULE:FREQ=MINUTELY", uid="3"), event("ann", "RRULE:FREQ=DAILY;BYHOUR=1,2;BYMINUTE="
            + ",".join(map(str, range(60))), uid="4"),
            event("ann", uid="5", times="DTSTART:20240302T090000Z\nDTEND:20270302T090000Z"),
            "UID:6\nSUMMARY:ann", event("ann", "RRULE:FREQ=SOMETIMES", uid="7"), event("eve", uid="8"),
        )
    )  # fmt: skip
    assert [each.person for each in found.shifts] == [3]
    assert {each.code: each.count for each in found.problems} == {
        "no-length": 1, "too-often": 2, "too-long": 1, "unreadable": 2,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["", "hello", "<html></html>", "BEGIN:VEVENT\r\nEND:VEVENT\r\n", "BEGIN:VCALENDAR"])
def test_what_is_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_a_calendar_that_never_ends_is_refused() -> None:
    many = [
        event("ann", "RRULE:FREQ=HOURLY", uid=str(n), times="DTSTART:20260301T000000Z\nDURATION:PT30M")
        for n in range(20)
    ]
    with pytest.raises(Unreadable, match="too-many"):
        read(calendar(*many))


def test_the_same_whatever_the_range() -> None:
    text = calendar(event("ann", "RRULE:FREQ=DAILY;INTERVAL=2", times="DTSTART:20250101T200000Z\nDURATION:PT24H"))
    whole = read(text).shifts
    middle = START + timedelta(days=20, hours=5)
    parts = [
        *calendars.read(text, zone="UTC", people=[ANN], start=START, end=middle).shifts,
        *calendars.read(text, zone="UTC", people=[ANN], start=middle, end=END).shifts,
    ]
    assert sorted(set(parts), key=lambda each: each.start) == list(whole)
