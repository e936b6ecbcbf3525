"""Messages about shifts, to one person: nobody has to look into Steward to learn that a colleague asks for cover."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from steward.config.environment import load
from steward.foundation.actors import system
from steward.foundation.language import speaking
from steward.foundation.moments import written
from steward.foundation.subjects import SubjectRef
from steward.response.notifications import actions as notifications
from steward.response.oncall.models import Swap

if TYPE_CHECKING:
    from steward.people.accounts.models import User

_ENGINE = system("on-call")


def tell(swap: Swap, user: User, what: str, now: datetime) -> None:
    """Tell a person what became of a request for cover (offered, taken, declined, withdrawn, past_due); once."""
    if not user.is_active:
        return
    zone = ZoneInfo(user.time_zone or "UTC")
    with speaking(user.language, otherwise=load().language), timezone.override(zone):
        values = {
            "asker": swap.asker, "taker": swap.taken_by or swap.offered_to, "schedule": swap.schedule.name,
            "from": written(swap.start_at.astimezone(zone), "D j M H:i"),
            "to": written(swap.end_at.astimezone(zone), "D j M H:i"),
        }  # fmt: skip
        title = _titles()[what] % values
        address = f"{load().public_url}/schedules/mine"
        body = "\n".join(line for line in (swap.note, _("See and answer: %(address)s") % {"address": address}) if line)
        why = _("it is about your shifts")
    notifications.page(
        actor=_ENGINE, now=now, user_id=user.pk, key=f"swap:{swap.pk}:{what}:{user.pk}",
        subject=SubjectRef("swap", swap.pk), subject_label=swap.schedule.name, title=title, body=body,
        reason={"why": why}, importance="normal",
    )  # fmt: skip


def _titles() -> dict[str, str]:
    return {
        "offered": _("%(asker)s asks you to take over: %(schedule)s, %(from)s – %(to)s"),
        "taken": _("%(taker)s takes your shift: %(schedule)s, %(from)s – %(to)s"),
        "declined": _("%(taker)s cannot take your shift: %(schedule)s, %(from)s – %(to)s"),
        "withdrawn": _("%(asker)s keeps the shift: %(schedule)s, %(from)s – %(to)s"),
        "past_due": _("Nobody took your shift, it begins now: %(schedule)s, %(from)s – %(to)s"),
    }
