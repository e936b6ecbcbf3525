"""What a channel needs for the whole installation: accounts and tokens, which are sealed and never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.jobs.worker import app
from steward.foundation.outbound.errors import Refused
from steward.foundation.subjects import SubjectRef
from steward.people.audit import actions as audit
from steward.response.notifications import channels
from steward.response.notifications.errors import ChannelInvalid, ChannelNotFound
from steward.response.notifications.models import ChannelSettings
from steward.response.notifications.sealed import sealed_settings, settings_of

MAX_VALUE = 8000
SET_UP_JOB = "notifications.set_up"


@transaction.atomic
def set_channel(
    *, actor: Actor, now: datetime, channel: str, values: Mapping[str, str], hourly: int | None = None
) -> ChannelSettings:
    """Store a channel's settings. A secret that is left empty stays as it is; ``hourly`` is how many messages a person
    gets in an hour (None: as the channel has it, 0: no limit)."""
    actor.require("people.manage")
    found = channels.get(channel)
    if found is None:
        raise ChannelNotFound(_("There is no such channel."))
    row = ChannelSettings.objects.select_for_update().filter(channel=channel).first()
    before = settings_of(channel)
    given = {name: value.strip() for name, value in values.items()}
    whole = {
        each.name: given.get(each.name, "") or (before.get(each.name, "") if each.secret or each.name not in given else "")
        for each in found.settings
    }  # fmt: skip
    wrong = {name: [_("This is too long.")] for name, value in whole.items() if len(value) > MAX_VALUE or "\0" in value}
    wrong |= {each.name: [_("This is needed.")] for each in found.settings if each.required and not whole[each.name]}
    if not wrong:
        try:
            wrong = {name: [text] for name, text in found.check_settings(whole).items()}
        except Refused as error:
            raise ChannelInvalid(error.message) from error
    if hourly is not None and not 0 <= hourly <= 10_000:
        wrong["hourly"] = [_("Between 0 (no limit) and 10000.")]
    if wrong:
        raise ChannelInvalid(_("Some values cannot be used; see “fields”."), fields=wrong)
    secret = {each.name for each in found.settings if each.secret}
    row = row or ChannelSettings(channel=channel)
    row.values = {name: value for name, value in whole.items() if name not in secret and value}
    row.secrets = sealed_settings({name: value for name, value in whole.items() if name in secret and value})
    row.hourly, row.updated_at = hourly, now
    row.save()
    app.configure_task(SET_UP_JOB).defer(channel=channel)
    changed = sorted(name for name in whole if whole[name] != before.get(name, ""))
    audit.record(
        actor=actor, now=now, action="channel.set", subject=SubjectRef("channel", row.pk), subject_label=channel,
        after={**row.values, "changed": changed, "hourly": hourly},
    )  # fmt: skip
    return row


@transaction.atomic
def clear_channel(*, actor: Actor, now: datetime, channel: str) -> None:
    """Forget a channel's settings, its secrets with them."""
    actor.require("people.manage")
    row = ChannelSettings.objects.filter(channel=channel).first()
    if row is None:
        raise ChannelNotFound(_("This channel has no settings."))
    audit.record(
        actor=actor, now=now, action="channel.clear", subject=SubjectRef("channel", row.pk), subject_label=channel,
        before=row.values,
    )  # fmt: skip
    row.delete()


def note_set_up(*, now: datetime, channel: str, problem: str) -> None:
    """Keep what the provider said when it was told of this Steward."""
    ChannelSettings.objects.filter(channel=channel).update(problem=problem[:500], updated_at=now)


@transaction.atomic
def keep_made(*, now: datetime, channel: str) -> dict[str, str]:
    """The settings of a channel that makes its own (a key pair); made at the first call, the same for ever after."""
    found = channels.get(channel)
    if found is None:
        raise ChannelNotFound(_("There is no such channel."))
    row, _made = ChannelSettings.objects.get_or_create(channel=channel, defaults={"updated_at": now})
    row = ChannelSettings.objects.select_for_update().get(pk=row.pk)
    known = {**row.values, **settings_of(channel)}
    missing = found.made(known)
    if missing:
        secret = {each.name for each in found.settings if each.secret}
        known = {**known, **missing}
        row.values = {name: value for name, value in known.items() if name not in secret}
        row.secrets = sealed_settings({name: value for name, value in known.items() if name in secret})
        row.updated_at = now
        row.save()
    return known
