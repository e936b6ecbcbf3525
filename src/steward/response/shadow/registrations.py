"""What this room adds to the shell, to pages of other rooms and to the ingest door."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from steward.foundation.history.registry import Cleaner, register
from steward.foundation.rest import keyed
from steward.foundation.ui import navigation, panels, statuses
from steward.response.shadow import actions, receiving, wording

KEPT = timedelta(days=90)
navigation.register(
    navigation.NavItem("shadow", _("Shadow mode"), "shadow:list", "copy", "operate", 66, permission="sources.view")
)
panels.register("source", "shadow", "shadow:source-panel", position=10, permission="sources.view")
panels.register("incident", "shadow", "shadow:incident-panel", position=1, permission="incidents.view")
keyed.register("shadow/<receiver>", r"shadow/(?P<receiver>[^/]{1,600})", ("POST",), receiving.notification)
for outcome, tone in wording.TONES.items():
    statuses.register(f"shadow-{outcome}", tone, wording.OUTCOMES[outcome])
for mode, mode_tone in {"live": "ok", "shadow": "degraded", "off": "unknown"}.items():
    statuses.register(f"mode-{mode}", mode_tone, wording.MODES[mode])
register(Cleaner("notifications in shadow mode", actions.remove_old, lifetime=KEPT))
