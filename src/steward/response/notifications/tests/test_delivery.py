"""Deliveries over real sockets: what arrives, what is tried again, and what a crash leaves behind."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from steward.foundation import sentences
from steward.foundation.due.registry import claim
from steward.foundation.testing.races import race
from steward.response.notifications import due, links, messages, sending
from steward.response.notifications.models import ContactMethod, Delivery, Page
from steward.response.notifications.tests.conftest import Hooks, Mails, free_port
from steward.response.notifications.tests.factories import NOW, SUBJECT, delivery_of, page, page_of, user
from steward.response.notifications.tests.running import KIND, engine, engine_until_done

pytestmark = pytest.mark.django_db


def answers() -> list[str]:
    return [attempt.answer for each in Delivery.objects.order_by("id") for attempt in each.attempts.all()]


def test_the_mail_says_what_matters(mails: Mails) -> None:
    who = user("Ann Example", email="ann@example.org", time_zone="Europe/Berlin")
    result = page(who, body="Error rate 12 % <b>&</b>\nsince 03:01")
    assert engine() == 1
    (message,) = mails.taken
    assert message["Subject"] == "[SEV1] INC-7 Claims intake rejects uploads (Claims portal)"
    assert message["To"] == "ann@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_body(("plain",)).get_content()
    for part in ("Claims intake rejects uploads", "Severity: SEV1", "Service: Claims portal", "Error rate 12 %",
                 "Why you: on call for Application", "Ann Example only"):  # fmt: skip
        assert part in text
    html = message.get_body(("html",)).get_content()
    assert "Error rate 12 % &lt;b&gt;&amp;&lt;/b&gt;<br>since 03:01" in html
    (link,) = [line for line in text.splitlines() if line.startswith("https://ops.example.org/act/")]
    assert f'href="{link}"' in html
    way = f"https://ops.example.org/receipts/pages/{result.page_id}"
    assert f"The whole way of this page, from the alert to you: {way}" in text.splitlines()
    assert f'<a href="{way}">' in html
    read = links.read(link.rpartition("/")[2], NOW)
    assert (read.user_id, read.subject, read.page_id) == (who.pk, SUBJECT, result.page_id)
    assert page_of(result).state == "sent"


@pytest.mark.parametrize(
    ("title", "facts", "subject"),
    [
        ("Disk full", {}, "INC-7 Disk full"),
        ("Disk full", {"severity": "SEV2"}, "[SEV2] INC-7 Disk full"),
        ("SEV2: INC-7 Claims API is down", {"severity": "SEV2", "service": "Claims API"}, "SEV2: INC-7 Claims API is down"),
        ("Disk full\r\nBcc: all@example.org", {"service": "a\nb"}, "INC-7 Disk full Bcc: all@example.org (a b)"),
    ],
)  # fmt: skip
def test_the_subject_says_each_thing_once_on_one_line(
    mails: Mails, title: str, facts: dict[str, str], subject: str
) -> None:
    page(user(), title=title, reason={"why": "x", "facts": facts})
    engine()
    (message,) = mails.taken
    assert message["Subject"] == subject
    assert message["Bcc"] is None


def test_a_long_title_is_cut_and_not_what_follows_it(mails: Mails) -> None:
    page(user(), title="x" * 300, reason={"why": "x", "facts": {"severity": "SEV1", "service": "Claims portal"}})
    engine()
    subject = str(mails.taken[0]["Subject"])
    assert subject.startswith("[SEV1] INC-7 xxx") and subject.endswith("x… (Claims portal)")
    assert len(subject) <= 200


def test_mails_of_one_subject_are_one_thread_with_different_ids(mails: Mails) -> None:
    page(user(), key="k1")
    page(user(), key="k2")
    engine()
    first, second = mails.taken
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]


def test_in_the_language_of_the_person(mails: Mails) -> None:
    page(user(language="zh-hans"))
    page(user(language="xx-nonsense"), key="k2")
    engine()
    assert {'<html lang="zh-hans">', '<html lang="en">'} == {
        line
        for message in mails.taken
        for line in message.get_body(("html",)).get_content().splitlines()
        if line.startswith("<html")
    }


def test_without_a_choice_in_the_language_of_the_installation(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = replace(messages.load(), language="zh-hans")
    monkeypatch.setattr(messages, "load", lambda: chinese)
    page(user(language=""))
    page(user(language="en"), key="k2")
    engine()
    first, second = (message.get_body(("plain",)).get_content() for message in mails.taken)
    assert "为何找您：" in first and "Why you:" in second


def test_a_passing_refusal_is_tried_again(mails: Mails) -> None:
    mails.answers = ["450 busy", "451 still busy"]
    result = page(user())
    engine()
    delivery = delivery_of(result)
    assert (delivery.state, page_of(result).state, len(mails.taken)) == ("retrying", "pending", 0)
    assert delivery.due_at is not None and delivery.due_at > NOW
    assert "450 busy" in answers()[0]
    engine_until_done()
    assert (delivery_of(result).state, page_of(result).state) == ("sent", "sent")
    assert len({message["Message-ID"] for message in mails.offered}) == 1
    assert [attempt.outcome for attempt in delivery.attempts.all()] == ["retrying", "retrying", "sent"]


def test_a_final_refusal_is_not_tried_again(mails: Mails) -> None:
    mails.answers = ["554 blocked"]
    result = page(user())
    engine_until_done()
    assert (delivery_of(result).state, page_of(result).state) == ("failed", "failed")
    assert len(mails.offered) == 1
    assert "554 blocked" in answers()[0]


def test_a_connection_cut_while_the_server_answers(mails: Mails) -> None:
    mails.answers = ["cut"]
    result = page(user())
    engine_until_done()
    assert page_of(result).state == "sent"
    assert "it may have arrived" in answers()[0]
    first, second = mails.offered
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_down_is_tried_until_it_is_too_late(settings_env: Any, socket_enabled: None) -> None:
    settings_env(smtp_host="127.0.0.1", smtp_port=free_port())
    result = page(user())
    engine_until_done()
    assert page_of(result).state == "failed"
    assert len(answers()) == 8
    assert "cannot be reached" in answers()[0]
    assert "gave up after 8 tries" in answers()[-1]


def test_without_a_mail_server_the_delivery_fails_clearly(settings_env: Any) -> None:
    result = page(user())
    engine()
    assert page_of(result).state == "failed"
    assert "Set STEWARD_SMTP_HOST" in answers()[0]


def test_apprise_over_a_real_connection(hooks: Hooks) -> None:
    who = user(email="")
    ContactMethod.objects.create(user=who, channel="apprise", target=hooks.target, verified_at=NOW)
    result = page(who)
    engine()
    (body,) = hooks.taken
    sent = json.loads(body)
    assert sent["title"] == "[SEV1] INC-7 Claims intake rejects uploads (Claims portal)"
    assert sent["message"].startswith("Error rate 12 %\nWhy you: on call for Application")
    assert "https://ops.example.org/act/" in sent["message"]
    assert page_of(result).state == "sent"


def test_apprise_is_tried_again_after_a_server_error_only(hooks: Hooks) -> None:
    who = user(email="")
    ContactMethod.objects.create(user=who, channel="apprise", target=hooks.target, verified_at=NOW)
    hooks.answers = [503]
    passing = page(who)
    engine_until_done()
    hooks.answers = [403]
    final = page(who, key="k2")
    engine_until_done()
    assert (page_of(passing).state, page_of(final).state) == ("sent", "failed")
    assert len(hooks.taken) == 1


def test_internal_addresses_are_refused_unless_allowed(hooks: Hooks, settings_env: Any) -> None:
    settings_env(outbound_allow=())
    who = user(email="")
    ContactMethod.objects.create(user=who, channel="apprise", target=hooks.target, verified_at=NOW)
    result = page(who)
    engine_until_done()
    assert page_of(result).state == "failed"
    assert "STEWARD_OUTBOUND_ALLOW" in answers()[0]
    assert hooks.taken == []


def test_one_channel_is_enough(mails: Mails, hooks: Hooks) -> None:
    who = user(email="")
    ContactMethod.objects.create(user=who, channel="email", target="ann@example.org", verified_at=NOW)
    ContactMethod.objects.create(user=who, channel="apprise", target=hooks.target, verified_at=NOW)
    hooks.answers = [403]
    result = page(who)
    engine()
    assert {each.state for each in Delivery.objects.all()} == {"sent", "failed"}
    assert page_of(result).state == "sent"


class Killed(BaseException):
    """Not an Exception: nothing in the handler may catch it, as nothing catches a kill."""


def killed_at(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """Handle what is due, and be killed before ``place``."""

    def die(*_given: object, **_values: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"steward.response.notifications.{place}", die)
        with pytest.raises(Killed):
            KIND.handle(claim(KIND, NOW), NOW)


def test_killed_between_sending_and_recording(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has the mail and Steward does not know. It is sent again, recognisably the same, and says so."""
    result = page(user())
    killed_at(monkeypatch, "due.JOURNAL.note")
    assert len(mails.taken) == 1
    assert engine(NOW + KIND.lease / 2) == 0  # the lease still holds
    assert engine(NOW + KIND.lease + timedelta(seconds=1)) == 1
    first, second = mails.taken
    assert first["Message-ID"] == second["Message-ID"]
    cut_off, repeated = Delivery.objects.get().attempts.all()
    assert (cut_off.outcome, repeated.outcome) == ("cut off", "sent")
    assert "the same key" in cut_off.answer
    assert page_of(result).state == "sent"


