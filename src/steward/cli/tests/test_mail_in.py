"""``steward mail-in``: a real SMTP conversation, with a Steward that is there, away, or does not know the source."""

from __future__ import annotations

import random
import smtplib
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest

from steward.cli.receivers.mail import Names, read_names
from steward.cli.tests.doors import Receiver, door, receiver
from steward.cli.trouble import Trouble
from steward.signals.alerts.models import Alert, ParkedPayload, Source
from steward.signals.alerts.tests.factories import source

KEY = "Key_with-Capitals"


def message(subject: str, text: str = "No space left.") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "backup@db-3.example.org", "alerts@example.org", subject
    made.set_content(text)
    return made


def send(at: Receiver, subject: str, *to: str, text: str = "No space left.") -> None:
    with smtplib.SMTP("127.0.0.1", at.port, timeout=30) as client:
        client.send_message(message(subject, text), to_addrs=list(to))


def code(at: Receiver, subject: str, *to: str, text: str = "No space left.") -> int:
    """The code of the refusal."""
    with pytest.raises((smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException)) as caught:
        send(at, subject, *to, text=text)
    error = caught.value
    return (
        error.smtp_code
        if isinstance(error, smtplib.SMTPResponseException)
        else next(iter(error.recipients.values()))[0]
    )


def test_names(tmp_path: Path) -> None:
    path = tmp_path / "names"
    path.write_text(f"# short names\nBackups {KEY}\nweb /in/other-key  # as shown\n\n")
    names = Names(read_names(str(path)))
    assert names.key_and_tag("backups+resolved@x.example.org") == (KEY, "resolved")
    assert names.key_and_tag('"WEB"@x') == ("other-key", "")
    assert names.key_and_tag(f"{KEY}+critical+2h@x") == (KEY, "critical+2h")
    assert names.key_and_tag("") == ("", "") and read_names("") == {}
    path.write_text("one\n")
    with pytest.raises(Trouble, match="line 1"):
        read_names(str(path))
    with pytest.raises(Trouble, match="cannot be read"):
        read_names(str(tmp_path / "none"))


@pytest.mark.django_db(transaction=True)
def test_mail_becomes_alerts_and_ends_them(tmp_path: Path) -> None:
    source(KEY, kind="email")
    path = tmp_path / "names"
    path.write_text(f"backups {KEY}\n")
    with door() as steward, receiver(tmp_path, "mail-in", steward.url, "--names", str(path)) as mail:
        send(mail, "[CRITICAL] Backup of db-3 failed", f"{KEY}@alerts.example.org")
        stored = Alert.objects.get()
        assert (stored.name, stored.severity, stored.status) == ("Backup of db-3 failed", "critical", "firing")
        assert stored.annotations["description"] == "No space left."
        send(mail, "Re: backup of db-3 failed", "backups+resolved@alerts.example.org")
        stored.refresh_from_db()
        assert stored.status == "resolved"
        send(mail, "Backup", "backups+crit+30m@x", f"{KEY}@x")
        second = Alert.objects.get(name="Backup")
        assert second.status == "firing" and second.fire_count == 1
        assert code(mail, "Backup", "nobody@x") == 550
        assert mail.stop() == 0
        assert "3 messages stored, 0 put off, 0 refused" in mail.said and KEY not in mail.said


@pytest.mark.django_db(transaction=True)
def test_while_steward_is_away_the_sender_is_asked_to_come_again(tmp_path: Path) -> None:
    source(KEY, kind="email")
    with door() as steward, receiver(tmp_path, "mail-in", steward.url, "--most", "1") as mail:
        steward.away = True
        assert code(mail, "Disk full", f"{KEY}@x") == 451
        steward.away = False
        send(mail, "Disk full", f"{KEY}@x")
        steward.away = True  # now the key is known to be good, and only the message itself finds Steward away
        assert code(mail, "Disk fuller", f"{KEY}@x") == 451
        assert [each.name for each in Alert.objects.all()] == ["Disk full"]
        steward.away = False
        send(mail, "Disk fuller", f"{KEY}@x")
        assert Alert.objects.count() == 2
        Source.objects.update(enabled=False)
        assert code(mail, "Disk full", "Other-Key@x") == 550
        Source.objects.update(enabled=True)
        assert code(mail, "Big", f"{KEY}@x", text="x" * 70 + "\n" * 1_200_000) == 552
        send(mail, "Re: lunch", f"{KEY}@x")
        with smtplib.SMTP("127.0.0.1", mail.port) as client:  # an automatic answer is kept, but is no alert
            client.sendmail("a@b", [f"{KEY}@x"], "Subject: Away\r\nAuto-Submitted: auto-replied\r\n\r\nI am away.\r\n")
    assert "delivery report" in ParkedPayload.objects.get().error


@pytest.mark.django_db(transaction=True)
def test_garbage_in_the_conversation_and_in_messages(tmp_path: Path) -> None:
    source(KEY, kind="email")
    choice = random.Random(2)
    with door() as steward, receiver(tmp_path, "mail-in", steward.url) as mail:
        for _round in range(40):
            with socket.create_connection(("127.0.0.1", mail.port), timeout=10) as stream:
                stream.sendall(choice.randbytes(choice.randint(1, 3_000)) + b"\r\n")
        with socket.create_connection(("127.0.0.1", mail.port), timeout=10) as stream:
            stream.sendall(
                b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<" + KEY.encode() + b"@x>\r\nDATA\r\nSubject: cut off"
            )
        with smtplib.SMTP("127.0.0.1", mail.port) as client:
            for _round in range(30):
                body = b"Subject: noise\r\n\r\n" + choice.randbytes(choice.randint(0, 2_000))
                assert client.sendmail("<>", [f"{KEY}@x"], body.replace(b"\r", b"").replace(b"\n", b"\r\n")) == {}
        send(mail, "After all of this", f"{KEY}@x")
        names = set(Alert.objects.values_list("name", flat=True))
        assert "After all of this" in names and "cut off" not in names
        assert mail.stop() == 0
