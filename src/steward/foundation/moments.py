"""Moments in words. Each form of a date is a message, because languages order its parts differently."""

from __future__ import annotations

from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext_noop, pgettext, pgettext_lazy

CONTEXT = "date and time, in Django's date format characters"
# What pages use; other forms mean the same in every language (H:i) or are not for people.
FORMS = (
    pgettext_lazy("date and time, in Django's date format characters", "D"),
    pgettext_lazy("date and time, in Django's date format characters", "D H:i"),
    pgettext_lazy("date and time, in Django's date format characters", "j M"),
    pgettext_lazy("date and time, in Django's date format characters", "D j M H:i"),
    pgettext_lazy("date and time, in Django's date format characters", "D j M Y"),
    pgettext_lazy("date and time, in Django's date format characters", "l j F, H:i"),
    pgettext_lazy("date and time, in Django's date format characters", "j F Y, H:i"),
)

# Django's own messages, here because its Chinese knows no short names of days.
DAYS = (
    gettext_noop("Mon"), gettext_noop("Tue"), gettext_noop("Wed"), gettext_noop("Thu"),
    gettext_noop("Fri"), gettext_noop("Sat"), gettext_noop("Sun"),
)  # fmt: skip


def written(moment: date, form: str) -> str:
    """A date or time in the form that the language being spoken has for this one of ``FORMS``, in its own zone."""
    return date_format(moment, pgettext(CONTEXT, form))
