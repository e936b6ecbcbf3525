"""What the steps beyond notifying and waiting do, on a real database."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from steward.config import environment
from steward.foundation import events
from steward.foundation.outbound.tests.conftest import Web, answer
from steward.foundation.testing.races import race
from steward.people.audit.models import AuditEntry
from steward.response.notifications.models import Page
from steward.response.oncall import actions, queries
from steward.response.oncall.actions.webhooks import TRY
from steward.response.oncall.due import call_one
from steward.response.oncall.errors import PolicyInvalid
from steward.response.oncall.events import (
    EscalationEnded,
    NobodyReached,
    PeoplePaged,
    RunbooksAsked,
    RunbookWanted,
    SeverityWanted,
    StepTaken,
    SubjectAsked,
)
from steward.response.oncall.models import Escalation, Turn, WebhookCall
from steward.response.oncall.rules import CallAnswer, Condition, Hours, Step
from steward.response.oncall.tests.factories import (
    ENGINE,
    NOW,
    SUBJECT,
    notify,
    policy,
    schedule,
    start,
    team,
    user,
    wait,
)

MINUTE = timedelta(minutes=1)
# NOW is Monday, 13:00 in Berlin.
OFFICE = Hours((0, 1, 2, 3, 4), "09:00", "17:00", "Europe/Berlin")
EVENING = Hours((0, 1, 2, 3, 4, 5, 6), "18:00", "22:00", "Europe/Berlin")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    kept: list[Any] = []
    for kind in (PeoplePaged, StepTaken, NobodyReached, EscalationEnded, SeverityWanted, RunbookWanted):
        monkeypatch.setitem(events._subscribers, kind, [kept.append])
    yield kept


def world(monkeypatch: pytest.MonkeyPatch, severity: str = "", **alerts: int) -> None:
    """What the owner of the subject answers; ``last_10=6``: six alerts within ten minutes."""

    def tell(asked: SubjectAsked) -> None:
        asked.severity = severity
        asked.alerts = {minutes: alerts.get(f"last_{minutes}", 0) for minutes in asked.minutes}

    monkeypatch.setitem(events._subscribers, SubjectAsked, [tell])


def run(escalation: Escalation, now: datetime = NOW) -> Escalation:
    actions.run_escalation(now=now, escalation_id=escalation.pk)
    escalation.refresh_from_db()
    return escalation


def paged(heard: list[Any]) -> list[str]:
    return [person.label for event in heard if isinstance(event, PeoplePaged) for person in event.people]


def told(heard: list[Any]) -> list[tuple[str, str]]:
    return [(event.text, event.why) for event in heard if isinstance(event, StepTaken)]


@pytest.mark.django_db
def test_working_hours_branch(heard: list[Any]) -> None:
    ann, bob = user("Ann"), user("Bob")
    day = Step("notify_user", ann.pk, only_if=Condition(OFFICE))
    night = Step("notify_user", bob.pk, only_if=Condition(OFFICE, outside=True))
    chosen = policy(day, night, wait(5), name="Main")
    run(start(chosen))
    assert paged(heard) == ["Ann"]
    assert told(heard)[0] == (
        "Passed over: notify Bob", "it is within Mon–Fri 09:00–17:00 Europe/Berlin · Main, step 2 of 3",
    )  # fmt: skip
    heard.clear()
    actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="acknowledged")
    late = NOW + timedelta(hours=8)
    run(start(chosen, now=late), late)
    assert paged(heard) == ["Bob"]


@pytest.mark.django_db
def test_it_waits_until_hours_begin_and_nothing_ends_that_wait(heard: list[Any]) -> None:
    ann = user("Ann")
    escalation = run(start(policy(notify(ann), Step("wait_hours", hours=EVENING), notify(ann), wait(5))))
    assert escalation.due_at == datetime(2026, 3, 2, 17, tzinfo=UTC)  # 18:00 in Berlin
    page = Page.objects.get()
    Page.objects.update(state="failed")
    actions.page_failed(now=NOW + MINUTE, subject=SUBJECT, page_key=page.key)
    escalation.refresh_from_db()
    assert (escalation.state, escalation.due_at) == ("running", datetime(2026, 3, 2, 17, tzinfo=UTC))
    run(escalation, escalation.due_at)
    assert paged(heard) == ["Ann", "Ann"]


@pytest.mark.django_db
def test_severity_and_number_of_alerts_decide(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    world(monkeypatch, "SEV3", last_10=6)
    run(
        start(
            policy(
                Step("notify_user", ann.pk, only_if=Condition(severity="SEV2")),
                Step("notify_user", bob.pk, only_if=Condition(alerts=5, minutes=10)),
                Step("continue_if", skip=1, only_if=Condition(alerts=6, minutes=10)), notify(cleo), wait(5),
            )
        )
    )  # fmt: skip
    assert paged(heard) == ["Bob"]
    assert "it is SEV3, not SEV2 or worse" in told(heard)[0][1]
    assert told(heard)[1][0] == "Jumps over 1 step"
    assert "6 alerts came within 10 minutes, not more than 6" in told(heard)[1][1]


@pytest.mark.django_db
def test_an_end_that_nobody_was_told_of_is_an_alarm(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Completed, but nobody was notified: red, and the administrators hear of it."""
    user("Ada", role="administrator")
    world(monkeypatch, "SEV4")
    steps = [Step("continue_if", only_if=Condition(severity="SEV2")), notify(user("Ann")), wait(5)]
    escalation = run(start(policy(*steps, name="Main")))
    assert (escalation.state, escalation.nobody_reached) == ("exhausted", True)
    assert paged(heard) == ["Ada"]
    assert escalation.end_reason == "The policy does not continue after step 1. · it is SEV4, not SEV2 or worse"


