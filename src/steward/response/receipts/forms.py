"""The question: who, and about which incident or when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from steward.foundation.actors import Actor
from steward.people.accounts import queries as accounts

MOST_PEOPLE = 500
LONGEST = timedelta(days=31)
_LOCAL = "%Y-%m-%dT%H:%M"


class _When(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=_LOCAL)


def _at(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, required=False, widget=_When(), input_formats=[_LOCAL, f"{_LOCAL}:%S"])


class WhyForm(forms.Form):
    """Without an incident, all that were opened in a stretch of time; without that, the last 24 hours."""

    person = forms.TypedChoiceField(label=_("Person"), coerce=int)
    incident = forms.CharField(
        label=_("Incident"), max_length=40, required=False, help_text=_("Such as INC-12. Or say when:"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    start = _at(_("From"))
    end = _at(_("To"))

    def __init__(self, actor: Actor, now: datetime, data: Any = None) -> None:
        initial = {"person": actor.user_id, "start": now - timedelta(days=1), "end": now}
        super().__init__(data, initial=initial)
        self._now = now
        known = accounts.with_teams(accounts.users(actor)).order_by("name", "id")[:MOST_PEOPLE]
        self.people = {user.pk: user for user in known}
        people = [(key, str(user)) for key, user in self.people.items()]
        people.sort(key=lambda each: each[0] != actor.user_id)
        cast("forms.ChoiceField", self.fields["person"]).choices = people

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("incident"):
            data["start"] = data["end"] = None
            return data
        end = data.get("end") or self._now
        start = data.get("start") or end - timedelta(days=1)
        if start >= end:
            self.add_error("end", _("It ends before it begins."))
        elif end - start > LONGEST:
            self.add_error("start", _("Ask about at most 31 days at once."))
        return {**data, "start": start, "end": end}
