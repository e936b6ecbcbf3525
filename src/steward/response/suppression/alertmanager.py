"""Alertmanager's silences below a source's key, so that amtool works. Decisions are the actions'; this is their form.

What is made here holds alerts of this source only, and only what was made so (or through the page for this source) is
shown and changed here. A silence that recurs is shown with its present or next run, and edited on its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

import orjson
from django.utils.translation import gettext as _

from steward.algorithms.matching import Matcher, MatcherError, matches_all, parse_matchers
from steward.foundation.actors import Actor, system
from steward.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from steward.foundation.rest.keyed import Answer, Asked, Firing, Handler, Marks
from steward.response.suppression import actions, queries, rules
from steward.response.suppression.errors import SilenceInvalid, SilenceNotFound, SilenceOver
from steward.response.suppression.models import Silence

NEVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
MOST_LISTED = 10_000


def in_its_form(handle: Handler) -> Handler:
    """Say errors as Alertmanager does: a JSON text, with 400 for whatever is wrong with a silence that is posted. Its
    clients read nothing else, and amtool shows the text of no other status."""

    @wraps(handle)
    def handled(asked: Asked) -> Answer:
        try:
            return handle(asked)
        except NotFound as error:
            return Answer(error.message, 404)
        except (Invalid, Conflict, Forbidden) as error:
            return Answer(error.message, 400 if asked.method == "POST" else error.status)

    return handled


@in_its_form
def silences(asked: Asked) -> Answer:
    """``api/v2/silences``: the list, or make and change one."""
    if asked.method == "POST":
        return Answer({"silenceID": str(_post(asked).uuid)})
    filters = [
        each for name, value in parse_qsl(asked.query, keep_blank_values=True) if name == "filter"
        for each in _filter(value)
    ]  # fmt: skip
    found = queries.silences_of_source(asked.source_id)[:MOST_LISTED]
    chosen = [each for each in found if matches_all(filters, {m.name: m.value for m in each.parsed})]
    chosen.sort(key=lambda each: _order(each, asked.now))
    return Answer([_gettable(each, asked.now) for each in chosen])


@in_its_form
def silence(asked: Asked) -> Answer:
    """``api/v2/silence/<id>``: read or expire one."""
    if asked.method == "DELETE":
        actor, found = _actor(asked), _own(asked, asked.parts["id"])
        # Ending what has ended leaves everything as it was asked for.
        with suppress(SilenceOver):
            actions.expire_silence(actor=actor, now=asked.now, silence_id=found.pk)
        return Answer()
    known = queries.silence_by_uuid(_uuid(asked.parts["id"]))
    if known is None or known.source_id not in (None, asked.source_id):
        raise _unknown()
    return Answer(_gettable(known, asked.now))


def marks(source_id: int, firing: Sequence[Firing], now: datetime) -> list[Marks]:
    """What holds these alerts, for ``api/v2/alerts``: silences by their ids, maintenance as ``maintenance-12``."""
    standing = queries.standing(now)
    held = [
        standing.holding(each.labels, each.service_id, each.item_id, source_id) if standing else [] for each in firing
    ]
    ids = {one.spec.id for many in held for one in many if isinstance(one.spec, rules.SilenceSpec)}
    uuids = queries.uuids_of(ids)
    return [
        Marks([_name(one, uuids) for one in many], _inhibited(each)) for many, each in zip(held, firing, strict=True)
    ]


def _name(held: rules.HeldBy, uuids: dict[int, UUID]) -> str:
    if isinstance(held.spec, rules.SilenceSpec):
        return str(uuids.get(held.spec.id, held.spec.id))
    return f"maintenance-{held.spec.id}"


def _inhibited(firing: Firing) -> list[str]:
    standing = firing.standing or {}
    return [str(standing.get("id"))] if standing.get("kind") in ("inhibition", "symptom") else []


def _post(asked: Asked) -> Silence:
    actor = _actor(asked)
    try:
        body = orjson.loads(asked.body)
    except orjson.JSONDecodeError as error:
        raise SilenceInvalid(_("The body is not JSON.")) from error
    if not isinstance(body, dict):
        raise SilenceInvalid(_("Send one silence as a JSON object."))
    author = str(body.get("createdBy") or "")[:150]
    plan = actions.Plan(_time(body, "startsAt"), _time(body, "endsAt"))
    wish = actions.Wish(_matchers(body.get("matchers")), str(body.get("comment") or ""), plan)
    if not body.get("id"):
        return actions.create_silence(actor=actor, now=asked.now, wish=wish, source_id=asked.source_id, author=author)
    known = _own(asked, str(body["id"]))
    if known.rrule:
        raise SilenceInvalid(_("This silence recurs, which Alertmanager's API cannot say. Edit it on its page."))
    if known.state_at(asked.now) == "expired":
        # As Alertmanager does: an expired one stays, and this is a new one.
        return actions.create_silence(actor=actor, now=asked.now, wish=wish, source_id=asked.source_id, author=author)
    return actions.update_silence(actor=actor, now=asked.now, silence_id=known.pk, wish=wish, author=author)


def _actor(asked: Asked) -> Actor:
    if not queries.source_may_silence(asked.source_id):
        text = _("This source's key may not manage silences. Somebody who manages sources can allow it on its page.")
        raise Forbidden(text)
    return system(asked.source_name)


def _own(asked: Asked, text: str) -> Silence:
    found = queries.silence_by_uuid(_uuid(text))
    if found is None or found.source_id != asked.source_id:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return SilenceNotFound(_("This source has no silence with this id."))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _unknown() from error


def _time(body: dict[str, Any], name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(body.get(name)))
    except ValueError as error:
        raise SilenceInvalid(_("%(name)s must be a time such as 2026-03-01T09:00:00Z.") % {"name": name}) from error
    if moment.tzinfo is None:
        raise SilenceInvalid(_("%(name)s must be a time such as 2026-03-01T09:00:00Z.") % {"name": name})
    return moment


def _matchers(given: Any) -> list[Matcher]:
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise SilenceInvalid(_("Send at least one matcher, as Alertmanager's API has them."))
    try:
        return [_matcher(each) for each in given]
    except MatcherError as error:
        raise SilenceInvalid(error.words.said(_)) from error


def _matcher(given: dict[str, Any]) -> Matcher:
    equal = given.get("isEqual") is not False
    if given.get("isRegex"):
        return Matcher(given.get("name", ""), "=~" if equal else "!~", given.get("value", ""))
    return Matcher(given.get("name", ""), "=" if equal else "!=", given.get("value", ""))


def _filter(text: str) -> Sequence[Matcher]:
    try:
        return parse_matchers(text)
    except MatcherError as error:
        raise SilenceInvalid(error.words.said(_)) from error


def _gettable(silence: Silence, now: datetime) -> dict[str, Any]:
    run, state = silence.run, silence.state_at(now)
    starts, ends = (run.begins, run.ends) if silence.rrule and run else (silence.starts_at, silence.ends_at or NEVER)
    return {
        "id": str(silence.uuid),
        "status": {"state": state},
        "updatedAt": silence.updated_at,
        "startsAt": starts,
        "endsAt": ends,
        "createdBy": silence.author,
        "comment": silence.comment,
        "matchers": [
            {"name": each.name, "value": each.value, "isRegex": "~" in each.op, "isEqual": not each.op.startswith("!")}
            for each in silence.parsed
        ],
    }


def _order(silence: Silence, now: datetime) -> tuple[int, float]:
    """Alertmanager's: active by end, pending by start, expired by end with the newest first."""
    state = silence.state_at(now)
    if state == "active":
        return 0, (silence.holds_until or NEVER).timestamp()
    if state == "pending":
        return 1, (silence.holds_from or NEVER).timestamp()
    return 2, -(silence.ends_at or NEVER).timestamp()
