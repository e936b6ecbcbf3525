"""What ``files/steward-checkmk.py`` sends: the variables of a notification that begin with ``NOTIFY_``, as documented for
Checkmk 2.3 and 2.4 ("Notifications": "Environment variables").

A service has no severity of its own, only its state, and that may get worse or better while the problem lasts. So every
bad state is an alert of its own, and whatever is said about a service ends its alerts of the other states: of one
service at most one alert fires, whichever notifications were never sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import alert, object_of, text

_PREFIX = "NOTIFY_"
_TYPES = ("PROBLEM", "RECOVERY")
# Said about a problem that stays as it is: these words, and "ALERTHANDLER (OK)" and the like.
_SILENT = (
    "ACKNOWLEDGEMENT", "DOWNTIMESTART", "DOWNTIMEEND", "DOWNTIMECANCELLED", "FLAPPINGSTART", "FLAPPINGSTOP",
    "FLAPPINGDISABLED", "CUSTOM", "ALERTHANDLER",
)  # fmt: skip
_SERVICE_STATES = {"CRITICAL": "critical", "WARNING": "warning", "UNKNOWN": "unknown"}
_HOST_STATES = ("DOWN", "UNREACHABLE")
# The Event Console opens problems and never says that one is over.
_EVENT_SECONDS = 86_400
_UNRESOLVED = re.compile(r"\$[A-Z0-9_]+\$")


def parse(received: Received) -> Parsed:
    """Read one notification; what changes no state brings no alert."""
    payload = object_of(received.body, "the variables of a notification")
    given = {name.removeprefix(_PREFIX): _resolved(value) for name, value in payload.items()}
    kind = given.get("NOTIFICATIONTYPE", "").upper()
    if kind.split(" ")[0] in _SILENT:
        return Parsed()
    if kind not in _TYPES:
        raise Unreadable("NOTIFY_NOTIFICATIONTYPE must be one of Checkmk's types, such as PROBLEM.")
    try:
        return Parsed(_read(given, kind == "RECOVERY", received))
    except BadAlert as error:
        return Parsed(bad=[Bad(payload, str(error))])


def _resolved(value: Any) -> str:
    """A variable's value; nothing for a macro that the core left as it is written."""
    found = text(value)
    return "" if _UNRESOLVED.fullmatch(found) else found


def _read(given: Mapping[str, str], recovered: bool, received: Received) -> list[Normalised]:
    host, service, is_service = given.get("HOSTNAME", ""), given.get("SERVICEDESC", ""), given.get("WHAT") == "SERVICE"
    if not host or (is_service and not service):
        raise BadAlert("NOTIFY_HOSTNAME or NOTIFY_SERVICEDESC is missing.")
    what = "SERVICE" if is_service else "HOST"
    state = given.get(f"{what}STATE", "").upper()
    if not recovered and state not in (_SERVICE_STATES if is_service else _HOST_STATES):
        raise BadAlert(f"NOTIFY_{what}STATE is not a state that a {what.lower()} has a problem in.")
    labels = {
        "alertname": service if is_service else "Host down",
        "host": host,
        "type": what.lower(),
        "site": given.get("OMD_SITE"),
    }
    changed = given.get(f"LAST{what}STATECHANGE")

    def one(severity: str, resolved: bool) -> Normalised:
        return alert(
            {**labels, "severity": severity},
            _notes(given, what),
            resolved=resolved,
            now=received.now,
            url=_link(given, what),
            # The change that a recovery tells of is the end, and the start is not told any more.
            starts_at=None if resolved else changed,
            ends_at=changed,
        )

    if not is_service:
        return [one("critical", recovered)]
    if given.get("EC_ID") and not recovered:
        event = one(_SERVICE_STATES[state], False)
        event.expires = _EVENT_SECONDS
        return [event]
    # What fires first, so that nobody sees the service without any alert in between.
    order = sorted(_SERVICE_STATES, key=lambda each: each != state)
    return [one(_SERVICE_STATES[each], recovered or each != state) for each in order]


def _notes(given: Mapping[str, str], what: str) -> dict[str, str | None]:
    return {
        "summary": given.get(f"{what}OUTPUT"),
        "description": given.get(f"LONG{what}OUTPUT", "").replace("\\n", "\n"),
        "state": given.get(f"{what}STATE"),
        "perfdata": given.get(f"{what}PERFDATA"),
        "runbook_url": given.get(f"{what}NOTESURL"),
        "host_name": given.get("HOSTALIAS"),
        "address": given.get("HOSTADDRESS"),
        "host_groups": given.get("HOSTGROUPNAMES"),
        "contact_groups": given.get(f"{what}CONTACTGROUPNAMES"),
    }


def _link(given: Mapping[str, str], what: str) -> str:
    """The object's page; Checkmk only gives its path below the site, whose address is set at the rule."""
    base, path = given.get("STEWARD_SITE_URL", "").rstrip("/"), given.get(f"{what}URL", "")
    return f"{base.removesuffix('/check_mk')}{path}" if base and path.startswith("/") else ""
