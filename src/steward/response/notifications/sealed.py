"""What channels keep that nobody may read again: sealed on the way in, opened only to send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from steward.foundation.sealing import Broken, seal, unseal
from steward.response.notifications import channels
from steward.response.notifications.models import ChannelSettings

_SEALED = "sealed"


def closed(channel: str, options: Mapping[str, str]) -> dict[str, Any]:
    """A method's options as they may be stored: the secret ones sealed together."""
    found = channels.get(channel)
    secret = {each.name for each in found.fields if each.secret} if found else set()
    kept = {name: value for name, value in options.items() if name not in secret and value}
    hidden = {name: value for name, value in options.items() if name in secret and value}
    return {**kept, **({_SEALED: seal(json.dumps(hidden))} if hidden else {})}


def opened(options: Mapping[str, Any]) -> dict[str, Any]:
    """The same, to send with. What was sealed under another secret of the installation is missing."""
    kept = {name: value for name, value in options.items() if name != _SEALED}
    return {**kept, **_unsealed(str(options.get(_SEALED, "")))}


def settings_of(channel: str) -> dict[str, str]:
    """What the installation knows for a channel, opened."""
    found = channels.get(channel)
    if found is None or not (found.settings or found.shares):
        return {}
    shared = settings_of(found.shares) if found.shares else {}
    row = ChannelSettings.objects.filter(channel=channel).first()
    own = {**row.values, **_unsealed(row.secrets)} if row is not None else {}
    return {**shared, **own}


def sealed_settings(values: Mapping[str, str]) -> str:
    """Secrets of an installation's channel as they are stored."""
    return seal(json.dumps(dict(values))) if values else ""


def _unsealed(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        return dict(json.loads(unseal(text)))
    except Broken:
        return {}
