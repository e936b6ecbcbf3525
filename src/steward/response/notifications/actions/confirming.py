"""That a contact method is the person's own: a code goes through it and comes back through Steward."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation import sentences
from steward.foundation.actors import Actor
from steward.foundation.language import speaking
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.notifications import rules
from steward.response.notifications.actions.contacts import mine
from steward.response.notifications.actions.pages import start_deliveries
from steward.response.notifications.errors import CodeWrong, TooManyCodes
from steward.response.notifications.models import Confirmation, ContactMethod, Page
from steward.response.notifications.rules import plans

LIFETIME = timedelta(minutes=30)
MOST_TRIES = 5
# Somebody who types a stranger's number must not have it called again and again.
MOST_CODES, WITHIN = 3, timedelta(minutes=15)
SUBJECT = "contact_method"


@transaction.atomic
def send_code(*, actor: Actor, now: datetime, method_id: int) -> int:
    """Send a code through a method that has not been confirmed; returns the page's key. An older code ends with it."""
    method = mine(actor, method_id)
    prefix = f"code:{method.pk}:"
    recent = Page.objects.filter(key__startswith=prefix, created_at__gt=now - WITHIN).count()
    if recent >= MOST_CODES:
        raise TooManyCodes(
            _("At most %(n)s codes in %(minutes)s minutes go to one address. Wait a little, then ask again.")
            % {"n": MOST_CODES, "minutes": WITHIN // timedelta(minutes=1)}
        )
    code = f"{secrets.randbelow(10**6):06d}"
    Confirmation.objects.update_or_create(
        method=method, defaults={"digest": _digest(method, code), "expires_at": now + LIFETIME, "tries": 0}
    )
    with speaking(method.user.language):
        made = Page.objects.create(
            key=f"{prefix}{secrets.token_hex(8)}", user_id=method.user_id, subject_kind=SUBJECT, subject_id=method.pk,
            subject_label=_("code"), title=_("Your Steward code: %(code)s") % {"code": code}, created_at=now,
            body=_("Enter it in Steward under How you are reached. Whoever did not ask for it can ignore it."),
            reason=sentences.keep({"why": sentences.gettext("%(person)s asked for a code.") % {"person": actor.label}}),
        )  # fmt: skip
    start_deliveries(made, [plans.Planned(rules.Target(method.pk, method.channel, method.target))], now)
    return made.pk


def confirm(*, actor: Actor, now: datetime, method_id: int, code: str) -> ContactMethod:
    """Take the code that came through the method. A wrong one counts, and is told after that has been written down."""
    problem = _confirm(actor, now, method_id, code)
    if isinstance(problem, str):
        raise CodeWrong(problem, fields={"code": [problem]})
    return problem


@transaction.atomic
def _confirm(actor: Actor, now: datetime, method_id: int, code: str) -> ContactMethod | str:
    method = mine(actor, method_id)
    if method.verified_at is not None:
        return method
    waiting = Confirmation.objects.select_for_update().filter(method=method).first()
    if waiting is None or waiting.expires_at <= now or waiting.tries >= MOST_TRIES:
        return _("This code is no longer good. Have a new one sent.")
    if not hmac.compare_digest(waiting.digest, _digest(method, "".join(code.split()))):
        waiting.tries += 1
        waiting.save(update_fields=["tries"])
        return _("That is not the code that was sent. Look at the newest message.")
    waiting.delete()
    confirmed(actor=actor, now=now, method=method)
    return method


def confirmed(*, actor: Actor, now: datetime, method: ContactMethod) -> None:
    """The (locked) method is known to be the person's own."""
    method.verified_at = now
    method.save(update_fields=["verified_at"])
    audit.record(
        actor=actor, now=now, action="contact_method.confirm", subject=SubjectRef("user", method.user_id),
        subject_label=str(method.user), after={"channel": method.channel},
    )  # fmt: skip


def _digest(method: ContactMethod, code: str) -> str:
    return hashlib.sha256(f"{method.pk}|{method.target}|{code}".encode()).hexdigest()
