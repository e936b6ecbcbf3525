"""Every write of the room: versions are kept, drafts are written, merged, published, and versions come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.timemachine import queries
from steward.response.timemachine.errors import (
    DraftChanged,
    DraftClosed,
    DraftInvalid,
    DraftNotFound,
    ImportInvalid,
    LiveChanged,
    NothingToPublish,
)
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.replaying import ask, cancel, run
from steward.response.timemachine.rules import importing
from steward.response.timemachine.rules.document import every_route, filled
from steward.response.timemachine.rules.loading import MOST_CHARACTERS
from steward.response.timemachine.rules.merging import Merged
from steward.response.timemachine.rules.writing import write
from steward.response.triage import actions as triage

ask_replay, cancel_replay, run_replay = ask, cancel, run
KINDS = ConfigurationVersion.Kind
ORIGINS = Draft.Origin
NUMBERS = "timemachine.version"


@dataclass(frozen=True, slots=True)
class _Intent:
    """What the change of the live configuration that is being made will be called."""

    kind: str
    comment: str
    restored: ConfigurationVersion | None = None


# Whoever publishes changes the live configuration, and the version is kept by the event that follows: this tells it why.
_intent: ContextVar[_Intent | None] = ContextVar("timemachine_intent", default=None)


@contextmanager
def _meaning(intent: _Intent) -> Iterator[None]:
    token = _intent.set(intent)
    try:
        yield
    finally:
        _intent.reset(token)


@transaction.atomic
def keep_version(*, actor: Actor, now: datetime) -> ConfigurationVersion:
    """Keep the live configuration as the newest version, if it is not that already."""
    # Two that come at once (an edit, and a draft that is begun) must not take the same number.
    lock_in_transaction(NUMBERS)
    newest, document = queries.newest(), queries.live()
    if newest is not None and newest.document == document:
        return newest
    intent = _intent.get() or _Intent(KINDS.AUTOMATIC, "")
    return ConfigurationVersion.objects.create(
        number=newest.number + 1 if newest else 1, document=document, at=now, kind=intent.kind,
        author=actor.label[:200], comment=intent.comment, restored=intent.restored,
    )  # fmt: skip


@transaction.atomic
def create_draft(*, actor: Actor, now: datetime, name: str, number: int | None = None) -> Draft:
    """Begin a draft from the live configuration, or from an older version."""
    actor.require("routes.manage")
    live = keep_version(actor=actor, now=now)
    start = queries.version_by_number(actor, number) if number is not None else live
    origin = ORIGINS.LIVE if start == live else ORIGINS.VERSION
    return _made(actor, now, name, Draft(base=live, origin=origin, text=write(start.document)))


@transaction.atomic
def import_draft(*, actor: Actor, now: datetime, name: str, text: str) -> Draft:
    """Make a draft of an ``alertmanager.yml``; ImportInvalid with every problem if that cannot be done."""
    actor.require("routes.manage")
    found = importing.read(text)
    if found.document is None:
        message = _("This file cannot be imported yet: see what is wrong on which line.")
        raise ImportInvalid(message, problems=queries.plain(found.problems), fields={"text": [message]})
    live = keep_version(actor=actor, now=now)
    report = [
        {"line": line.line, "part": line.part, "fate": line.fate, "message": line.words.message,
         "values": {key: str(value) for key, value in line.words.values.items()}}
        for line in found.lines
    ]  # fmt: skip
    receivers = [
        {"name": each.name, "kinds": list(each.kinds), "used": each.used, "line": each.line} for each in found.receivers
    ]
    document = {**found.document, "default": {**found.document["default"], "name": live.document["default"]["name"]}}
    draft = Draft(
        base=live, origin=ORIGINS.ALERTMANAGER, text=write(document), report=report, receivers=receivers
    )  # fmt: skip
    return _made(actor, now, name, draft)


def _made(actor: Actor, now: datetime, name: str, draft: Draft) -> Draft:
    draft.name = _name(name)
    draft.owner_id, draft.author = actor.user_id, actor.label[:200]
    draft.created_at = draft.updated_at = now
    draft.save(force_insert=True)
    _record(actor, now, "draft.create", draft, after={"name": draft.name, "origin": str(draft.origin)})
    return draft


@transaction.atomic
def save_draft(
    *, actor: Actor, now: datetime, draft_id: int, revision: int, text: str | None = None, name: str | None = None
) -> Draft:
    """Keep what was written, right or wrong: a draft may have problems until it is published. ``revision`` is the one
    that the writer saw."""
    draft = _locked(actor, draft_id)
    if draft.revision != revision:
        text = _("Somebody else saved this draft meanwhile. Open it anew and write your change again.")
        raise DraftChanged(text)
    before = {"name": draft.name}
    if text is not None:
        draft.text = _text(text)
    if name is not None:
        draft.name = _name(name)
    _saved(draft, now)
    if before["name"] != draft.name:
        _record(actor, now, "draft.update", draft, before, {"name": draft.name})
    return draft


@transaction.atomic
def assign_policies(*, actor: Actor, now: datetime, draft_id: int, policies: Mapping[str, str | None]) -> Draft:
    """Put existing escalation policies (by name; None: nobody is paged) in the places of an import's receivers."""
    draft = _locked(actor, draft_id)
    document = queries.usable(actor, draft, names=False)
    nodes = [document["default"], *(route for _depth, route in every_route(document["routes"]))]
    for node in nodes:
        if node["policy"] in policies:
            node["policy"] = policies[node["policy"]] or None
    draft.text = write(document)
    # Which policy stands for which receiver is asked for later: by who compares with what Alertmanager told.
    draft.receivers = [
        {**each, "policy": policies[each["name"]]} if each["name"] in policies else each for each in draft.receivers
    ]
    _saved(draft, now, "receivers")
    after = {receiver: policy or "" for receiver, policy in policies.items()}
    _record(actor, now, "draft.update", draft, after=after)
    return draft


