"""Taking over what another system's export says."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from steward.foundation.actors import Actor
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.moving import sources
from steward.response.moving.errors import ExportUnreadable
from steward.response.moving.foreign import Document, Unreadable
from steward.response.moving.results import CHANGE, MAKE, Result
from steward.response.moving.taking import Mover


class _NotMeant(Exception):
    """Rolls a plan back."""


def move(*, actor: Actor, now: datetime, source: str, document: Document, apply: bool, force: bool = False) -> Result:
    """Take an export over, or (without ``apply``) say what that would do: the same is done and rolled back, so that a plan
    cannot promise what would fail. Repeating changes nothing; what was changed here by hand stays, unless ``force``."""
    actor.require("people.manage")
    try:
        foreign = sources.read(source, document)
    except Unreadable as error:
        raise ExportUnreadable(str(error), fields={"file": [str(error)]}) from error
    result = Result(apply)
    try:
        with transaction.atomic():
            Mover(actor, now, source, force, result).run(foreign)
            if not apply:
                raise _NotMeant
            if any(item.act in {MAKE, CHANGE} for item in result.items):
                audit.record(
                    actor=actor, now=now, action="moving.apply", subject=SubjectRef("import", 0), subject_label=source,
                    after={"made": result.count(MAKE), "changed": result.count(CHANGE)},
                )  # fmt: skip
    except _NotMeant:
        pass
    return result