@pytest.mark.django_db
def test_people_take_turns_over_escalations_and_edits(heard: list[Any]) -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    chosen = policy(Step("turn_people", people=(ann.pk, bob.pk)), wait(5), name="Main")

    def once() -> None:
        run(start(chosen))
        actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="acknowledged")

    for _count in range(3):
        once()
    assert paged(heard) == ["Ann", "Bob", "Ann"]
    steps = [Step("turn_people", people=(ann.pk, bob.pk, cleo.pk)), wait(5)]
    actions.update_policy(actor=ENGINE, now=NOW, policy_id=chosen.pk, name="Main", steps=steps, repeat=0)
    for _count in range(4):
        once()
    assert paged(heard)[3:] == ["Cleo", "Bob", "Ann", "Cleo"]


@pytest.mark.django_db
def test_who_cannot_be_reached_does_not_take_the_turn(heard: list[Any]) -> None:
    nora, bob = user("Nora", email=""), user("Bob")
    gone = user("Gone")
    chosen = policy(Step("turn_people", people=(gone.pk, nora.pk, bob.pk)), wait(5))
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    run(start(chosen))
    assert paged(heard) == ["Bob"]
    assert told(heard)[0][0] == "Nora has no contact method and no e-mail address."
    assert list(Turn.objects.values_list("user_id", flat=True)) == [bob.pk]


@pytest.mark.django_db
def test_a_team_takes_turns_and_a_second_step_asks_the_next(heard: list[Any]) -> None:
    members = [user("Ann"), user("Bob"), user("Cleo")]
    one = Step("turn_team", team(*members, name="Web").pk)
    run(start(policy(one, one, wait(5))))
    assert len(set(paged(heard))) == 2


