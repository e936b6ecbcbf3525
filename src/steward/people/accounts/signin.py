"""Signing in: the right password, not too many wrong ones, and everything on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from django.contrib.auth import authenticate
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.errors import StewardError, TooMany
from steward.foundation.history.registry import BATCH, Step, locked
from steward.foundation.subjects import SubjectRef
from steward.people.accounts.models import SignInAttempt, User
from steward.people.audit import actions as audit

WINDOW = timedelta(minutes=15)
MOST_PER_NAME = 5
MOST_PER_ADDRESS = 20
KEPT = timedelta(days=1)


class WrongCredentials(StewardError):
    """The name or the password is wrong; which of them is not told."""

    status = 403
    code = "wrong-credentials"


def sign_in(
    *, request: HttpRequest, now: datetime, username: str, password: str, address: str, request_id: str
) -> User:
    """The person with this name and password; raises TooMany or WrongCredentials.

    A try is counted as a failure before the password is looked at and taken back if it was right, so that many tries
    sent at once are counted one after the other and none slips past the limit.
    """
    name = username.strip().lower()[:80]
    attempt = _count(name, address, now)
    # Django hashes a password for unknown names too, so the time does not tell whether a name exists.
    user = authenticate(request, username=username.strip(), password=password)
    if not isinstance(user, User):
        _record_failure(name, address, request_id, now)
        raise WrongCredentials(_("The name or the password is wrong."))
    with transaction.atomic():
        # Failures from other addresses stay: the owner's sign-in must not give a guesser elsewhere new tries.
        SignInAttempt.objects.filter(Q(pk=attempt.pk) | Q(username=name, address=address)).delete()
        actor = Actor(kind="user", id=user.pk, label=str(user), request_id=request_id, address=address)
        audit.record(
            actor=actor, now=now, action="sign-in", subject=SubjectRef("user", user.pk), subject_label=user.username
        )
    return user


def is_password(*, user: User, password: str, now: datetime, address: str) -> bool:
    """Whether this is the person's password; tries that fail count as failed sign-ins do, and raise TooMany like them."""
    attempt = _count(user.username.lower()[:80], address, now)
    if not user.check_password(password):
        return False
    SignInAttempt.objects.filter(pk=attempt.pk).delete()
    return True


def sign_out(*, actor: Actor, now: datetime) -> None:
    """Put a sign-out on record; the session itself is the door's."""
    subject = SubjectRef("user", actor.user_id) if actor.user_id else None
    audit.record(actor=actor, now=now, action="sign-out", subject=subject, subject_label=actor.label)


@transaction.atomic
def _count(name: str, address: str, now: datetime) -> SignInAttempt:
    # Always the name first, so that no two sign-ins wait for each other in a ring.
    lock_in_transaction(f"sign-in name {name}")
    lock_in_transaction(f"sign-in address {address}")
    _check_limits(name, address, now)
    return SignInAttempt.objects.create(at=now, username=name, address=address)


def _check_limits(name: str, address: str, now: datetime) -> None:
    recent = SignInAttempt.objects.filter(at__gt=now - WINDOW)
    free: list[datetime] = []
    for found, most in (
        (recent.filter(username=name), MOST_PER_NAME),
        (recent.filter(address=address), MOST_PER_ADDRESS),
    ):
        times = list(found.order_by("-at").values_list("at", flat=True)[:most])
        if len(times) >= most:
            free.append(times[-1] + WINDOW)
    if not free:
        return
    minutes = max(1, ceil((max(free) - now).total_seconds() / 60))
    text = ngettext(
        "Too many failed sign-ins. Try again in %(minutes)s minute, or ask an administrator for a new password.",
        "Too many failed sign-ins. Try again in %(minutes)s minutes, or ask an administrator for a new password.",
        minutes,
    )
    raise TooMany(text % {"minutes": minutes}, retry_after=minutes * 60)


@transaction.atomic
def _record_failure(name: str, address: str, request_id: str, now: datetime) -> None:
    known = User.objects.filter(username__iexact=name).first()
    # What was typed into the name field may be a password, so only names that exist go on record.
    label = known.username if known else _("unknown name")
    actor = Actor(kind="anonymous", label=label, request_id=request_id, address=address)
    subject = SubjectRef("user", known.pk) if known else None
    audit.record(actor=actor, now=now, action="sign-in.failed", subject=subject, subject_label=label)
    SignInAttempt.objects.filter(at__lt=now - KEPT).delete()


def remove_old_attempts(before: datetime, _after: int) -> Step:
    """Remove failed sign-ins from before then; throttling looks back minutes only."""
    found = SignInAttempt.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:BATCH]
    keys = locked(SignInAttempt.objects.filter(pk__in=found))
    SignInAttempt.objects.filter(pk__in=keys).delete()
    return Step(len(keys), 0 if len(keys) == BATCH else None)


def remove_expired_sessions(before: datetime, _after: int) -> Step:
    """Remove sessions that expired before then: nobody can use them any more."""
    expired = Session.objects.filter(expire_date__lt=before)
    keys = locked(expired.filter(pk__in=expired.order_by("expire_date").values_list("pk", flat=True)[:BATCH]))
    Session.objects.filter(pk__in=keys).delete()
    return Step(len(keys), 0 if len(keys) == BATCH else None)
