"""At most one message about incidents a minute: what waits, what is told together, what leaves the bundle."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation import events
from steward.foundation.due import registry
from steward.foundation.errors import Forbidden, Invalid
from steward.foundation.subjects import SubjectRef
from steward.foundation.testing.races import race
from steward.people.accounts.models import User
from steward.people.audit.models import AuditEntry
from steward.response.notifications import actions, due, rules
from steward.response.notifications.actions.deliveries import Sending, Told
from steward.response.notifications.events import PageFailed, PageSent
from steward.response.notifications.models import Bundling, ContactMethod, Delivery, Page, Window
from steward.response.notifications.rules import Answer
from steward.response.notifications.tests.conftest import Mails
from steward.response.notifications.tests.factories import NOW, actor, delivery_of, page, page_of, user

OK = Answer(True, "250 taken")
LATER = Answer(False, "450 later", retryable=True)
NEVER = Answer(False, "550 no such user")


def bundled(seconds: int = 60, **fields: Any) -> User:
    who = user(**fields)
    Bundling.objects.create(user=who, seconds=seconds)
    return who


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def ask(who: User, number: int, at: datetime = NOW, severity: str = "SEV3") -> Delivery:
    """A page about an incident of its own."""
    result = page(
        who, key=f"incident{number}", subject=SubjectRef("incident", number), subject_label=f"INC-{number}", now=at,
        title=f"Trouble {number}", reason={"why": "on call", "facts": {"severity": severity}},
    )  # fmt: skip
    return delivery_of(result)


def begin(delivery: Delivery, at: datetime) -> Sending | None:
    return actions.begin_attempt(now=at, delivery_id=delivery.pk)


def tell(delivery: Delivery, at: datetime, answer: Answer = OK) -> Sending:
    """A whole try."""
    begun = begin(delivery, at)
    assert begun is not None
    actions.end_attempt(now=at, sending=begun, answer=answer)
    return begun


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def numbers(sending: Sending | None) -> list[int]:
    return [each.subject.id for each in sending.bundle] if sending else []


@pytest.mark.django_db
def test_the_first_goes_at_once_and_the_others_together_at_the_end_of_the_minute() -> None:
    who = bundled()
    assert numbers(tell(ask(who, 1), NOW)) == [1]
    second, third = ask(who, 2, after(5)), ask(who, 3, after(20))
    assert begin(second, after(5)) is None
    assert begin(third, after(20)) is None
    assert {each.due_at for each in Delivery.objects.filter(state="waiting")} == {after(60)}
    assert begin(third, after(59.9)) is None
    told = tell(second, after(60))
    assert numbers(told) == [2, 3]
    assert told.more
    assert states() == ["sent"] * 3
    pages = list(Page.objects.order_by("pk"))
    assert [each.state for each in pages] == ["sent"] * 3
    assert [each.told_in_id for each in pages] == [None, None, pages[1].pk]
    assert [each.sent_at for each in pages] == [NOW, after(60), after(60)]
    # The bundle was a message, too: the next page waits for its minute.
    fourth = ask(who, 4, after(61))
    assert begin(fourth, after(61)) is None
    assert numbers(tell(fourth, after(120))) == [4]


@pytest.mark.django_db
def test_what_waits_when_the_turn_is_free_goes_along_at_once() -> None:
    who = bundled()
    first, second = ask(who, 1), ask(who, 2, severity="SEV1")
    told = tell(first, NOW)
    assert numbers(told) == [2, 1]
    assert not told.more
    assert begin(second, NOW) is None
    assert states() == ["sent", "sent"]


@pytest.mark.django_db
def test_each_person_and_each_address_has_a_minute_of_its_own() -> None:
    who, other = bundled(email=""), bundled()
    for target in ("a@example.org", "b@example.org"):
        ContactMethod.objects.create(user=who, channel="email", target=target, verified_at=NOW)
    asked = page(who, key="both")
    for delivery in Delivery.objects.filter(page_id=asked.page_id):
        assert len(numbers(tell(delivery, NOW))) == 1
    assert numbers(tell(ask(other, 9), NOW)) == [9]
    assert Window.objects.count() == 3


@pytest.mark.django_db
def test_without_bundling_every_page_goes_by_itself() -> None:
    who = bundled(0)
    assert [numbers(tell(ask(who, n), NOW)) for n in (1, 2, 3)] == [[1], [2], [3]]
    assert not Window.objects.exists()


@pytest.mark.django_db
def test_other_subjects_do_not_wait() -> None:
    who = bundled()
    tell(ask(who, 1), NOW)
    notice = page(who, key="silence", subject=SubjectRef("silence", 4), subject_label="Silence")
    assert numbers(tell(delivery_of(notice), after(1))) == [4]


@pytest.mark.django_db
def test_what_is_acknowledged_while_it_waits_leaves_the_bundle() -> None:
    who = bundled()
    tell(ask(who, 1), NOW)
    second, third, _fourth = (ask(who, number, after(1)) for number in (2, 3, 4))
    assert actions.cancel_pages(now=after(30), subject=SubjectRef("incident", 2), reason="acknowledged") == 1
    assert begin(second, after(60)) is None
    assert numbers(tell(third, after(60))) == [3, 4]
    assert list(Page.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "cancelled", "sent", "sent"]


@pytest.mark.django_db
def test_a_turn_that_finds_nothing_to_say_is_given_back() -> None:
    who = bundled()
    first = ask(who, 1)
    Page.objects.filter(pk=first.page_id).update(state="cancelled")
    assert begin(first, NOW) is None
    assert numbers(tell(ask(who, 2), NOW)) == [2]


@pytest.mark.django_db
def test_a_retry_is_the_same_message_without_what_is_acknowledged() -> None:
    who = bundled()
    first, second, third = (ask(who, number) for number in (1, 2, 3))
    tell(first, NOW, LATER)
    assert states() == ["retrying", "bundled", "bundled"]
    actions.cancel_pages(now=after(1), subject=SubjectRef("incident", 2), reason="acknowledged")
    late = ask(who, 5, after(2))
    first.refresh_from_db()
    assert first.due_at is not None
    again = begin(first, first.due_at)
    assert numbers(again) == [1, 3]
    assert again is not None
    assert again.key == actions_key(first)
    actions.end_attempt(now=first.due_at, sending=again, answer=OK)
    assert states() == ["sent", "cancelled", "sent", "waiting"]
    assert [page_state(each) for each in (second, third, late)] == ["cancelled", "sent", "pending"]
    second.refresh_from_db()
    assert second.carrier_id is None


def actions_key(delivery: Delivery) -> str:
    attempt = delivery.attempts.order_by("number").first()
    assert attempt is not None
    return str(attempt.key).rpartition("/")[0]


def page_state(delivery: Delivery) -> str:
    return Page.objects.get(pk=delivery.page_id).state


@pytest.mark.django_db
def test_when_the_carrying_page_is_called_off_the_others_are_told_anyway() -> None:
    who = bundled()
    first, second, _third = (ask(who, number) for number in (1, 2, 3))
    tell(first, NOW, LATER)
    actions.cancel_pages(now=after(1), subject=SubjectRef("incident", 1), reason="acknowledged")
    assert states() == ["cancelled", "waiting", "waiting"]
    assert begin(second, after(1)) is None
    assert numbers(tell(second, after(60))) == [2, 3]


@pytest.mark.django_db
def test_a_try_that_fails_after_its_page_was_called_off_lets_the_others_go() -> None:
    who = bundled()
    first, second = ask(who, 1), ask(who, 2)
    begun = begin(first, NOW)
    assert begun is not None
    actions.cancel_pages(now=after(1), subject=SubjectRef("incident", 1), reason="acknowledged")
    assert states() == ["sending", "bundled"]
    actions.end_attempt(now=after(2), sending=begun, answer=LATER)
    assert states() == ["cancelled", "waiting"]
    assert numbers(tell(second, after(60))) == [2]


@pytest.mark.django_db
def test_what_is_called_off_while_its_message_leaves_was_told() -> None:
    who = bundled()
    first, second = ask(who, 1), ask(who, 2)
    begun = begin(first, NOW)
    assert begun is not None
    actions.cancel_pages(now=after(1), subject=SubjectRef("incident", 2), reason="acknowledged")
    assert states() == ["sending", "cancelled"]
    actions.end_attempt(now=after(2), sending=begun, answer=OK)
    assert states() == ["sent", "sent"]
    assert Page.objects.get(pk=second.page_id).told_in_id == first.page_id


@pytest.mark.django_db
def test_a_message_that_fails_for_good_fails_for_all_it_told(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []
    for kind in (PageSent, PageFailed):
        monkeypatch.setitem(events._subscribers, kind, [heard.append])
    who = bundled()
    first, _second = ask(who, 1), ask(who, 2)
    tell(first, NOW, NEVER)
    assert states() == ["failed", "failed"]
    assert [(type(each), each.subject.id) for each in heard] == [(PageFailed, 1), (PageFailed, 2)]
    heard.clear()
    tell(ask(who, 3, after(61)), after(61))
    assert [(each.subject.id, each.others) for each in heard] == [(3, 0)]


@pytest.mark.django_db
def test_a_try_that_was_cut_off_is_taken_over_with_all_it_told() -> None:
    who = bundled()
    first, second = ask(who, 1), ask(who, 2)
    cut = begin(first, NOW)
    assert numbers(cut) == [1, 2]
    assert begin(second, after(30)) is None
    again = begin(first, after(30))
    assert again is not None
    assert cut is not None
    assert (numbers(again), again.key, again.attempt) == ([1, 2], cut.key, 2)
    # The server had taken it in the first try: nothing is sent, everything is written down.
    actions.note_taken(now=after(31), sending=again, answer=OK)
    third = begin(first, after(60))
    assert third is not None
    assert (third.taken, numbers(third)) == ("250 taken", [1, 2])
    actions.end_attempt(now=after(61), sending=third, answer=Answer(True, third.taken))
    assert states() == ["sent", "sent"]


@pytest.mark.django_db(transaction=True)
def test_two_engines_send_one_message() -> None:
    who = bundled()
    asked = [ask(who, number) for number in range(1, 7)]
    begun = race(*[lambda each=each: begin(each, NOW) for each in asked])
    sent = [each for each in begun if isinstance(each, Sending)]
    assert [each for each in begun if isinstance(each, Exception)] == []
    assert len(sent) == 1
    assert numbers(sent[0]) == [1, 2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", range(3))
def test_acknowledging_while_a_bundle_begins_and_ends(round_: int) -> None:
    who = bundled()
    asked = [ask(who, number) for number in range(1, 5)]
    results = race(
        lambda: due.deliver([asked[round_].pk], NOW),
        lambda: actions.cancel_pages(now=NOW, subject=SubjectRef("incident", 2), reason="acknowledged"),
        lambda: actions.cancel_pages(now=NOW, subject=SubjectRef("incident", 3), reason="acknowledged"),
        lambda: due.deliver([asked[3].pk], NOW),
    )
    assert [each for each in results if isinstance(each, Exception)] == []
    # Without a mail server every try fails for good; what was called off before was not tried.
    for each in asked:
        each.refresh_from_db()
        assert each.state in {"failed", "cancelled", "waiting"}
    assert Delivery.objects.filter(state__in=["sending", "bundled"]).count() == 0


@pytest.mark.django_db
def test_the_mail_lists_the_worst_first_with_a_link_each(mails: Mails) -> None:
    who = bundled()
    due.deliver([ask(who, 1).pk], NOW)
    for number, severity in ((2, "SEV3"), (3, "SEV1"), (4, "SEV2")):
        ask(who, number, after(number), severity)
    waiting = list(Delivery.objects.filter(state="waiting").values_list("pk", flat=True))
    due.deliver(waiting, after(5))
    assert len(mails.taken) == 1
    due.deliver(waiting, after(60))
    assert len(mails.taken) == 2
    message = mails.taken[1]
    assert str(message["Subject"]).startswith("[SEV1] 3 more incidents: INC-3 Trouble 3, INC-4 Trouble 4, INC-2")
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    places = [text.index(f"INC-{number}") for number in (3, 4, 2)]
    assert places == sorted(places)
    assert text.count("/act/") == 3
    assert str(message["References"]) != str(mails.taken[0]["References"])


@pytest.mark.django_db
def test_a_person_chooses_and_the_audit_knows() -> None:
    who = user()
    assert actions.set_bundling(actor=actor(who), now=NOW, user_id=who.pk, seconds=120) == 120
    actions.set_bundling(actor=actor(who), now=NOW, user_id=who.pk, seconds=0)
    assert Bundling.objects.get(user=who).seconds == 0
    actions.set_bundling(actor=actor(who), now=NOW, user_id=who.pk, seconds=None)
    assert not Bundling.objects.exists()
    entries = AuditEntry.objects.filter(action="bundling.set").order_by("pk")
    assert [each.after for each in entries] == [{"seconds": 120}, {"seconds": 0}, {}]
    with pytest.raises(Invalid):
        actions.set_bundling(actor=actor(who), now=NOW, user_id=who.pk, seconds=3601)
    with pytest.raises(Forbidden):
        actions.set_bundling(actor=actor(user()), now=NOW, user_id=who.pk, seconds=5)


@pytest.mark.django_db
def test_what_waits_is_due_at_the_end_of_the_minute_for_the_engine() -> None:
    who = bundled()
    tell(ask(who, 1), NOW)
    second = ask(who, 2, after(1))
    kind = next(each for each in registry.kinds() if each.name == "notifications.delivery")
    assert registry.claim(kind, after(1)) == [second.pk]
    due.deliver([second.pk], after(1))
    assert registry.claim(kind, after(30)) == []
    assert registry.next_due(kind) == after(60)
    assert registry.claim(kind, after(60)) == [second.pk]


@given(st.lists(st.tuples(st.sampled_from(["SEV1", "SEV2", "SEV3", "SEV4", ""]), st.integers(1, 99)), max_size=30))
def test_worst_first_loses_nothing(found: list[tuple[str, int]]) -> None:
    told = [Told(key, SubjectRef("incident", key), "", "", {"facts": {"severity": level}}) for level, key in found]
    ordered = rules.worst_first(told)
    assert sorted(map(id, ordered)) == sorted(map(id, told))
    levels = [each.severity or "SEV9" for each in ordered]
    assert levels == sorted(levels)


@pytest.mark.parametrize(
    ("kind", "state", "seconds", "waits"),
    [("incident", "waiting", 60, True), ("incident", "retrying", 60, False), ("incident", "sending", 60, False),
     ("incident", "waiting", 0, False), ("contact_method", "waiting", 60, False)],
)  # fmt: skip
def test_who_waits_for_a_turn(kind: str, state: str, seconds: int, waits: bool) -> None:
    assert rules.bundles(kind=kind, state=state, seconds=seconds) is waits


@pytest.mark.django_db
def test_an_unreachable_person_is_no_bundle() -> None:
    who = bundled(email="")
    result = page(who)
    assert page_of(result).state == "failed"