@pytest.mark.django_db(transaction=True)
def test_at_once_everybody_has_one_turn() -> None:
    people = [user() for _number in range(4)]
    chosen = policy(Step("turn_people", people=tuple(each.pk for each in people)), wait(5))
    started = [start(chosen, subject=type(SUBJECT)("incident", 300 + number)) for number in range(8)]
    for four in (started[:4], started[4:]):
        results = race(*[lambda e=each: actions.run_escalation(now=NOW, escalation_id=e.pk) for each in four])
        assert results == [None] * 4
    by_person = sorted(Page.objects.values_list("user_id", flat=True))
    assert by_person == sorted([each.pk for each in people] * 2)
    assert sorted(Turn.objects.values_list("number", flat=True)) == [5, 6, 7, 8]


@pytest.mark.django_db(transaction=True)
def test_two_rounds_of_people_in_opposite_order_meet_no_deadlock() -> None:
    first, second = team(user(), user()), team(user(), user())
    one, two = Step("turn_team", first.pk), Step("turn_team", second.pk)
    chosen = policy(one, two, wait(5), name="Main")
    begun = [start(chosen, subject=type(SUBJECT)("incident", 400 + number)) for number in range(6)]
    turned = {**begun[0].snapshot, "steps": [*reversed(begun[0].snapshot["steps"][:2]), begun[0].snapshot["steps"][2]]}
    Escalation.objects.filter(pk__in=[each.pk for each in begun[::2]]).update(snapshot=turned)
    results = race(*[lambda e=each: actions.run_escalation(now=NOW, escalation_id=e.pk) for each in begun])
    assert results == [None] * 6
    assert Page.objects.count() == 12


@pytest.mark.django_db
def test_previous_and_next_on_call(heard: list[Any]) -> None:
    ann, bob, cleo = user("Ann"), user("Bob"), user("Cleo")
    rota = schedule(ann, bob, cleo, name="App")
    before, after = Step("notify_previous", rota.pk), Step("notify_next", rota.pk)
    now = NOW + timedelta(days=7)  # Bob's week
    run(start(policy(notify(rota), before, after, wait(5)), now=now), now)
    assert paged(heard) == ["Bob", "Ann", "Cleo"]
    why = [event.people[0].why for event in heard if isinstance(event, PeoplePaged)]
    assert why[1] == "was on call for App until Mon 9 Mar 09:00 Europe/Berlin"
    assert why[2] == "is on call for App next, from Mon 16 Mar 09:00 Europe/Berlin"


@pytest.mark.django_db
def test_a_rota_of_one_has_nobody_else(heard: list[Any]) -> None:
    rota = schedule(user("Ann"), name="App")
    run(start(policy(Step("notify_previous", rota.pk), Step("notify_next", rota.pk), notify(rota), wait(5))))
    assert [text for text, _why in told(heard)][:2] == [
        "Nobody was on call for App before.", "Nobody is on call for App next.",
    ]  # fmt: skip
    assert paged(heard) == ["Ann"]


