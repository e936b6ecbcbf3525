"""What labels and links may hold, and reading and writing them as lines of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

MOST_LABELS = 30
MOST_LINKS = 30
LONGEST = 500


def label_problem(labels: Any) -> str:
    """Why these labels cannot be used; nothing if they can."""
    if not isinstance(labels, Mapping):
        return _("Labels are pairs of a name and a value.")
    if len(labels) > MOST_LABELS:
        return _("At most %(n)s labels.") % {"n": MOST_LABELS}
    for name, value in labels.items():
        if not isinstance(name, str) or not isinstance(value, str) or not name.strip() or not value.strip():
            return _("“%(name)s” needs a name and a value, both text.") % {"name": name}
        if len(name) + len(value) > LONGEST or "\0" in name + value:
            return _("“%(name)s” is too long or holds characters that cannot be stored.") % {"name": name[:40]}
    return ""


def link_problem(links: Any) -> str:
    """Why these links cannot be used; nothing if they can. Only web addresses: a page shows them as links."""
    if not isinstance(links, list | tuple) or len(links) > MOST_LINKS:
        return _("Links are a list of at most %(n)s.") % {"n": MOST_LINKS}
    for link in links:
        if not isinstance(link, Mapping) or set(link) != {"title", "url"} or not all(map(_is_text, link.values())):
            return _("A link has a title and an address.")
        if not is_web_address(link["url"]):
            return _("“%(url)s” is not an http or https address.") % {"url": link["url"][:80]}
    return ""


def is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not set(url) & set(' "<>\\\0')
    except ValueError:
        return False


def read_labels(text: str) -> dict[str, str]:
    """Labels written as ``name=value``, one a line; raises ValueError naming the first line that is not."""
    found: dict[str, str] = {}
    for number, line in _lines(text):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not (equals and name and value):
            raise ValueError(_("Line %(n)s: write name=value.") % {"n": number})
        if name in found:
            raise ValueError(_("Line %(n)s: “%(name)s” stands there twice.") % {"n": number, "name": name})
        found[name] = value
    return found


def write_labels(labels: Mapping[str, str]) -> str:
    return "\n".join(f"{name}={value}" for name, value in sorted(labels.items()))


def read_links(text: str) -> list[dict[str, str]]:
    """Links written as a title and, behind the last space, an address, one a line."""
    found = []
    for number, line in _lines(text):
        title, _space, url = line.rpartition(" ")
        if not is_web_address(url):
            raise ValueError(_("Line %(n)s: end it with an http or https address.") % {"n": number})
        found.append({"title": title.strip() or url, "url": url})
    return found


def write_links(links: Iterable[Mapping[str, str]]) -> str:
    return "\n".join(
        link["url"] if link["title"] == link["url"] else f"{link['title']} {link['url']}" for link in links
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _lines(text: str) -> list[tuple[int, str]]:
    return [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
