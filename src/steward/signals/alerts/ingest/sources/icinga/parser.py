"""What ``files/steward-notify.py`` sends: the macros of one notification, by their names in Nagios Core 4 ("Standard
Macros in Nagios"); Icinga 2 ("Runtime Macros", 2.13 and later) fills the same names in.

A service has no severity of its own in either product, only its state, and that may get worse or better while the
problem lasts. So every bad state is an alert of its own, and whatever is said about a service ends its alerts of the
other states: of one service at most one alert fires, whichever notifications were never sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from steward.signals.alerts.ingest.sources.common import Bad, BadAlert, Normalised, Parsed, Received, Unreadable
from steward.signals.alerts.ingest.sources.reading import alert, object_of, text

_TYPES = ("PROBLEM", "RECOVERY")
# Said about a problem that stays as it is; CUSTOM is a message that somebody wrote.
_SILENT = (
    "ACKNOWLEDGEMENT", "FLAPPINGSTART", "FLAPPINGSTOP", "FLAPPINGEND", "FLAPPINGDISABLED", "DOWNTIMESTART",
    "DOWNTIMEEND", "DOWNTIMECANCELLED", "DOWNTIMEREMOVED", "CUSTOM",
)  # fmt: skip
_SERVICE_STATES = ("CRITICAL", "WARNING", "UNKNOWN")
_HOST_STATES = ("DOWN", "UNREACHABLE")
_LABEL = "LABEL_"
_NOTES = {
    "summary": "OUTPUT", "description": "LONGOUTPUT", "state": "STATE", "runbook_url": "NOTESURL", "action_url": "ACTIONURL",
    "attempt": "ATTEMPT", "perfdata": "PERFDATA",
}  # fmt: skip


def parse(received: Received) -> Parsed:
    """Read one notification; what changes no state brings no alert."""
    macros = object_of(received.body, "the macros of a notification")
    kind = text(macros.get("NOTIFICATIONTYPE")).upper()
    if kind.split(" ")[0] in _SILENT:
        return Parsed()
    if kind not in _TYPES:
        raise Unreadable("NOTIFICATIONTYPE must be one of Nagios' or Icinga's types, such as PROBLEM.")
    try:
        return Parsed(_read(macros, kind == "RECOVERY", received))
    except BadAlert as error:
        return Parsed(bad=[Bad(macros, str(error))])


def _read(macros: Mapping[str, Any], recovered: bool, received: Received) -> list[Normalised]:
    host, service = text(macros.get("HOSTNAME")), text(macros.get("SERVICEDESC"))
    if not host:
        raise BadAlert("HOSTNAME is missing.")
    prefix = "SERVICE" if service else "HOST"
    state = text(macros.get(f"{prefix}STATE")).upper()
    if not recovered and state not in (_SERVICE_STATES if service else _HOST_STATES):
        raise BadAlert(f"{prefix}STATE is not a state that {'a service' if service else 'a host'} has a problem in.")
    labels = {**_given(macros), "alertname": service or "Host down", "host": host, "type": prefix.lower()}
    about = {name: _object(macros, prefix, key) for name, key in _NOTES.items()}
    about.update(host_name=macros.get("HOSTDISPLAYNAME"), address=macros.get("HOSTADDRESS"))
    changed = macros.get(f"LAST{prefix}STATECHANGE")

    def one(severity: str, resolved: bool) -> Normalised:
        return alert(
            {**labels, "severity": severity},
            about,
            resolved=resolved,
            now=received.now,
            url=_link(macros, host, service),
            # The change that a recovery tells of is the end, and the start is not told any more.
            starts_at=None if resolved else changed,
            ends_at=changed,
        )

    if not service:
        return [one("critical", recovered)]
    # What fires first, so that nobody sees the service without any alert in between.
    order = sorted(_SERVICE_STATES, key=lambda each: each != state)
    return [one(each.lower(), recovered or each != state) for each in order]


def _object(macros: Mapping[str, Any], prefix: str, key: str) -> Any:
    """A macro of the host or service that this is about. Nagios puts LONG before the object's name."""
    if key.startswith("LONG"):
        return macros.get(f"LONG{prefix}{key.removeprefix('LONG')}")
    return macros.get(f"{prefix}{key}")


def _given(macros: Mapping[str, Any]) -> dict[str, Any]:
    """Labels that whoever set the command up adds."""
    return {name.removeprefix(_LABEL).lower(): value for name, value in macros.items() if name.startswith(_LABEL)}


def _link(macros: Mapping[str, Any], host: str, service: str) -> str:
    """The object's page in Icinga Web 2 (with Icinga DB) or in Nagios, if the address of either was given."""
    icinga, nagios = (text(macros.get(name)).rstrip("/") for name in ("ICINGAWEB2URL", "NAGIOSURL"))
    at_host, at_service = quote(host, safe=""), quote(service, safe="")
    if icinga:
        return f"{icinga}/icingadb/" + (
            f"service?name={at_service}&host.name={at_host}" if service else f"host?name={at_host}"
        )
    if nagios:
        return f"{nagios}/cgi-bin/extinfo.cgi?" + (
            f"type=2&host={at_host}&service={at_service}" if service else f"type=1&host={at_host}"
        )
    return ""