@pytest.mark.parametrize("place", ["actions.note_taken", "actions.end_attempt"])
def test_killed_while_recording_sends_nothing_again(place: str, mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    """That the server took it is kept first of all; what follows from it comes when the lease ends."""
    result = page(user())
    killed_at(monkeypatch, place)
    assert page_of(result).state == "pending"
    assert engine(NOW + KIND.lease + timedelta(seconds=1)) == 1
    assert len(mails.taken) == 1
    assert page_of(result).state == "sent"
    (only,) = Delivery.objects.get().attempts.all()
    assert only.outcome == "sent" and "250" in only.answer


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_for_a_moment_makes_no_second_mail(
    mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, failures = due.actions.end_attempt, [OperationalError("away"), OperationalError("still away")]

    def broken(**values: Any) -> Any:
        if failures:
            raise failures.pop()
        return end(**values)

    result = page(user())
    monkeypatch.setattr("steward.response.notifications.actions.end_attempt", broken)
    monkeypatch.setattr(due.time, "sleep", lambda _seconds: None)
    engine()
    assert failures == [] and page_of(result).state == "sent" and len(mails.taken) == 1


def test_killed_after_recording_sends_nothing_again(mails: Mails) -> None:
    delivery = delivery_of(page(user()))
    engine()
    Delivery.objects.update(due_at=NOW, leased_until=NOW)  # as if the release of the lease had been lost
    KIND.handle([delivery.pk], NOW + timedelta(minutes=2))
    assert len(mails.taken) == 1


def test_trouble_inside_steward_is_tried_again(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    result = page(user())
    with monkeypatch.context() as patch:
        patch.setattr(sending, "send", lambda *_args: 1 / 0)
        engine()
    assert (delivery_of(result).state, answers()[0][:17]) == ("retrying", "ZeroDivisionError")
    engine_until_done()
    assert page_of(result).state == "sent"


def test_one_bad_row_does_not_stop_the_others(mails: Mails, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = delivery_of(page(user())), delivery_of(page(user(), key="k2"))
    begin = due.actions.begin_attempt

    def broken(**values: Any) -> Any:
        if values["delivery_id"] == bad.pk:
            raise RuntimeError("broken row")
        return begin(**values)

    monkeypatch.setattr("steward.response.notifications.actions.begin_attempt", broken)
    KIND.handle([bad.pk, good.pk], NOW)
    assert len(mails.taken) == 1


@pytest.mark.django_db(transaction=True)
def test_two_engines_send_each_page_once(mails: Mails) -> None:
    for number in range(12):
        page(user(), key=f"k{number}")
    counts = race(engine, engine, engine)
    assert sum(counts) == 12
    assert len(mails.taken) == 12
    assert len({message["To"] for message in mails.taken}) == 12
    assert Page.objects.filter(state="sent").count() == 12


def test_why_somebody_is_paged_is_said_in_their_language(mails: Mails) -> None:
    why = sentences.gettext("on call for %(schedule)s until %(until)s (rotation)") % {
        "schedule": "Application", "until": "9:00 UTC",
    }  # fmt: skip
    page(user(language="zh-hans"), reason={"why": why, "step": "Tier 1"})
    page(user(), key="k2", reason={"why": why, "step": "Tier 1"})
    engine()
    chinese, english = sorted((message.get_body(("plain",)).get_content() for message in mails.taken), key=str.isascii)
    assert "on call for Application until 9:00 UTC (rotation)" in english
    assert "Application" in chinese and "on call for" not in chinese and "Tier 1" in chinese
