"""More hands: further people, or another policy, are asked to come. The incident's own escalation goes on or stays over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from steward.foundation.actors import Actor, system
from steward.foundation.errors import Invalid
from steward.foundation.sentences import gettext as _
from steward.foundation.sentences import joined
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.incidents.actions.shared import entry, facts_of, locked, record, refuse, save
from steward.response.incidents.errors import HelpCallOver
from steward.response.incidents.models import EntryKind, HelpAnswer, HelpCall, Incident
from steward.response.notifications import actions as notifications
from steward.response.oncall import actions as oncall
from steward.response.oncall import queries as policies

if TYPE_CHECKING:
    from steward.people.accounts.models import User

PAGER = system("incidents")
MOST_PEOPLE = 30
MAX_WHY = 2_000


def call_subject(call_id: int) -> SubjectRef:
    """What the pages of a call for help are about: they come and go apart from those of the incident."""
    return SubjectRef("helpcall", call_id)


@transaction.atomic
def ask_help(
    *, actor: Actor, now: datetime, incident_id: int, people: Sequence[int] = (), policy_id: int | None = None,
    why: str = "",
) -> list[HelpCall]:  # fmt: skip
    """Ask further people, or whom a policy finds, to come. Both are calls of their own; the first who comes ends that of
    the policy."""
    actor.require("incidents.assign")
    incident = locked(incident_id, actor)
    if not incident.is_active:
        refuse(incident)
    wanted, why = list(dict.fromkeys(people)), why.strip()[:MAX_WHY]
    if not wanted and policy_id is None:
        text = _("Choose who should come: people, or a policy that finds them.")
        raise Invalid(text, fields={"people": [text]})
    calls = []
    if wanted:
        calls.append(_ask_people(incident, now, actor, wanted, why))
    if policy_id is not None:
        calls.append(_ask_policy(incident, now, actor, policy_id, why))
    save(incident, now)
    return calls


@transaction.atomic
def answer_help(
    *, actor: Actor, now: datetime, call_id: int, coming: bool, why: str = "", user_id: int | None = None
) -> Incident:
    """Say whether one comes. Who was not asked by name can, too: the policy asked them, or they heard of it. ``user_id``:
    who it is about, if a program says so that may assign."""
    actor.require("incidents.note" if actor.user_id else "incidents.assign")
    key = HelpCall.objects.filter(pk=call_id).values_list("incident_id", flat=True).first()
    incident = locked(key or 0, actor)
    call = HelpCall.objects.select_for_update().get(pk=call_id)
    if not incident.is_active:
        raise HelpCallOver(_("%(ref)s is over: nobody has to come any more.") % {"ref": incident.ref})
    person = _who(actor, user_id)
    known = HelpAnswer.objects.filter(call=call, user=person).first()
    if known is not None and known.coming is coming:
        return incident
    HelpAnswer.objects.update_or_create(call=call, user=person, defaults={"coming": coming, "at": now})
    text = _("%(name)s is coming") if coming else _("%(name)s cannot come")
    data = {"user": person.pk, **({} if coming else {"failed": True})}
    entry(incident, now, actor, EntryKind.HELP, text % {"name": person}, why.strip(), data)
    record(actor, now, "incident.help.answer", incident, after={"coming": coming, "call": call.pk})
    save(incident, now)
    if coming and call.policy_name and call.ended_at is None:
        _end(call, now, actor, text % {"name": person})
    elif not coming and not call.policy_name:
        _all_declined(call, incident, now, actor)
    return incident


def _who(actor: Actor, user_id: int | None) -> User:
    """Who answers: the actor, or whom a program speaks for."""
    person = accounts.person(actor.user_id or user_id or 0)
    if person is None or not person.is_active or (actor.user_id and user_id not in {None, actor.user_id}):
        text = _("There is no such active person.")
        raise Invalid(text, fields={"user": [text]})
    return person


def end_help(incident: Incident, now: datetime, actor: Actor, reason: str) -> None:
    """A locked incident is over: nobody has to come any more."""
    for call in HelpCall.objects.select_for_update().filter(incident=incident, ended_at=None).order_by("pk"):
        _end(call, now, actor, reason)


@transaction.atomic
def search_over(*, now: datetime, call_id: int) -> None:
    """The policy of a call has asked everybody whom it finds. Who was paged can still come."""
    HelpCall.objects.filter(pk=call_id, ended_at=None).update(exhausted_at=now)


def _ask_people(incident: Incident, now: datetime, actor: Actor, wanted: Sequence[int], why: str) -> HelpCall:
    found = {user.pk: user for user in accounts.active_users(list(wanted)) if user.organisation.kind == "home"}
    if len(found) != len(wanted) or len(wanted) > MOST_PEOPLE:
        text = _("There is no such active person.")
        raise Invalid(text, fields={"people": [text]})
    call = HelpCall.objects.create(incident=incident, asker_id=actor.user_id, why=why, asked_at=now)
    said = joined(_("%(name)s asks you to come and help") % {"name": actor.label}, why)
    problems, reached = [], []
    for user_id in wanted:
        result = notifications.page(
            actor=PAGER, now=now, user_id=user_id, key=f"help:{call.pk}:{user_id}", subject=call_subject(call.pk),
            subject_label=incident.ref, title=incident.title, body=incident.description,
            reason={"why": said, "facts": facts_of(incident), "importance": "important"},
        )  # fmt: skip
        if result.deliveries:
            reached.append(found[user_id])
        else:
            problems.append(result.problem)
    if not reached:
        raise Invalid(problems[0], fields={"people": problems})
    HelpAnswer.objects.bulk_create(HelpAnswer(call=call, user=user) for user in reached)
    names = ", ".join(str(user) for user in reached)
    entry(incident, now, actor, EntryKind.HELP, _("Asked for more hands: %(names)s") % {"names": names}, why,
          {"users": [user.pk for user in reached]})  # fmt: skip
    for problem in problems:
        entry(incident, now, actor, EntryKind.HELP, problem, data={"failed": True})
    record(actor, now, "incident.help", incident, after={"people": names, "why": why})
    return call


def _ask_policy(incident: Incident, now: datetime, actor: Actor, policy_id: int, why: str) -> HelpCall:
    policy = policies.policies(actor).filter(pk=policy_id).first()
    if policy is None:
        text = _("There is no such escalation policy.")
        raise Invalid(text, fields={"policy": [text]})
    call = HelpCall.objects.create(
        incident=incident, asker_id=actor.user_id, policy_id=policy.pk, policy_name=policy.name, why=why, asked_at=now
    )
    text = _("Asked for more hands: policy %(policy)s") % {"policy": policy.name}
    entry(incident, now, actor, EntryKind.HELP, text, why)
    body = "\n\n".join(part for part in (why, incident.description) if part)
    start = oncall.Start(call_subject(call.pk), incident.ref, policy.pk, incident.title, body, facts_of(incident))
    oncall.start_escalations(actor=PAGER, now=now, starts=[start])
    record(actor, now, "incident.help", incident, after={"policy": policy.name, "why": why})
    return call


def _all_declined(call: HelpCall, incident: Incident, now: datetime, actor: Actor) -> None:
    """Everybody who was asked has said no: who asked must know now, not find out later."""
    if call.answers.exclude(coming=False).exists() or call.asker_id is None:
        return
    text = _("Nobody of those who were asked is coming")
    entry(incident, now, PAGER, EntryKind.HELP, text, data={"failed": True})
    notifications.page(
        actor=PAGER, now=now, user_id=call.asker_id, key=f"help:{call.pk}:nobody", subject=call_subject(call.pk),
        subject_label=incident.ref, title=incident.title, body=incident.description,
        reason={"why": text, "facts": facts_of(incident), "importance": "important"},
    )  # fmt: skip


def _end(call: HelpCall, now: datetime, actor: Actor, reason: str) -> None:
    call.ended_at = now
    call.save(update_fields=["ended_at"])
    oncall.stop_escalation(actor=actor, now=now, subject=call_subject(call.pk), reason=reason)
