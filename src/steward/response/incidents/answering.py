"""A button of a message was pressed where it was read: the person of the page acts, and hears how it stands now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from django.utils.translation import gettext as _

from steward.foundation import sentences
from steward.foundation.database.rowsecurity import limited_to
from steward.foundation.errors import Conflict, NotFound
from steward.foundation.language import speaking
from steward.people.accounts import queries as accounts
from steward.response.incidents import actions, queries
from steward.response.notifications.events import PageAnswered

_DONE: dict[str, Callable[..., object]] = {"acknowledge": actions.acknowledge, "resolve": actions.resolve}


def answered(event: PageAnswered) -> None:
    """Acknowledge or resolve as the person of the page; a conflict (somebody was faster) is told and changes nothing."""
    user = accounts.person(event.user_id)
    key = queries.incident_of_call(event.subject.id) if event.subject.kind == "helpcall" else event.subject.id
    if (
        event.subject.kind not in {"incident", "helpcall"}
        or key is None
        or user is None
        or not user.is_active
        or event.verb not in _DONE
    ):
        return
    actor = replace(accounts.actor_for_user(user), kind="link")
    via = sentences.gettext("from a message")
    if event.by:
        via = sentences.gettext("from a message (%(channel)s: %(by)s)") % {"channel": event.channel, "by": event.by}
    with limited_to(actor.organisation_id if actor.is_external else None), speaking(user.language):
        try:
            _DONE[event.verb](actor=actor, now=event.now, incident_id=key, via=via)
        except (Conflict, NotFound) as error:
            event.said.append(error.message)
            return
        incident = queries.by_id(actor, key)
        if event.verb == "resolve":
            event.said.append(_("%(incident)s is resolved.") % {"incident": incident.ref})
        elif incident.assignee is not None:
            text = _("%(incident)s is acknowledged; %(person)s has it.")
            event.said.append(text % {"incident": incident.ref, "person": incident.assignee})
        else:
            event.said.append(_("%(incident)s is acknowledged.") % {"incident": incident.ref})
