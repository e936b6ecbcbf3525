"""Writes of mappings (how a source's own JSON is read) and of by which labels its alerts are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.signals.alerts import actions, identity, queries
from steward.signals.alerts.errors import BadMappingGiven, BadSource, NotReplayable, VersionNotFound
from steward.signals.alerts.identity import MAX_LABELS, MODES, Identity
from steward.signals.alerts.ingest.sources.common import MAX_NAME
from steward.signals.alerts.ingest.sources.generic.mapping import BadMapping, compiled
from steward.signals.alerts.models import MappingVersion, Source

REPLAYED_AT_ONCE = 500


@transaction.atomic
def save_mapping(
    *, actor: Actor, now: datetime, source_id: int, document: Mapping[str, Any], note: str = ""
) -> MappingVersion:
    """Say how the source's JSON is read; a new version, whatever there was. In force within seconds."""
    actor.require("sources.manage")
    try:
        compiled(dict(document))
    except BadMapping as error:
        raise BadMappingGiven(_("The mapping cannot be used."), fields=error.fields) from error
    source = actions.lock_source(source_id)
    newest = MappingVersion.objects.filter(source=source).first()
    if newest is not None and newest.document == document and source.mapping == document:
        return newest
    number = newest.number + 1 if newest else 1
    made = MappingVersion.objects.create(
        source=source, number=number, at=now, author=actor.label, note=note.strip()[:300], document=dict(document)
    )
    before, source.mapping = source.mapping, dict(document)
    source.save(update_fields=["mapping"])
    actions.record(actor, now, "source.mapping", source, {"mapping": before}, {"mapping": made.document, "n": number})
    return made


def restore_mapping(*, actor: Actor, now: datetime, source_id: int, number: int) -> MappingVersion:
    """Make an older version the newest one again."""
    actor.require("sources.manage")
    old = MappingVersion.objects.filter(source_id=source_id, number=number).first()
    if old is None:
        raise VersionNotFound(_("There is no such version."))
    note = _("version %(n)s again") % {"n": number}
    return save_mapping(actor=actor, now=now, source_id=source_id, document=old.document, note=note)


@transaction.atomic
def set_identity(
    *, actor: Actor, now: datetime, source_id: int, mode: str, labels: Sequence[str] = (), folds: bool = False
) -> Source:
    """Say by which of its labels an alert of this source is known. Alerts that fire keep what they are known by until
    they resolve or time out."""
    actor.require("sources.manage")
    names = sorted({name.strip() for name in labels if name.strip()})
    _check_identity(mode, names)
    source = actions.lock_source(source_id)
    chosen = Identity(mode, frozenset(names), folds) if mode != "all" else identity.EVERY  # type: ignore[arg-type]
    before = identity.from_json(source.identity)
    if before != chosen:
        source.identity = chosen.as_json()
        source.save(update_fields=["identity"])
        actions.record(actor, now, "source.identity", source, before.as_json(), chosen.as_json())
    return source


def _check_identity(mode: str, names: Sequence[str]) -> None:
    if mode not in MODES:
        text = _("One of: all, only, except")
        raise BadSource(text, fields={"mode": [text]})
    if mode != "all" and not 0 < len(names) <= MAX_LABELS:
        text = _("Name 1 to %(most)s labels.") % {"most": MAX_LABELS}
        raise BadSource(text, fields={"labels": [text]})
    if any(len(name) > MAX_NAME or "\0" in name for name in names):
        text = _("A label's name has at most %(most)s characters.") % {"most": MAX_NAME}
        raise BadSource(text, fields={"labels": [text]})


def replay_all(*, actor: Actor, now: datetime, source_id: int) -> tuple[int, int]:
    """Read everything again that waits of this source, the oldest first, each in a transaction of its own: how many
    payloads were taken in, and how many cannot be read yet. At most 500 at once; call again for the rest."""
    actor.require("sources.manage")
    waiting = queries.parked(actor).waiting().filter(source_id=source_id).order_by("received_at", "pk")
    read = failed = 0
    for parked_id in list(waiting.values_list("pk", flat=True)[:REPLAYED_AT_ONCE]):
        try:
            actions.replay_parked(actor=actor, now=now, parked_id=parked_id)
            read += 1
        except NotReplayable:
            failed += 1
    return read, failed
