"""What the clock does: tell that something begins or ends, and give notice before a silence's end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from steward.algorithms.matching import format_matchers
from steward.foundation.actors import system
from steward.foundation.events import publish
from steward.foundation.sentences import Moment
from steward.foundation.sentences import gettext as _
from steward.foundation.subjects import SubjectRef
from steward.people.accounts import queries as accounts
from steward.response.notifications import actions as notifications
from steward.response.suppression import rules
from steward.response.suppression.actions.planning import CLOCK_FIELDS, settle
from steward.response.suppression.events import MaintenanceEnded, SuppressionChanged
from steward.response.suppression.models import MaintenanceWindow, Silence

ENGINE = system("engine")


@transaction.atomic
def run_silence(*, now: datetime, silence_id: int) -> None:
    """A silence begins, ends or is about to; a second run of the same row does nothing."""
    silence = Silence.objects.select_for_update().filter(pk=silence_id, due_at__lte=now).first()
    if silence is None:
        return
    notice = timedelta(minutes=silence.notice_minutes) if silence.notice_minutes else None
    waits = notice is not None and silence.noticed_at is None and silence.ends_at is not None
    if waits and silence.ends_at - notice <= now < silence.ends_at:
        silence.noticed_at = now
        _give_notice(silence, now)
    settled = settle(silence, now, notice)
    silence.save(update_fields=CLOCK_FIELDS)
    if settled.began or settled.ended:
        publish(SuppressionChanged(rules.SILENCE, silence.pk, now))


@transaction.atomic
def run_window(*, now: datetime, window_id: int) -> None:
    """A maintenance window begins or ends; a second run of the same row does nothing."""
    window = MaintenanceWindow.objects.select_for_update().filter(pk=window_id, due_at__lte=now).first()
    if window is None:
        return
    settled = settle(window, now)
    window.save(update_fields=CLOCK_FIELDS)
    if settled.began or settled.ended:
        publish(SuppressionChanged(rules.MAINTENANCE, window.pk, now))
    if settled.ended:
        publish(MaintenanceEnded(window.pk, now))


def _give_notice(silence: Silence, now: datetime) -> None:
    """Tell its author through whatever reaches them. Who made it with a key or has left has only the page."""
    person = accounts.person(silence.created_by_id) if silence.created_by_id else None
    if person is None or silence.ends_at is None:
        return
    zone = person.time_zone or "UTC"
    text = _("Your silence of %(matchers)s ends at %(until)s. Extend it if the work is not done; alerts page then.")
    matchers = format_matchers(silence.parsed)
    notifications.page(
        actor=ENGINE, now=now, user_id=person.pk, key=f"silence:{silence.pk}:{silence.ends_at.isoformat()}:end",
        subject=SubjectRef("silence", silence.pk), subject_label=str(silence),
        title=_("A silence ends soon: %(comment)s") % {"comment": str(silence)},
        body=text % {"matchers": matchers, "until": Moment(silence.ends_at, zone, "D j M H:i")},
        reason={"why": _("You made this silence and asked for a notice before its end.")},
    )  # fmt: skip