@pytest.mark.django_db
def test_a_severity_is_wanted_from_who_owns_the_subject(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run(start(policy(notify(user("Ann")), Step("raise_severity", severity="SEV1"), wait(5), name="Main")))
    (wanted,) = [event for event in heard if isinstance(event, SeverityWanted)]
    assert (wanted.subject, wanted.severity, wanted.why) == (SUBJECT, "SEV1", "Main, step 2 of 3")
    assert any(text == "The severity stays as it is" for text, _why in told(heard))


@pytest.mark.django_db
def test_runbooks_are_for_a_room_that_runs_them(heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [notify(user("Ann")), Step("runbook", label="restart-intake"), wait(5)]
    with pytest.raises(PolicyInvalid) as refused:
        policy(*steps)
    assert list(refused.value.fields) == ["steps.1"]
    assert queries.runbooks() == []

    monkeypatch.setitem(
        events._subscribers, RunbooksAsked, [lambda asked: asked.found.append(("restart-intake", "Restart intake"))]
    )
    monkeypatch.setitem(events._subscribers, RunbookWanted, [lambda event: event.answers.append(f"run 7 {event.key}")])
    escalation = run(start(policy(*steps)))
    started = next((text, why) for text, why in told(heard) if text.startswith("Starts the runbook"))
    assert f"run 7 escalation:{escalation.pk}:0:1:runbook" in started[1]


@pytest.mark.django_db
def test_without_such_a_room_a_running_escalation_says_so_and_goes_on(heard: list[Any]) -> None:
    escalation = start(policy(notify(user("Ann")), notify(user("Bob")), wait(5)))
    steps = escalation.snapshot["steps"]
    steps[0] = {"kind": "runbook", "id": None, "label": "gone", "wait_minutes": 0}
    escalation.save()
    run(escalation)
    assert told(heard)[0][0] == "The runbook gone was not started: nothing here runs runbooks."
    assert paged(heard) == ["Bob"]


# Webhooks, against a real server.


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, socket_enabled: None) -> Iterator[Web]:
    server = Web()
    allowed = replace(environment.load(), outbound_allow=("127.0.0.1/32",))
    monkeypatch.setattr("steward.response.oncall.calling.load", lambda: allowed)
    yield server
    server.stop()


def hooked(web: Web, path: str = "/hook?token=s3cret") -> tuple[Escalation, WebhookCall]:
    escalation = run(start(policy(Step("webhook", url=web.url(path)), notify(user("Ann")), wait(5), name="Main")))
    return escalation, WebhookCall.objects.get()


@pytest.mark.django_db
def test_a_webhook_is_signed_called_once_and_told(heard: list[Any], web: Web) -> None:
    web.routes["/hook"] = answer(200, b"ticket 12\nmore")
    escalation, call = hooked(web)
    assert paged(heard) == ["Ann"]  # nobody waits for the other side
    assert web.seen == []
    call_one(call.pk, NOW)
    call_one(call.pk, NOW)
    (seen,) = web.seen
    moment, signed = (part.partition("=")[2] for part in seen["headers"]["steward-signature"].split(","))
    secret = actions.secret_of(escalation.policy_id or 0, 0)
    assert signed == hmac.new(secret.encode(), f"{moment}.".encode() + seen["body"], hashlib.sha256).hexdigest()
    assert int(moment) == int(NOW.timestamp())
    assert seen["headers"]["idempotency-key"] == call.key
    body = json.loads(seen["body"])
    assert body["subject"] == {"kind": "incident", "id": 7, "ref": "INC-7"}
    assert (body["policy"]["name"], body["facts"], body["step"]) == ("Main", {"severity": "SEV1"}, "Main, step 1 of 3")
    text, why = told(heard)[-1]
    assert text == "The webhook was called"
    assert "200 ticket 12" in why
    assert "s3cret" not in why
    call.refresh_from_db()
    assert (call.state, call.due_at, call.leased_until) == ("sent", None, None)


@pytest.mark.django_db
def test_a_webhook_is_tried_again_and_then_given_up(heard: list[Any], web: Web) -> None:
    web.routes["/hook"] = answer(503)
    _escalation, call = hooked(web)
    now = NOW
    for _try in range(8):
        call_one(call.pk, now)
        call.refresh_from_db()
        now = call.due_at or now
    assert (call.state, call.attempts, call.due_at) == ("failed", 8, None)
    assert len(web.seen) == 8
    assert len({each["headers"]["idempotency-key"] for each in web.seen}) == 1
    said = [text for text, _why in told(heard) if "webhook" in text]
    assert said == ["Calls a webhook", "The webhook failed; it is tried again", "The webhook failed after 8 tries"]


@pytest.mark.django_db
def test_a_refused_call_is_final(heard: list[Any], web: Web) -> None:
    web.routes["/hook"] = answer(410)
    _escalation, call = hooked(web)
    call_one(call.pk, NOW)
    call.refresh_from_db()
    assert (call.state, len(web.seen)) == ("failed", 1)


@pytest.mark.django_db
def test_after_a_stop_nothing_is_called(heard: list[Any], web: Web) -> None:
    web.routes["/hook"] = answer(200)
    _escalation, call = hooked(web)
    actions.stop_escalation(actor=ENGINE, now=NOW, subject=SUBJECT, reason="acknowledged")
    call_one(call.pk, NOW)
    call.refresh_from_db()
    assert (call.state, call.due_at, web.seen) == ("cancelled", None, [])
    assert told(heard)[-1][0] == "The webhook was not called"


@pytest.mark.django_db
def test_a_try_that_an_engine_died_in_comes_again_under_its_key(web: Web) -> None:
    web.routes["/hook"] = answer(200)
    _escalation, call = hooked(web)
    lost = actions.begin_call(now=NOW, call_id=call.pk)
    assert lost is not None
    assert actions.begin_call(now=NOW, call_id=call.pk) is None
    call_one(call.pk, NOW + TRY)
    call.refresh_from_db()
    assert (call.state, call.attempts) == ("sent", 2)
    # The one that was thought dead comes back: it changes nothing any more.
    assert actions.end_call(now=NOW + TRY, calling=lost, answer=CallAnswer(False, "late", True)) == "sent"


@pytest.mark.django_db(transaction=True)
def test_two_engines_call_once() -> None:
    run(start(policy(Step("webhook", url="https://example.org/x"), notify(user()), wait(5))))
    call = WebhookCall.objects.get()
    begun = race(*[lambda: actions.begin_call(now=NOW, call_id=call.pk)] * 4)
    assert sum(each is not None for each in begun) == 1


@pytest.mark.django_db
def test_a_new_secret_and_what_the_audit_says(heard: list[Any]) -> None:
    chosen = policy(Step("webhook", url="https://hooks.example.org/T0/s3cret"), notify(user()), wait(5))
    before = actions.secret_of(chosen.pk, 0)
    actions.renew_secret(actor=ENGINE, now=NOW, policy_id=chosen.pk)
    chosen.refresh_from_db()
    assert actions.secret_of(chosen.pk, chosen.secret_number) != before
    assert "s3cret" not in json.dumps(AuditEntry.objects.get(action="policy.create").after)


@pytest.mark.django_db
def test_nonsense_is_refused_beside_its_step() -> None:
    with pytest.raises(PolicyInvalid) as refused:
        policy(notify(user()), Step("webhook", url="ftp://x"), Step("turn_people", people=(10**9,)), wait(5))
    assert sorted(refused.value.fields) == ["steps.1", "steps.2"]


@pytest.mark.django_db
def test_the_preview_knows_hours_turns_and_severities() -> None:
    ann, bob = user("Ann"), user("Bob")
    chosen = policy(
        Step("notify_user", ann.pk, only_if=Condition(OFFICE, outside=True)), wait(5),
        Step("turn_people", people=(ann.pk, bob.pk), important=False), Step("turn_people", people=(ann.pk, bob.pk)),
        Step("wait_hours", hours=EVENING), Step("continue_if", skip=1, only_if=Condition(severity="SEV1")),
        notify(ann), wait(10),
    )  # fmt: skip
    found = queries.who_would_be_paged(chosen.pk, NOW, "SEV2")
    assert [[person.label for person in step.people] for step in found] == [[], [], ["Ann"], ["Bob"], [], [], [], []]
    assert [step.skipped for step in found] == [True, True, False, False, False, True, True, False]
    assert found[0].note == "passed over: it is within Mon–Fri 09:00–17:00 Europe/Berlin"
    assert (found[2].importance, found[2].after, found[7].after) == ("normal", timedelta(), timedelta(hours=5))
    assert found[5].note == "passed over: it is SEV2, not SEV1 or worse"
    assert found[6].note == "jumped over"
    assert [step.people for step in queries.who_would_be_paged(chosen.pk, NOW)][6][0].label == "Ann"
