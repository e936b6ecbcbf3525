"""Raw payloads on pages."""

from django import template

from steward.signals.alerts import shown

register = template.Library()
MOST = 100_000


@register.filter
def pretty_json(raw: bytes) -> str:
    """A body for people; of a long one only the beginning."""
    return shown.pretty(bytes(raw))[:MOST]
