"""Syslog: what becomes of messages, whatever form they have."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from steward.foundation import clock
from steward.signals.alerts import actions
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Normalised, Received, Unreadable
from steward.signals.alerts.ingest.sources.syslog.messages import FACILITIES, level_of
from steward.signals.alerts.ingest.sources.syslog.messages import read as take_apart
from steward.signals.alerts.ingest.sources.syslog.parser import parse
from steward.signals.alerts.models import Alert, AlertChange
from steward.signals.alerts.tests.factories import call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_garbage, check_samples, check_set_up, read, sample

PATH = "syslog"
FOLDER = Path(__file__).resolve().parent.parent


def one(line: str, *, sender: str = "192.0.2.7") -> Normalised:
    (found,) = read(PATH, {"messages": [{"from": sender, "message": line}]}, query="severity=debug").good
    return found


def test_samples() -> None:
    check_samples("syslog", PATH, FOLDER)


def test_the_examples_of_rfc_5424() -> None:
    lines = [each["message"] for each in sample(FOLDER, "rfc5424.json")["messages"]]
    failed, doughnuts, entry, bare = map(one, lines)
    assert failed.labels == {
        "alertname": "su ID47",
        "severity": "critical",
        "host": "mymachine.example.com",
        "app": "su",
        "facility": "auth",
        "msgid": "ID47",
    }
    assert failed.annotations == {
        "summary": "'su root' failed for lonvick on /dev/pts/8",
        "level": "crit",
        "from": "192.0.2.7",
    }
    assert failed.starts_at == datetime(2003, 10, 11, 22, 14, 15, 3000, tzinfo=UTC) and failed.expires == "timeout"
    assert doughnuts.annotations["summary"] == "%% It's time to make the do-nuts."
    assert (doughnuts.annotations["procid"], doughnuts.labels["facility"]) == ("8710", "local4")
    assert doughnuts.severity == "error" and doughnuts.starts_at is not None and doughnuts.starts_at.hour == 12
    assert entry.annotations["exampleSDID@32473.eventSource"] == "Application"
    assert bare.annotations["examplePriority@32473.class"] == "high" and "summary" not in bare.annotations


@pytest.mark.parametrize(
    ("line", "host", "app", "process", "kind", "said"),
    [
        ("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "mymachine", "su", "", "", "'su root' failed"),
        ("<11>Feb  5 17:32:18 10.0.0.99 Use the BFG!", "10.0.0.99", "", "", "", "Use the BFG!"),
        ("<27>Mar  2 11:59:58 db-3 smartd[812]: Device: /dev/sda", "db-3", "smartd", "812", "", "Device: /dev/sda"),
        ("<27>Mar  2 11:59:58 smartd[812]: no host", "", "smartd", "812", "", "no host"),
        ("<131>2026-03-02T11:59:58.1+01:00 web-1 nginx: down", "web-1", "nginx", "", "", "down"),
        ("<11>backup: failed\x00", "", "backup", "", "", "failed"),
        ("<11>failed", "", "", "", "", "failed"),
        ("<11>Mar  2 11:59:58 fe80::1 kernel: oops", "fe80::1", "kernel", "", "", "oops"),
        (
            "<187>123: *Mar  1 18:46:11: %LINK-3-UPDOWN: Interface Gi0/1 down",
            "", "", "", "LINK-3-UPDOWN", "%LINK-3-UPDOWN: Interface Gi0/1 down",
        ),
        ("nothing of all this", "", "", "", "", "nothing of all this"),
        ("<999>too high", "", "", "", "", "<999>too high"),
        ('<11>1 - - - - - [a b="c] broken', "", "", "", "", '[a b="c] broken'),
        ('<11>1 - h a - - [x y="1 \\"2\\" \\] \\\\ \\n"] told', "h", "a", "", "", "told"),
    ],
)  # fmt: skip
def test_taken_apart(line: str, host: str, app: str, process: str, kind: str, said: str) -> None:
    found = take_apart(line)
    assert (found.host, found.app, found.process, found.kind, found.text) == (host, app, process, kind, said)
    if "x y" in line:
        assert found.data == {"x.y": '1 "2" ] \\ \\n'}


def test_facilities_and_levels() -> None:
    assert len(FACILITIES) == 24 and FACILITIES[4] == "auth" and FACILITIES[23] == "local7"
    words = [one(f"<{8 + level}>x").severity for level in range(8)]
    assert words == ["critical"] * 3 + ["error", "warning"] + ["info"] * 3
    assert [level_of(line) for line in ("<11>x", "x", "<999>x", "<191>x")] == [3, 5, 5, 7]
    assert one("no priority").labels["facility"] == "user"


@pytest.mark.parametrize(
    ("option", "taken"),
    [
        ("", 4),
        ("severity=err", 4),
        ("severity=warning", 5),
        ("severity=7", 8),
        ("severity=emerg", 1),
        ("severity=crit", 3),
    ],
)
def test_which_levels_become_alerts_is_an_option(option: str, taken: int) -> None:
    body = "\n".join(f"<{8 + level}>app{level}: x" for level in range(8)).encode()
    assert len(read(PATH, body, query=option).good) == taken


def test_who_names_no_host_is_known_by_its_address() -> None:
    assert one("<11>backup: failed", sender="198.51.100.4").labels["host"] == "198.51.100.4"
    named = one("<11>Oct 11 22:14:15 db-3 backup: failed", sender="198.51.100.4")
    assert named.labels["host"] == "db-3" and named.annotations["from"] == "198.51.100.4"


def test_messages_of_one_alert_are_one_report_with_the_last_text_and_the_first_time() -> None:
    lines = [f"<11>1 2026-03-02T11:59:5{n}Z db-3 backup {n} - - try {n}" for n in range(3)]
    (found,) = read(PATH, "\n".join(lines).encode()).good
    assert found.annotations["summary"] == "try 2"
    assert found.starts_at == datetime(2026, 3, 2, 11, 59, 50, tzinfo=UTC)


def test_text_of_several_lines_and_of_another_alphabet() -> None:
    found = one("<11>app: Traceback\n  line 1\n  line 2")
    assert (found.annotations["summary"], found.annotations["message"]) == (
        "Traceback",
        "Traceback\n  line 1\n  line 2",
    )
    assert read(PATH, "<11>app: Größe".encode("latin-1")).good[0].annotations["summary"] == "Größe"


def test_what_cannot_be_read() -> None:
    for body in (b"", b"\n \x00\n", b"{}", b'{"messages": 1}', b"[1]"):
        with pytest.raises(Unreadable):
            parse(Received(body, NOW, PATH))
    with pytest.raises(Unreadable, match="severity in the address"):
        parse(Received(b"<11>x", NOW, PATH, "severity=loud"))
    parsed = read(PATH, {"messages": [1, {"message": ""}, {"from": "x", "message": "<11>x"}]})
    assert len(parsed.good) == 1 and len(parsed.bad) == 2
    assert parsed.repack is not None and parsed.repack([1]) == {"messages": [1]}


def test_garbage() -> None:
    check_garbage(PATH, sample(FOLDER, "devices.json"))
    choice = random.Random(7)
    lines = [
        each["message"]
        for name in ("rfc5424", "rfc3164", "devices")
        for each in sample(FOLDER, f"{name}.json")["messages"]
    ]
    for _round in range(2_000):
        raw = bytearray(choice.choice(lines).encode())
        for _change in range(choice.randint(1, 8)):
            place = choice.randrange(len(raw))
            raw[place : place + choice.randint(0, 3)] = choice.randbytes(choice.randint(0, 4)) or b'"'
        try:
            parsed = parse(Received(bytes(raw), NOW, PATH, "severity=debug"))
        except Unreadable:
            continue
        for found in parsed.good:
            assert found.labels["alertname"]


def test_long_hostile_messages_are_read_quickly() -> None:
    started = clock.now()
    for line in (
        "<11>1 - - - - - " + '[a b="' * 9_000,
        "<11>1 - - - - - [" + ' a="' * 9_000,
        "<11>" + "a" * 60_000,
        "<11>" + "%A-3" * 9_000,
    ):
        one(line)
    assert clock.now() - started < timedelta(seconds=2)


def test_set_up() -> None:
    page = check_set_up("syslog")
    assert "STEWARD_SOURCE_KEY=KEY" in page and "--url https://steward.example.org" in page


@pytest.mark.django_db(transaction=True)
def test_it_fires_refreshes_and_expires_by_the_sources_timeout() -> None:
    source("k", resolve_timeout=120)

    async def story(app: Application) -> list[Any]:
        lines = ["<11>app: one", "<11>app: two", "<14>app: harmless"]
        return [await call(app, "/in/k/syslog", line.encode()) for line in lines]

    answers = with_door(story)
    assert [(each.status, each.json["accepted"]) for each in answers] == [(200, 1), (200, 1), (200, 0)]
    stored = Alert.objects.get()
    assert (stored.status, stored.annotations["summary"], stored.fire_count) == ("firing", "two", 1)
    assert stored.due_at is not None and timedelta(seconds=110) < stored.due_at - stored.last_seen_at <= timedelta(
        seconds=120
    )
    actions.expire(now=stored.due_at, ids=[stored.pk])
    stored.refresh_from_db()
    assert stored.status == "resolved" and AlertChange.objects.count() == 2
