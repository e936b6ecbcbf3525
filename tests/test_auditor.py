"""The auditor: what is due and not done is found, and the outside hears "all is well" only while it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from steward.config import environment
from steward.foundation import clock
from steward.foundation.due import auditor, registry
from steward.foundation.due.auditor import Auditor, Finding, claim_signal, inspect, report, signal
from steward.foundation.due.models import AuditorReport
from steward.foundation.due.registry import claim
from steward.foundation.outbound.tests.conftest import Web, answer
from steward.foundation.testing.races import race
from steward.response.notifications.tests.factories import user
from steward.response.oncall.models import Escalation
from steward.response.oncall.tests.factories import notify, policy, start, wait
from steward.web import registrations

SECOND = timedelta(seconds=1)
KIND = "oncall.escalation"


def running(due_in: timedelta) -> Escalation:
    """An escalation whose next step is (or was) due then."""
    found = start(policy(notify(user()), wait(5)))
    Escalation.objects.filter(pk=found.pk).update(due_at=clock.now() + due_in)
    return found


@pytest.fixture
def calm(db: None) -> None:
    """Nothing is due: migrations leave rows for the first night."""
    for kind in registry.kinds():
        kind.model._default_manager.update(due_at=None)


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[Web]:
    """A service outside that waits for the signal."""
    server = Web()
    server.routes["/ping"] = answer(200, b"OK")
    wanted = replace(
        environment.load(),
        outbound_allow=("127.0.0.1/32",),
        deadman_url=server.url("/ping?token=t"),
        deadman_seconds=60,
    )
    monkeypatch.setattr(auditor, "load", lambda: wanted)
    yield server
    server.stop()


@pytest.mark.usefixtures("calm")
def test_what_waits_longer_than_five_seconds_is_found() -> None:
    assert inspect(clock.now()) == {}
    running(-4 * SECOND)
    assert inspect(clock.now()) == {}
    Escalation.objects.update(due_at=clock.now() - 8 * SECOND)
    assert inspect(clock.now()) == {KIND: Finding(late=1, seconds=8)}


@pytest.mark.usefixtures("calm")
def test_what_is_worked_on_is_not_late_until_it_takes_too_long() -> None:
    running(-8 * SECOND)
    now = clock.now()
    kind = next(each for each in registry.kinds() if each.name == KIND)
    assert claim(kind, now)
    assert inspect(now + SECOND) == {}
    # Its engine died, and nobody has taken it up since.
    assert inspect(now + kind.lease + 6 * SECOND)[KIND].late == 1
    Escalation.objects.update(due_at=now - kind.patience - SECOND, leased_until=now + timedelta(hours=1))
    assert inspect(now) == {KIND: Finding(stuck=1)}


@pytest.mark.usefixtures("calm")
def test_a_live_escalation_without_a_clock_is_found() -> None:
    """Whatever made it so: nothing would ever look at it again."""
    running(SECOND)
    Escalation.objects.update(due_at=None)
    assert inspect(clock.now()) == {KIND: Finding(stranded=1)}
    Escalation.objects.update(state="stopped")
    assert inspect(clock.now()) == {}


@pytest.mark.usefixtures("calm")
def test_every_kind_is_looked_at() -> None:
    for kind in registry.kinds():
        columns = {field.name for field in kind.model._meta.fields}
        assert {"due_at", "leased_until"} <= columns, kind.name
        assert auditor._stranded(kind) == 0, kind.name  # the condition of each is one that its table knows


@pytest.mark.usefixtures("calm")
def test_the_report_says_since_when() -> None:
    now = clock.now()
    assert report(now, {}).content
    first = report(now + SECOND, {KIND: Finding(late=2)})
    later = report(now + 6 * SECOND, {KIND: Finding(late=1)})
    assert (first.content, later.content, later.since) == (False, False, now + SECOND)
    again = report(now + 11 * SECOND, {})
    assert (again.content, again.since, again.found) == (True, None, {})
    assert AuditorReport.objects.count() == 1


@pytest.mark.usefixtures("calm")
def test_the_signal_is_sent_only_while_the_auditor_is_content(web: Web) -> None:
    times = iter(range(0, 10_000, 5))
    begin = clock.now()
    watchman = Auditor(now=lambda: begin + next(times) * SECOND)
    watchman.look()
    assert [each["path"] for each in web.seen] == ["/ping?token=t"]
    watchman.look()
    assert len(web.seen) == 1  # every 60 seconds, not at every look
    while len(web.seen) < 2:
        watchman.look()
    sent = AuditorReport.objects.get()
    assert (sent.content, sent.answer) == (True, "200")
    assert sent.answered_at is not None
    # Something waits: silence, for as long as it does.
    running(-60 * SECOND)
    for _look in range(40):
        assert not watchman.look().content
    assert len(web.seen) == 2
    Escalation.objects.update(state="stopped", due_at=None)
    watchman.look()
    assert len(web.seen) == 3


@pytest.mark.usefixtures("calm")
def test_a_signal_that_is_not_taken_is_tried_again_soon_and_said(web: Web) -> None:
    web.routes["/ping"] = answer(500)
    now = clock.now()
    report(now, {})
    assert "500" in signal(now)
    assert signal(now + 5 * SECOND) == ""
    web.routes["/ping"] = answer(200)
    report(now + 11 * SECOND, {})
    assert signal(now + 11 * SECOND) == "200"
    web.stop()
    report(now + 80 * SECOND, {})
    assert "t=" not in signal(now + 80 * SECOND)  # what cannot be reached is said without its token
    assert "token" not in AuditorReport.objects.get().answer


@pytest.mark.usefixtures("calm")
def test_an_old_report_sends_nothing(web: Web) -> None:
    """An auditor that hangs between looking and signalling must not say that all is well."""
    now = clock.now()
    report(now, {})
    assert signal(now + timedelta(minutes=5)) == ""
    assert web.seen == []


@pytest.mark.usefixtures("calm")
def test_without_an_address_nothing_is_sent() -> None:
    now = clock.now()
    report(now, {})
    assert signal(now) == ""
    assert AuditorReport.objects.get().pinged_at is None


@pytest.mark.django_db(transaction=True)
def test_of_several_engines_one_sends_and_all_may_look() -> None:
    now = clock.now()
    found: list[Any] = race(*[lambda: report(now, {}) for _engine in range(4)])
    assert [each.content for each in found] == [True] * 4
    assert sum(race(*[lambda: claim_signal(now, 60 * SECOND) for _engine in range(4)])) == 1


@pytest.mark.usefixtures("calm")
def test_pages_and_the_api_say_it() -> None:
    client = Client()
    client.force_login(user(role="administrator"))
    settings = reverse("accounts:settings")
    assert "has not looked yet" in client.get(settings).content.decode()
    now = clock.now()
    report(now, {})
    html = client.get(settings).content.decode()
    assert "STEWARD_DEADMAN_URL" in html and "content" in html
    report(now, {KIND: Finding(late=3, seconds=9)})
    assert "oncall.escalation: 3 rows overdue, stuck or lost" in client.get(settings).content.decode()
    registrations._remembered.forget()
    home = client.get("/").content.decode()
    assert "Steward is behind: 3 overdue" in home and f'href="{settings}"' in home
    AuditorReport.objects.update(checked_at=now - timedelta(minutes=5), content=True, found={})
    registrations._remembered.forget()
    assert "engine stands still" in client.get("/").content.decode()
    assert "no engine has looked since" in client.get(settings).content.decode()
    registrations._remembered.forget()


@pytest.mark.parametrize(
    ("name", "value"),
    [("STEWARD_DEADMAN_URL", "ftp://x"), ("STEWARD_DEADMAN_SECONDS", "5"), ("STEWARD_DEADMAN_SECONDS", "x")],
)
def test_settings_that_cannot_be_used_are_named(name: str, value: str) -> None:
    with pytest.raises(environment.BadEnvironment, match=name):
        environment.parse({name: value})


def test_the_address_keeps_its_end() -> None:
    """Some services take the slash at the end for a part of the address."""
    parsed = environment.parse(
        {"STEWARD_DEADMAN_URL": " https://hc.example.org/abc/ ", "STEWARD_DEADMAN_SECONDS": "30"}
    )
    assert (parsed.deadman_url, parsed.deadman_seconds) == ("https://hc.example.org/abc/", 30)
