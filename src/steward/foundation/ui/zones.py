"""The form field of a time zone: names are suggested while typing, and one that does not exist is said beside it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(available_timezones())  # reads the disk


@lru_cache(maxsize=1)
def suggested() -> tuple[str, ...]:
    """IANA names for the list of suggestions, without the relics."""
    places = sorted(name for name in _names() if "/" in name and not name.startswith("Etc/"))
    return (*places, "UTC")


def known_zone(text: str) -> None:
    """Refuse what names no zone."""
    if text not in _names():
        raise ValidationError(
            _("There is no time zone “%(zone)s”. Write one such as Europe/Berlin or UTC.") % {"zone": text[:64]}
        )


class ZoneInput(forms.TextInput):
    """A text box with the list of zones under it."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The box, and the list it suggests from."""
        box = super().render(name, value, {**(attrs or {}), "list": f"{name}-zones"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in suggested()))
        return format_html('{}<datalist id="{}-zones">{}</datalist>', box, name, options)


class ZoneField(forms.CharField):
    """A time zone by its IANA name."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", gettext_lazy("Time zone"))
        widget = ZoneInput(attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(max_length=64, widget=widget, validators=[known_zone], **options)
