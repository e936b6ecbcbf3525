"""How pages put things into words: reasons, set-up instructions, raw bytes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from steward.foundation.ui.templatetags.ui import absolute


def reason_text(reason: dict[str, Any]) -> str:
    """A stored reason in the reader's language; unknown codes show the text that was stored with them."""
    texts = {
        "new": _("first report of this alert"),
        "fired_again": _("reported as firing after it had resolved"),
        "sender_resolved": _("its sender says that it ended"),
        "expired": _("not heard of again before its end; last heard of %(last)s"),
        "resolved_unseen": _("reported as resolved, never seen firing"),
    }
    text = texts.get(str(reason.get("code")), str(reason.get("text", "")))
    moment = parse_datetime(str(reason.get("last_seen_at", ""))) if "last_seen_at" in reason else None
    text = text % {"last": absolute(moment)} if "%(last)s" in text else text
    version = reason.get("rules")
    return _("%(text)s (rules version %(n)s)") % {"text": text, "n": version} if version else text


def safe_link(text: str) -> str:
    """The text if it is a web address a browser may be sent to, else nothing."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in {"http", "https"} and parts.hostname and not any(c.isspace() for c in text) else ""


def setup_texts(public_url: str, key: str) -> dict[str, str]:
    """What to paste at the sender, ready but for the key where that is not known any more."""
    parts = urlsplit(public_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    prefix = parts.path.rstrip("/")
    return {
        "prometheus": (
            "alerting:\n"
            "  alertmanagers:\n"
            f"    - scheme: {parts.scheme}\n"
            f"      path_prefix: {prefix}/in/{key}\n"
            "      api_version: v2\n"
            "      static_configs:\n"
            f'        - targets: ["{parts.hostname}:{port}"]\n'
        ),
        "alertmanager": (
            "receivers:\n"
            "  - name: steward\n"
            "    webhook_configs:\n"
            f"      - url: {public_url}/in/{key}/alertmanager\n"
            "        send_resolved: true\n"
        ),
        "events": (
            f"curl -X POST {public_url}/in/{key}/events \\\n"
            "  -H 'Content-Type: application/json' \\\n"
            """  -d '{"name": "BackupFailed", "severity": "critical", "labels": {"host": "db-3"}, """
            """"summary": "Nightly backup of db-3 failed"}'\n"""
        ),
    }


def readable(raw: bytes) -> str:
    """Raw bytes as text; what is no text shows as escapes."""
    return raw.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
