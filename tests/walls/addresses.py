"""Every address of the pages, filled with the keys of records that exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.api.world import World

# Not pages: the API has walls of its own (tests/api), static files and translations of scripts are for everybody.
LEFT_OUT = ("api/", "static/")
# Words that stand for one of several things.
WORDS = {
    "verb": ("acknowledge", "resolve", "reopen", "close", "notes"),
    "side": ("service", "item"),
    "answer": ("accept", "coming"),
}


class Unknown(AssertionError):
    """An address with a part that nobody has taught here."""


def patterns() -> dict[str, set[str]]:
    """The name of every page (``incidents:detail``) and the parts of its address that vary."""
    return dict(_walk(get_resolver("steward.config.urls").url_patterns, "", ""))


def _walk(found: list[Any], namespace: str, path: str) -> Iterator[tuple[str, set[str]]]:
    for each in found:
        here = path + str(each.pattern)
        if here.startswith(LEFT_OUT):
            continue
        if isinstance(each, URLResolver):
            inner = ":".join(part for part in (namespace, each.namespace or "") if part)
            yield from _walk(each.url_patterns, inner, here)
        elif isinstance(each, URLPattern) and each.name:
            parts = set(each.pattern.converters) | set(getattr(each.pattern, "regex", None).groupindex or {})
            yield f"{namespace}:{each.name}", parts


def addresses(world: World) -> Iterator[tuple[str, str]]:
    """Name and address of every page; several where a word in it has several meanings."""
    for name, parts in sorted(patterns().items()):
        words = sorted(parts & WORDS.keys())
        for word in WORDS[words[0]] if words else ("",):
            values = {part: _value(name, part, world) for part in parts - WORDS.keys()}
            yield name, reverse(name, kwargs={**values, **({words[0]: word} if words else {})})


def _value(name: str, part: str, world: World) -> Any:
    room, _colon, page = name.partition(":")
    ids = world.ids
    known = {
        "number": ids["ref"].removeprefix("INC-"),
        "subject_id": ids["incident_id"],
        "slug": ids["service"]
        if room == "configuration"
        else ids["policy_slug" if "polic" in page else "schedule_slug"],
        "pk": ids["item_id"],
        "token": "not-a-token",
        "kind": "icinga",
        "days": "7",
        "name": "steward-notify.py",
        "channel": "slack",
        "path": "status",
        **ids,
    }
    if part not in known:
        raise Unknown(f"tell tests/walls what {part!r} of {name} is")
    return known[part]
