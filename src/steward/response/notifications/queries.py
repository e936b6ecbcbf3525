"""What others may read: contact methods, pages, and the links in messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Prefetch, QuerySet
from django.db.models.functions import JSONObject
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.notifications import channels, links, rules
from steward.response.notifications.errors import ChannelNotFound, PageNotFound
from steward.response.notifications.models import (
    Attempt,
    Bundling,
    ChannelSettings,
    ContactMethod,
    Delivery,
    Importance,
    Page,
    PageState,
    QuietHours,
    Rule,
)  # fmt: skip
from steward.response.notifications.sealed import settings_of
from steward.response.notifications.shown import shown_target

if TYPE_CHECKING:
    from steward.people.accounts.models import User

Link = links.Link


@dataclass(frozen=True, slots=True)
class PageOutcome:
    """How far one page is."""

    page_id: int
    key: str
    user_id: int
    state: str


def read_link(token: str, now: datetime) -> links.Link:
    """What a link from a message says; LinkInvalid or LinkExpired otherwise."""
    return links.read(token, now)


def contact_methods(actor: Actor, user_id: int | None = None) -> QuerySet[ContactMethod]:
    """The methods this actor may see: their own, or everyone's for who manages people."""
    found = ContactMethod.objects.visible_to(actor).select_related("user")
    return found if user_id is None else found.filter(user_id=user_id)


@dataclass(frozen=True, slots=True)
class BundlingChoice:
    """In how many seconds a person gets at most one message about incidents; ``own`` is None where the installation's
    number counts."""

    seconds: int
    own: int | None
    installation: int


def bundling_of(actor: Actor, user_id: int) -> BundlingChoice:
    """What counts for this person; for themselves, and for who manages people."""
    if user_id != actor.user_id:
        actor.require("people.manage")
    own = Bundling.objects.filter(user_id=user_id).values_list("seconds", flat=True).first()
    installation = load().bundle_seconds
    return BundlingChoice(installation if own is None else own, own, installation)


def reach_of(user_ids: Iterable[int]) -> dict[int, int]:
    """For each of these people, through how many targets a page would go now (0: unreachable)."""
    wanted = list(dict.fromkeys(user_ids))
    return {**dict.fromkeys(wanted, 0), **reach_of_people(accounts.active_users(wanted))}


def reach_of_people(people: Iterable[User]) -> dict[int, int]:
    """The same for people who are at hand already."""
    known = {user.pk: user for user in people}
    methods: dict[int, list[rules.Method]] = {}
    for each in ContactMethod.objects.filter(user_id__in=list(known)):
        methods.setdefault(each.user_id, []).append(
            rules.Method(each.pk, each.channel, each.target, each.enabled, each.verified_at is not None)
        )
    return {
        key: len(rules.targets(methods.get(key, []), user.email)) if user.is_active else 0
        for key, user in known.items()
    }


def usable_methods(user_ids: Iterable[int]) -> dict[int, list[ContactMethod]]:
    """The contact methods that are on and confirmed, by person and in their order."""
    found: dict[int, list[ContactMethod]] = {}
    usable = ContactMethod.objects.filter(user_id__in=list(user_ids), enabled=True, verified_at__isnull=False)
    for each in usable.select_related("user").order_by("user_id", "position", "id"):
        found.setdefault(each.user_id, []).append(each)
    return found


def page_states(page_ids: Iterable[int]) -> dict[int, str]:
    """How far these pages are: pending, sent, failed or cancelled."""
    return dict(Page.objects.filter(pk__in=list(page_ids)).values_list("pk", "state"))


def pages(actor: Actor) -> QuerySet[Page]:
    """Pages this actor may see. One's own tests count; those of others do not interest anybody."""
    return Page.objects.visible_to(actor).select_related("user")


def with_deliveries(found: QuerySet[Page]) -> QuerySet[Page]:
    """The same pages with deliveries, attempts and in whose message they were told (four queries, however many)."""
    attempts = Prefetch("attempts", Attempt.objects.order_by("number").prefetch_related("receipts"))
    carrying = Prefetch("carrier", Delivery.objects.select_related("page"))
    deliveries = Delivery.objects.order_by("id").prefetch_related(attempts, carrying)
    return found.select_related("told_in").prefetch_related(Prefetch("deliveries", deliveries))


def pages_of(actor: Actor, subject: SubjectRef) -> list[Page]:
    """The pages about a subject, oldest first, with deliveries and attempts."""
    found = pages(actor).filter(subject_kind=subject.kind, subject_id=subject.id).order_by("id")
    return list(with_deliveries(found))


