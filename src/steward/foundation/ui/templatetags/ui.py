"""Template tags of the UI kit: `{% load ui %}`."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from steward.foundation import clock
from steward.foundation.moments import written
from steward.foundation.ui import fields, icons, lists, panels, spans, statuses
from steward.foundation.ui.filters import FilterSet
from steward.foundation.ui.paging import PAGE_PARAMS

register = template.Library()
AVATAR_COLOURS = 8
NOBODY = "—"


@register.simple_tag
def icon(name: str, cls: str = "") -> SafeString:
    """An icon from the sprite; decoration only, so it is hidden from screen readers."""
    return format_html(
        '<svg class="ic{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        f" {cls}" if cls else "",
        static("ui/icons.svg"),
        icons.known(name),
    )


@register.simple_tag
def status(value: object, text: str = "") -> SafeString:
    """A status as shape, word and colour; `text` replaces the word ("52 min left")."""
    found = statuses.lookup(value)
    return format_html('<span class="st st-{}">{}</span>', found.tone, text or found.label)


@register.simple_tag
def tone(value: object) -> str:
    """Only the tone of a status code (ok, info, degraded, high, down, unknown, maintenance), for class names."""
    return statuses.lookup(value).tone


@register.simple_tag
def severity(value: object) -> SafeString:
    """A severity as shape, word and colour; the shape differs per level, not only the colour."""
    found = statuses.lookup(value)
    return format_html('<span class="st st-{} sev">{}</span>', found.tone, found.label)


@register.simple_tag
def ago(moment: datetime | None, style: str = "long", empty: str = "—") -> SafeString:
    """A moment relative to now, with the absolute time in the reader's zone on hover; `style` is long or short."""
    if moment is None:
        return format_html('<span class="text-2">{}</span>', empty)
    words = spans.relative_words(moment, clock.now(), short=style == "short")
    return format_html(
        '<time datetime="{}" data-relative="{}" title="{}">{}</time>',
        moment.isoformat(),
        style,
        absolute(moment),
        words,
    )


@register.filter
def absolute(moment: datetime | None) -> str:
    """A moment in the reader's zone, with the zone's name."""
    return "" if moment is None else spans.absolute_words(moment)


@register.filter(expects_localtime=True)
def moment(value: date | None, form: str) -> str:
    """A date or time in one of the forms of ``foundation.moments``, in the reader's zone and language."""
    return "" if value is None else written(value, form)


@register.simple_tag
def duration(value: timedelta | float | None, empty: str = "—") -> str:
    """A length of time in words: 4 min 10 s."""
    return empty if value is None else spans.duration_words(value)


@register.simple_tag
def avatar(name: object, cls: str = "") -> SafeString:
    """A person's or team's initials on a colour that stays the same for that name."""
    text = str(name or "").strip()
    letters = initials(text)
    extra = f" {cls}" if cls else ""
    shade = "av-none" if letters == NOBODY else avatar_colour(text)
    return format_html('<span class="av {}{}" aria-hidden="true">{}</span>', shade, extra, letters)


@register.filter
def avatar_colour(name: object) -> str:
    """The colour class of a name, for calendar segments that should match the avatar."""
    return f"av-{zlib.crc32(str(name).strip().encode()) % AVATAR_COLOURS}"


def initials(text: str) -> str:
    """One or two letters that stand for a name; a name without spaces in Chinese gives its first character."""
    words = [word for word in text.replace("@", " ").replace(".", " ").replace("-", " ").split() if word[0].isalnum()]
    if not words:
        return NOBODY
    if len(words) == 1:
        return words[0][0] if ord(words[0][0]) > 0x2E80 else words[0][:2].upper()
    return (words[0][0] + words[-1][0]).upper()


@register.simple_tag
def labels(pairs: Mapping[str, Any] | None, limit: int = 8) -> SafeString:
    """Label chips in alphabetical order; the chips beyond `limit` unfold on request."""
    chips = [(name, value) for name, value in sorted((pairs or {}).items())]
    shown = format_html_join("", '<span class="lb"><span class="lb-k">{}</span>{}</span>', chips[:limit])
    hidden = chips[limit:]
    if not hidden:
        return format_html('<span class="lbs">{}</span>', shown)
    more = ngettext("%(n)s more", "%(n)s more", len(hidden)) % {"n": len(hidden)}
    rest = format_html_join("", '<span class="lb"><span class="lb-k">{}</span>{}</span>', hidden)
    return format_html(
        '<span class="lbs">{}<details class="lb-more"><summary>{}</summary>{}</details></span>', shown, more, rest
    )


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """The current query string with these parameters replaced; an empty value removes one, a new filter unpages."""
    query = context["request"].GET.copy()
    if not set(changes) & set(PAGE_PARAMS):
        changes = {**changes, **dict.fromkeys(PAGE_PARAMS)}
    for name, value in changes.items():
        if value is None or value == "":
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


@register.simple_tag
def why(text: str | Promise, url: str = "") -> SafeString:
    """The reason for an automatic decision, optionally linked to the rule that took it."""
    if not text:
        return mark_safe("")
    if url:
        return format_html('<div class="why"><a href="{}">{}</a></div>', url, text)
    return format_html('<div class="why">{}</div>', text)


@register.simple_tag
def bar(percent: float | None, tone: str = "degraded", label: str = "") -> SafeString:
    """A small bar filled to `percent`; the number is said to screen readers."""
    whole = max(0, min(100, round(percent or 0)))
    return format_html(
        '<span class="bar bar-{}" role="img" aria-label="{}"><i class="w-pct-{}"></i></span>',
        tone,
        label or _("%(n)s percent") % {"n": whole},
        whole,
    )


@register.inclusion_tag("ui/panel_slots.html", takes_context=True, name="panels")
def panels_tag(context: Context, subject_kind: str, subject_id: object) -> dict[str, Any]:
    """The slots other rooms have added to this subject's page."""
    return {"slots": panels.slots_for(subject_kind, subject_id, context.get("actor"))}


@register.simple_tag(takes_context=True)
def saved_views(context: Context, filters: FilterSet) -> lists.Views | None:
    """What saved views put around this list's filters; nothing on pages that are no registered list."""
    return lists.views_of(context["request"], filters)


@register.simple_tag
def field_control(field: BoundField) -> SafeString:
    """A form field's control with the kit's classes and its help and errors announced."""
    return fields.control(field)


@register.filter
def field_layout(field: BoundField) -> str:
    """How a field is laid out: line, check or group."""
    return fields.layout(field)