@transaction.atomic
def rebase_draft(*, actor: Actor, now: datetime, draft_id: int) -> tuple[Draft, Merged | None]:
    """Take what changed live since the draft began into it; where both changed the same, the draft stays."""
    draft = _locked(actor, draft_id)
    document = queries.usable(actor, draft)
    live = keep_version(actor=actor, now=now)
    merged = queries.standing(draft, document).merged
    if merged is not None:
        draft.text = write(merged.document)
    if draft.base_id != live.pk:
        draft.base = live
        _saved(draft, now, "base")
        _record(actor, now, "draft.rebase", draft, after={"base": live.number})
    return draft, merged


@transaction.atomic
def publish_draft(
    *, actor: Actor, now: datetime, draft_id: int, revision: int, comment: str = "", overwrite: int | None = None
) -> ConfigurationVersion:
    """Make a draft the live configuration. If that moved on since the draft began, the publisher either rebases the
    draft or says with ``overwrite`` which live version, that they have looked at, they mean to undo."""
    draft = _locked(actor, draft_id)
    if draft.revision != revision:
        raise DraftChanged(_("The draft was saved again since you looked at it. Look at its changes, then publish."))
    document = queries.usable(actor, draft)
    live = keep_version(actor=actor, now=now)
    if live.pk != draft.base_id and live.document != filled(draft.base.document) and overwrite != live.number:
        text = _(
            "The live configuration has moved on to version %(number)s since this draft began. Take its changes into "
            "the draft, or publish over them."
        )
        raise LiveChanged(text % {"number": live.number}, live=live.number)
    version = _publish(actor, now, document, live, _Intent(KINDS.PUBLISHED, _comment(comment)))
    draft.version = version
    _saved(draft, now, "version")
    _record(actor, now, "draft.publish", draft, after={"version": version.number, "comment": version.comment})
    return version


@transaction.atomic
def roll_back(*, actor: Actor, now: datetime, number: int, comment: str = "") -> ConfigurationVersion:
    """Make an older version live again: as a new version, so nothing is lost."""
    actor.require("routes.manage")
    version = queries.version_by_number(actor, number)
    live = keep_version(actor=actor, now=now)
    made = _publish(actor, now, version.document, live, _Intent(KINDS.ROLLED_BACK, _comment(comment), version))
    audit.record(
        actor=actor, now=now, action="configuration.rollback", subject=SubjectRef("configurationversion", made.pk),
        subject_label=str(made.number), before={"version": live.number}, after={"version": version.number},
    )  # fmt: skip
    return made


def _publish(
    actor: Actor, now: datetime, document: Mapping[str, Any], live: ConfigurationVersion, intent: _Intent
) -> ConfigurationVersion:
    with _meaning(intent):
        triage.apply_document(actor=actor, now=now, document=document)
        version = keep_version(actor=actor, now=now)
    if version.pk == live.pk:
        raise NothingToPublish(_("The live configuration is exactly this already: there is nothing to publish."))
    return version


@transaction.atomic
def delete_draft(*, actor: Actor, now: datetime, draft_id: int) -> None:
    """Throw a draft away; a published one stays, it says what became of it."""
    draft = _locked(actor, draft_id)
    _record(actor, now, "draft.delete", draft, {"name": draft.name}, {})
    draft.delete()


def _locked(actor: Actor, draft_id: int) -> Draft:
    """The draft, if it can still be written."""
    actor.require("routes.manage")
    draft = Draft.objects.visible_to(actor).select_for_update().filter(pk=draft_id).first()
    if draft is None:
        raise DraftNotFound(_("There is no such draft, or you may not see it."))
    if draft.version_id is not None:
        raise DraftClosed(_("This draft was published and stays as it was. Begin a new one from that version."))
    return draft


def _saved(draft: Draft, now: datetime, *fields: str) -> None:
    draft.revision += 1
    draft.updated_at = now
    draft.save(update_fields=["name", "text", "revision", "updated_at", *fields])


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= 120:
        text = _("Write a name of at most 120 characters.")
        raise DraftInvalid(text, fields={"name": [text]})
    return name


def _text(given: str) -> str:
    if len(given) > MOST_CHARACTERS:
        text = _("At most %(most)s characters can be read.") % {"most": MOST_CHARACTERS}
        raise DraftInvalid(text, fields={"text": [text]})
    return given.replace("\r\n", "\n").replace("\0", "")


def _comment(given: str) -> str:
    comment = given.strip()
    if len(comment) > 500:
        text = _("Write at most 500 characters.")
        raise DraftInvalid(text, fields={"comment": [text]})
    return comment


def _record(
    actor: Actor, now: datetime, action: str, draft: Draft,
    before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("draft", draft.pk), subject_label=draft.name,
        before=before, after=after,
    )  # fmt: skip