@dataclass(frozen=True, slots=True)
class Tried:
    """One try of a delivery and what the provider answered."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    answer: str


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery; ``target`` is fit to be shown, ``told_in`` the page in whose message it was told."""

    channel: str
    target: str
    state: str
    due_at: datetime | None
    told_in: int | None
    tries: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class WholePage:
    """A page with everything that became of it."""

    page: Page
    deliveries: tuple[Told, ...]


def pages_about(actor: Actor, kind: str, subject_ids: Iterable[int], most: int = 500) -> list[WholePage]:
    """The pages about any of these subjects, oldest first, with all that became of them (one query)."""
    found = pages(actor).filter(subject_kind=kind, subject_id__in=list(subject_ids)).order_by("id")
    return [_whole(each) for each in _with_told(found)[:most]]


def whole_page(actor: Actor, page_id: int) -> WholePage:
    """One page in the same form; PageNotFound when there is none that this actor may see."""
    found = _with_told(pages(actor).filter(pk=page_id)).first()
    if found is None:
        raise PageNotFound(_("There is no such page, or you may not see it."))
    return _whole(found)


def _with_told(found: QuerySet[Page]) -> QuerySet[Any]:
    names = ("number", "started_at", "ended_at", "outcome", "answer")
    tries = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("number")
    of_delivery = tries.values(shown=JSONObject(**{name: name for name in names}))
    shown = JSONObject(
        channel="channel", target="target", state="state", due_at="due_at", told_in="carrier__page_id",
        tries=ArraySubquery(of_delivery),
    )  # fmt: skip
    deliveries = Delivery.objects.filter(page=OuterRef("pk")).order_by("id").values(shown=shown)
    return found.annotate(all_told=ArraySubquery(deliveries))


def _whole(page: Any) -> WholePage:
    return WholePage(page, tuple(_told(each) for each in page.all_told))


def _told(stored: dict[str, Any]) -> Told:
    tries = tuple(
        Tried(one["number"], _at(one["started_at"]), _at_or_none(one["ended_at"]), one["outcome"], one["answer"])
        for one in stored["tries"]
    )
    target = shown_target(stored["channel"], stored["target"])
    return Told(stored["channel"], target, stored["state"], _at_or_none(stored["due_at"]), stored["told_in"], tries)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _at_or_none(text: str | None) -> datetime | None:
    return _at(text) if text else None


def why_paged(user_id: int, subject: SubjectRef) -> tuple[str, str]:
    """Why this person was last paged about the subject and by which step; empty when they never were."""
    found = Page.objects.filter(user_id=user_id, subject_kind=subject.kind, subject_id=subject.id)
    reason = found.order_by("-id").values_list("reason", flat=True).first() or {}
    reason = sentences.told(reason)
    return str(reason.get("why", "")), str(reason.get("step", ""))


def page_by_id(actor: Actor, page_id: int) -> Page:
    """One page; PageNotFound when there is none that this actor may see."""
    found = with_deliveries(pages(actor).filter(pk=page_id)).first()
    if found is None:
        raise PageNotFound(_("There is no such page, or you may not see it."))
    return found


def outcomes(subject: SubjectRef, key_prefix: str) -> list[PageOutcome]:
    """How far the pages of a subject are whose keys start with ``key_prefix``; for who asked for them."""
    rows = Page.objects.filter(subject_kind=subject.kind, subject_id=subject.id, key__startswith=key_prefix)
    return [PageOutcome(*row) for row in rows.order_by("id").values_list("id", "key", "user_id", "state")]


def page_key(page_id: int) -> str:
    """The key a page was asked for with; empty when there is no such page."""
    return Page.objects.filter(pk=page_id).values_list("key", flat=True).first() or ""


def test_state(actor: Actor, page_id: int) -> tuple[str, str]:
    """How far a test message is, and what the server answered last; for who may use the contact method."""
    found = Page.objects.filter(pk=page_id, subject_kind="contact_method").first()
    if found is None or not (found.user_id == actor.user_id or actor.can("people.manage")):
        raise PageNotFound(_("There is no such test, or it is not yours."))
    delivery = found.deliveries.first()
    last = delivery.attempts.last() if delivery else None
    answer = last.answer if last else ""
    if delivery is not None and delivery.state in {"retrying", "sent", "failed"}:
        return delivery.state, answer
    return found.state, answer


def method_target(method: ContactMethod) -> str:
    """A contact method's target, fit to be shown."""
    return shown_target(method.channel, method.target)


def delivery_target(delivery: Delivery) -> str:
    """A delivery's target, fit to be shown."""
    return shown_target(delivery.channel, delivery.target)


