"""One meaning per colour: every status word of the product with its tone and shape."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TONES = ("ok", "info", "degraded", "high", "down", "unknown", "maintenance")


@dataclass(frozen=True, slots=True)
class Status:
    """How a status code is shown; the tone gives colour and shape together."""

    code: str
    tone: str
    label: str | Promise


def _table(*rows: tuple[str, str, str | Promise]) -> dict[str, Status]:
    return {code: Status(code, tone, label) for code, tone, label in rows}


# Tones: down = act now; high, degraded = act soon; info = somebody or something is at work; ok = fine;
# maintenance = planned; unknown = no data, or over and done.
_statuses = _table(
    ("firing", "down", _("firing")),
    ("resolved", "ok", _("resolved")),
    ("open", "down", _("open")),
    ("acknowledged", "info", _("acknowledged")),
    ("closed", "unknown", _("closed")),
    ("reopened", "down", _("reopened")),
    ("silenced", "maintenance", _("silenced")),
    ("suppressed", "maintenance", _("suppressed")),
    ("healthy", "ok", _("healthy")),
    ("degraded", "degraded", _("degraded")),
    ("down", "down", _("down")),
    ("unknown", "unknown", _("unknown")),
    ("maintenance", "maintenance", _("maintenance")),
    ("nobody", "down", _("nobody")),
    ("reachable", "ok", _("reachable")),
    ("unreachable", "down", _("unreachable")),
    ("needs-cover", "degraded", _("needs cover")),
    ("pending", "info", _("pending")),
    ("queued", "info", _("queued")),
    ("planned", "info", _("planned")),
    ("waiting", "info", _("waiting")),
    ("bundled", "info", _("bundled")),
    ("running", "info", _("running")),
    ("retrying", "degraded", _("retrying")),
    ("sent", "ok", _("sent")),
    ("delivered", "ok", _("delivered")),
    ("failed", "down", _("failed")),
    ("cancelled", "unknown", _("cancelled")),
    ("stopped", "unknown", _("stopped")),
    ("skipped", "unknown", _("skipped")),
    ("finished", "ok", _("finished")),
    ("exhausted", "down", _("exhausted")),
    ("parked", "degraded", _("parked")),
    ("replayed", "ok", _("replayed")),
    ("discarded", "unknown", _("discarded")),
    ("active", "ok", _("active")),
    ("enabled", "ok", _("enabled")),
    ("disabled", "unknown", _("disabled")),
    ("inactive", "unknown", _("inactive")),
    ("expired", "unknown", _("expired")),
    ("revoked", "unknown", _("revoked")),
    ("planned", "maintenance", _("planned")),
    ("approved", "maintenance", _("approved")),
    # Severity words of the field, as senders write them into the severity label.
    ("emergency", "down", _("emergency")),
    ("disaster", "down", _("disaster")),
    ("fatal", "down", _("fatal")),
    ("page", "down", _("page")),
    ("critical", "down", _("critical")),
    ("error", "down", _("error")),
    ("high", "high", _("high")),
    ("major", "high", _("major")),
    ("warning", "degraded", _("warning")),
    ("average", "degraded", _("average")),
    ("minor", "unknown", _("minor")),
    ("low", "unknown", _("low")),
    ("info", "info", _("info")),
    ("notice", "info", _("notice")),
    ("debug", "unknown", _("debug")),
    ("ok", "ok", _("ok")),
    ("success", "ok", _("success")),
    ("denied", "down", _("denied")),
    ("sev1", "down", _("SEV1")),
    ("sev2", "high", _("SEV2")),
    ("sev3", "degraded", _("SEV3")),
    ("sev4", "unknown", _("SEV4")),
)


def register(code: str, tone: str, label: str | Promise) -> None:
    """Add a room's own status word; the tone must be one of TONES."""
    if tone not in TONES:
        raise ValueError(f"Status {code!r} names the unknown tone {tone!r}.")
    _statuses[code.lower()] = Status(code.lower(), tone, label)


def lookup(value: object) -> Status:
    """The status of a code, or of an object with a `status` or `state`; an unheard-of code is shown as it is."""
    code = str(getattr(value, "value", value))
    if not isinstance(value, str):
        for name in ("status", "state", "severity"):
            held = getattr(value, name, None)
            if isinstance(held, str) and held:
                code = str(getattr(held, "value", held))
                break
    known = _statuses.get(code.lower())
    return known or Status(code, "unknown", code.replace("_", " ") or _("unknown"))
