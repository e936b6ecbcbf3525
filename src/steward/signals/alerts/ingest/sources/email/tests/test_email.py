"""E-mail: which alert a message is, and what it says."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from steward.foundation import clock
from steward.signals.alerts.ingest.asgi import Application
from steward.signals.alerts.ingest.sources import Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.email.message import shown
from steward.signals.alerts.ingest.sources.email.parser import parse
from steward.signals.alerts.ingest.sources.email.subjects import read as take_apart
from steward.signals.alerts.models import Alert, AlertChange
from steward.signals.alerts.tests.factories import call, source, with_door
from steward.signals.alerts.tests.kinds import NOW, check_set_up

FOLDER = Path(__file__).resolve().parent.parent
SENTENCES = [
    "Problem with the backup OK button", "Failed to resolve db-3", "Up to date backups are missing", "New errors",
]  # fmt: skip
SAMPLES = sorted((FOLDER / "samples").glob("*.eml"))


def mail(subject: str = "Disk full", text: str = "It is.", sender: str = "mon@example.org", **headers: str) -> bytes:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "KEY@alerts.example.org", subject
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def read(raw: bytes, query: str = "") -> Parsed:
    return parse(Received(raw, NOW, "email", query))


def one(raw: bytes, query: str = "") -> Normalised:
    parsed = read(raw, query)
    assert not parsed.bad, parsed.bad
    (found,) = parsed.good
    return found


def test_samples() -> None:
    assert len(SAMPLES) >= 6
    found = {path.stem: one(path.read_bytes()) for path in SAMPLES}
    for name in ("nagios", "zabbix", "alertmanager"):
        begun, over = found[f"{name}-problem"], found[f"{name}-recovery"]
        assert begun.fingerprint == over.fingerprint, name
        assert (begun.resolved, over.resolved) == (False, True), name
        assert begun.labels["alertname"] == over.labels["alertname"]
    assert found["nagios-problem"].labels == {
        "alertname": "Service Alert: web-1/HTTP",
        "severity": "critical",
        "from": "nagios@monitoring.example.org",
    }
    assert "Socket timeout after 10 seconds" in found["nagios-problem"].annotations["description"]
    assert found["alertmanager-problem"].annotations["description"].startswith("1 alert for alertname=HighLatency")
    assert found["zabbix-problem"].annotations["summary"] == "Problem: Größe von /var über 90 %"


@pytest.mark.parametrize(
    ("begun", "over", "about", "severity"),
    [
        ("[FIRING:2] HighLatency (api)", "[RESOLVED] HighLatency (api)", "HighLatency (api)", ""),
        ("** PROBLEM Service Alert: a/b is CRITICAL **", "** RECOVERY Service Alert: a/b is OK **",
         "Service Alert: a/b", "critical"),
        ("[PROBLEM] disk on db1 is WARNING!", "[RECOVERY] disk on db1 is OK!", "disk on db1", "warning"),
        ("Problem: High CPU", "Resolved in 5m 3s: High CPU", "High CPU", ""),
        ('ALARM: "cpu" in EU (Ireland)', 'OK: "cpu" in EU (Ireland)', '"cpu" in EU (Ireland)', ""),
        ("[Alerting] Queue length", "[OK] Queue length", "Queue length", ""),
        ("🔴 [Down] shop.example.org", "✅ [Up] shop.example.org", "shop.example.org", ""),
        ("Monitor is DOWN: shop", "Monitor is UP: shop", "Monitor : shop", ""),
        ("[Failed] Backup job nightly", "[Success] Backup job nightly", "Backup job nightly", ""),
        ("Backup nightly failed", "Backup nightly failed", "Backup nightly failed", ""),
        ("CRITICAL db-3: disk full", "RECOVERED db-3: disk full", "db-3: disk full", "critical"),
        ("Disk full", "Re: AW: Recovered: Disk full", "Disk full", ""),
        ("Host db-3 - down", "Host db-3 - recovered", "Host db-3", ""),
        ("Service api is now failing", "Service api is back up", "Service api", ""),
        ("[Warning - Problem] x", "[Info / Resolved] x", "x", "warning"),
        ("回复：磁盘已满", "RESOLVED: 磁盘已满", "磁盘已满", ""),
    ],
)  # fmt: skip
def test_the_end_is_of_the_same_alert(begun: str, over: str, about: str, severity: str) -> None:
    first, last = take_apart(begun), take_apart(over)
    assert (first.about, first.over, first.severity) == (about, False, severity)
    assert last.about == about and last.over == (begun != over)


@pytest.mark.parametrize("subject", ["OK", "RESOLVED", "[OK]", "Re:", "!!!", "[FIRING:1]", "is down", ""])
def test_subjects_of_nothing_but_such_words_stay_what_they_are(subject: str) -> None:
    found = take_apart(subject)
    assert bool(found.about) == bool(subject.strip())


@pytest.mark.parametrize("subject", SENTENCES)
def test_words_in_a_sentence_end_nothing(subject: str) -> None:
    assert not take_apart(subject).over and take_apart(subject).about == subject


def test_another_sender_is_another_alert_and_case_and_replies_are_not() -> None:
    first = one(mail("Disk full"))
    assert first.fingerprint != one(mail("Disk full", sender="other@example.org")).fingerprint
    assert first.fingerprint == one(mail("RE: disk  FULL", sender="Monitoring <MON@example.org>")).fingerprint
    assert first.keyed and first.expires is None


def test_threads() -> None:
    first = one(mail("Disk full", Message_ID="<1@x>"), "tag=thread")
    answer = one(mail("All good: RESOLVED", Message_ID="<2@x>", In_Reply_To="<1@x>"), "tag=thread+resolved")
    third = one(mail("[OK] still", Message_ID="<3@x>", References="<1@x> <2@x>", In_Reply_To="<2@x>"), "tag=thread")
    assert first.fingerprint == answer.fingerprint == third.fingerprint
    assert (first.resolved, answer.resolved, third.resolved) == (False, True, True)
    assert first.annotations["message_id"] == "1@x"


def test_address_and_headers_go_before_the_subject() -> None:
    assert one(mail("Disk full"), "tag=resolved").resolved and not one(mail("[OK] Disk full"), "tag=firing").resolved
    assert one(mail("Disk full"), "tag=crit").severity == "critical"
    told = one(
        mail("[OK] Disk", X_Steward_Status="firing", X_Steward_Severity="Minor", X_Steward_Key="k"), "tag=critical.2h"
    )
    assert (told.resolved, told.severity, told.expires) == (False, "minor", 7200)
    assert told.fingerprint == one(mail("other", sender="o@x", X_Steward_Key="k")).fingerprint
    assert one(mail("Disk", X_Priority="1 (Highest)")).severity == "high"


def test_bodies() -> None:
    made = EmailMessage()
    made["Subject"], made["From"], made["Date"] = "x", "a@b", "Mon, 02 Mar 2026 11:50:00 +0000"
    made.set_content(
        "<style>p{}</style><p>Größe &amp; <b>Last</b></p><table><tr><td>a</td></tr></table>", subtype="html"
    )
    made.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream", filename="dump.bin")
    found = one(made.as_bytes())
    assert found.annotations["description"] == "Größe & Last\n\na" and found.annotations["attachments"] == "dump.bin"
    assert found.starts_at == datetime(2026, 3, 2, 11, 50, tzinfo=UTC)
    assert one(b"Subject: =?utf-8?q?Gr=C3=B6=C3=9Fe?=\n\nx").annotations["summary"] == "Größe"
    assert one("Subject: Größe\n\nx".encode("latin-1")).annotations["summary"] == "Größe"
    assert one(b"From: a@b\n\nfirst line\nsecond").labels["alertname"] == "first line"
    assert shown("<p>a<br>b<script>x</script>") == "a\nb"


def test_what_is_no_alert_is_parked() -> None:
    for raw in (b"", b" \n", b"\n\n", b"From: a@b\n\n"):
        with pytest.raises(Unreadable):
            read(raw)
    assert read(mail("Re: Disk", Auto_Submitted="auto-replied (vacation)")).bad
    report = b"Subject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\n"
    report += b"\n--x\n\nno\n--x--"
    assert "delivery report" in read(report).bad[0].error
    assert read(mail("Disk", Auto_Submitted="auto-generated")).good


def test_garbage() -> None:
    choice = random.Random(11)
    texts = [path.read_bytes() for path in SAMPLES]
    for _round in range(1_500):
        raw = bytearray(choice.choice(texts))
        for _change in range(choice.randint(1, 30)):
            place = choice.randrange(len(raw))
            raw[place : place + choice.randint(0, 20)] = choice.randbytes(choice.randint(1, 10))
        if choice.random() < 0.2:
            raw = bytearray(choice.randbytes(400))
        try:
            parsed = read(bytes(raw), "tag=" + chr(choice.randint(33, 126)))
        except Unreadable:
            continue
        for found in parsed.good:
            assert found.labels["alertname"] and len(found.fingerprint) == 16
        assert all(bad.error for bad in parsed.bad)


def test_hostile_messages_are_read_quickly() -> None:
    started = clock.now()
    for subject in ("OK " * 5_000, "[" * 9_000, "[ok " * 5_000, "re: " * 5_000, "is now " * 5_000, "in 5m " * 5_000):
        take_apart(subject)
    read(b"Subject: x\nContent-Type: text/html\n\n" + b"<div" * 200_000)
    read(b"Subject: " + b"=?utf-8?q?=41?= " * 20_000 + b"\n\nx")
    read(b"Subject: x\nFrom: " + b"a@b, <" * 20_000 + b"\nReferences: " + b"<a@b> " * 20_000 + b"\n\nx")
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(300))
    read(b"Subject: x\n" + nested + b"\nx")
    assert clock.now() - started < timedelta(seconds=5)


def test_set_up() -> None:
    page = check_set_up("email")
    assert "KEY@alerts.example.org" in page and "/in/KEY/email" in page


@pytest.mark.django_db(transaction=True)
def test_through_the_door() -> None:
    source("k")

    async def story(app: Application) -> list[Any]:
        bodies = [
            mail("[CRITICAL] Disk full"),
            mail("[CRITICAL] Disk full", "worse"),
            mail("RESOLVED: Disk full"),
            b"\n\n",
        ]
        return [await call(app, "/in/k/email", body) for body in bodies]

    assert [each.status for each in with_door(story)] == [200, 200, 200, 400]
    stored = Alert.objects.get()
    assert (stored.name, stored.severity, stored.status) == ("Disk full", "critical", "resolved")
    assert stored.annotations["description"] == "worse"
    assert [change.status for change in AlertChange.objects.order_by("id")] == ["firing", "resolved"]