def explain(page: Page) -> dict[str, Any]:
    """Why the page was asked for, for programs: the stored reason, in the reader's language, without inner bookkeeping."""
    return {name: value for name, value in sentences.told(page.reason).items() if name != "rules_version"}


def received(user_ids: Iterable[int], start: datetime, end: datetime) -> dict[int, list[datetime]]:
    """When these people were paged about incidents and a page arrived, by person and in order."""
    return _received(Page.objects.filter(user_id__in=list(user_ids)), start, end)


def received_at_all(start: datetime, end: datetime) -> dict[int, list[datetime]]:
    """The same of everybody."""
    return _received(Page.objects.all(), start, end)


def _received(pages: QuerySet[Page], start: datetime, end: datetime) -> dict[int, list[datetime]]:
    found: dict[int, list[datetime]] = {}
    arrived = pages.filter(subject_kind="incident", state=PageState.SENT, created_at__gte=start, created_at__lt=end)
    for user_id, at in arrived.order_by("created_at").values_list("user_id", "created_at"):
        found.setdefault(user_id, []).append(at)
    return found


def channel_label(channel: str) -> str:
    """What people call a channel."""
    found = channels.get(channel)
    return str(found.label) if found is not None else channel


def channel_spoken(channel: str) -> str:
    """The same in a sentence: "was paged by …"."""
    found = channels.get(channel)
    return _(found.spoken) if found is not None else channel


def installed(channel: str) -> dict[str, str]:
    """What the installation knows for a channel, its secrets included; for the channel itself only."""
    return settings_of(channel)


def channel_icon(channel: str) -> str:
    """The picture beside an address of the channel."""
    found = channels.get(channel)
    return found.icon if found is not None else "message"


def channel_choices() -> list[channels.Channel]:
    """The channels of which a person writes the address."""
    return [each for each in channels.CHANNELS.values() if not each.by_device]


def is_confirmed(method: ContactMethod) -> bool:
    """Whether pages may go there."""
    known = rules.Method(method.pk, method.channel, method.target, method.enabled, method.verified_at is not None)
    return rules.usable(known, method.user.email)


def connect_link(method: ContactMethod) -> str:
    """Where the person connects a method that has no address yet."""
    found = channels.get(method.channel)
    if found is None or method.verified_at is not None:
        return ""
    return found.connect_link(method.options, settings_of(method.channel))


def personal_rules(actor: Actor, user_id: int) -> dict[str, list[Rule]]:
    """A person's steps by importance; for themselves, and for who manages people."""
    if user_id != actor.user_id:
        actor.require("people.manage")
    found: dict[str, list[Rule]] = {name: [] for name in Importance.values}
    for each in Rule.objects.filter(user_id=user_id).select_related("method").order_by("position"):
        found[each.importance].append(each)
    return found


def quiet_hours(actor: Actor, user_id: int) -> QuietHours | None:
    """When a person's normal pages wait."""
    if user_id != actor.user_id:
        actor.require("people.manage")
    return QuietHours.objects.filter(user_id=user_id).first()


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel of the installation: what of it is known, never its secrets."""

    channel: channels.Channel
    ready: bool
    values: dict[str, str]
    known: frozenset[str]
    hourly: int
    own_hourly: int | None
    problem: str
    methods: int


def channel_states(actor: Actor) -> list[ChannelState]:
    """Every channel and how it is set up; for administrators."""
    actor.require("people.manage")
    rows = {each.channel: each for each in ChannelSettings.objects.all()}
    count = dict(ContactMethod.objects.values_list("channel").annotate(n=Count("pk")))
    return [_channel_state(each, rows.get(each.name), count.get(each.name, 0)) for each in channels.CHANNELS.values()]


def channel_state(actor: Actor, name: str) -> ChannelState:
    """One of them; ChannelNotFound when there is none of the name."""
    found = next((each for each in channel_states(actor) if each.channel.name == name), None)
    if found is None:
        raise ChannelNotFound(_("There is no such channel."))
    return found


def _channel_state(channel: channels.Channel, row: ChannelSettings | None, methods: int) -> ChannelState:
    known = settings_of(channel.name)
    own = row.hourly if row is not None else None
    ready = all(each.name in channel.made({}) for each in channel.settings) or channel.ready(known)
    return ChannelState(
        channel, ready, dict(row.values) if row is not None else {},
        frozenset(name for name, value in known.items() if value), channel.hourly if own is None else own, own,
        row.problem if row is not None else "", methods,
    )  # fmt: skip
