"""How pages put things into words: reasons, set-up instructions, raw bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from steward.foundation.ui.templatetags.ui import absolute
from steward.signals.alerts.ingest.sources import KINDS

SOURCES = Path(__file__).resolve().parent / "ingest" / "sources"


def reason_text(reason: dict[str, Any]) -> str:
    """A stored reason in the reader's language; unknown codes show the text that was stored with them."""
    texts = {
        "new": _("first report of this alert"),
        "fired_again": _("reported as firing after it had resolved"),
        "sender_resolved": _("its sender says that it ended"),
        "expired": _("not heard of again before its end; last heard of %(last)s"),
        "resolved_unseen": _("reported as resolved, never seen firing"),
        "changed": _("reported with other labels while it fires: %(what)s"),
    }
    text = texts.get(str(reason.get("code")), str(reason.get("text", "")))
    text = text % {"what": difference_text(reason)} if "%(what)s" in text else text
    moment = parse_datetime(str(reason.get("last_seen_at", ""))) if "last_seen_at" in reason else None
    text = text % {"last": absolute(moment)} if "%(last)s" in text else text
    version = reason.get("rules")
    return _("%(text)s (rules version %(n)s)") % {"text": text, "n": version} if version else text


def difference_text(reason: dict[str, Any]) -> str:
    """What a change of labels was, such as ``severity: warning → critical``."""
    before, after = reason.get("before") or {}, reason.get("after") or {}
    names = sorted({*before, *after})
    return ", ".join(f"{name}: {before.get(name, '—')} → {after.get(name, '—')}" for name in names)


def safe_link(text: str) -> str:
    """The text if it is a web address a browser may be sent to, else nothing."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname and not any(c.isspace() for c in text) else ""


def setup(public_url: str, key: str, kind: str) -> dict[str, Any]:
    """What the set-up page of a kind fills in, ready but for the key where that is not known any more: ``url`` is the
    source's whole address, the others are its parts. ``files`` are the scripts that are shipped with the kind."""
    parts = urlsplit(public_url)
    return {
        "template": f"{kind}/setup.html",
        "url": f"{public_url}/in/{key}",
        "base": public_url,
        "key": key,
        "scheme": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "prefix": f"{parts.path.rstrip('/')}/in/{key}",
        "kind": kind,
        "files": [path.name for path in _files(kind)],
    }


def shipped(kind: str, name: str) -> Path | None:
    """A shipped file of a kind, by its name."""
    return next((path for path in _files(kind) if path.name == name), None)


def _files(kind: str) -> list[Path]:
    if kind not in KINDS:
        return []
    return sorted(path for path in (SOURCES / kind / "files").glob("*") if path.is_file())


def readable(raw: bytes) -> str:
    """Raw bytes as text; what is no text shows as escapes."""
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def pretty(raw: bytes) -> str:
    """Raw bytes for people: JSON with a line for each value, anything else as it is."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False).replace("\x00", "\\x00")
    except (ValueError, RecursionError):
        return readable(raw)
