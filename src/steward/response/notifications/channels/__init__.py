"""The channels: a sealed folder each, with the adapter, what to know about it, and the tests against a stand-in that
speaks the provider's protocol. Adding one is adding a folder that has a ``CHANNEL``; nothing else is touched."""

from __future__ import annotations

import importlib
import pkgutil

from steward.response.notifications.channels.base import Channel

__all__ = ["CHANNELS", "Channel", "get", "shown"]


def _channels() -> dict[str, Channel]:
    folders = sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg and each.name != "tests")
    found = [importlib.import_module(f"{__name__}.{folder}").CHANNEL for folder in folders]
    return {each.name: each for each in sorted(found, key=lambda each: (each.position, each.name))}


CHANNELS: dict[str, Channel] = _channels()


def get(name: str) -> Channel | None:
    """The channel of this name. A row may name one that this version does not know any more."""
    return CHANNELS.get(name)


def shown(channel: str, target: str) -> str:
    """An address as it may be shown."""
    found = get(channel)
    return found.shown(target) if found is not None else "***"
