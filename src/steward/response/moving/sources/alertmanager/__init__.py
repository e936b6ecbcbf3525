"""Alertmanager: the receivers of an ``alertmanager.yml``. Each receiver with e-mail addresses becomes a policy that
notifies the people of these addresses. Routes are imported by shadow mode.

Format: https://prometheus.io/docs/alerting/latest/configuration/#receiver.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import getaddresses
from typing import Any

from django.utils.translation import gettext as _

from steward.response.moving.foreign import Act, Document, Foreign, Ladder, Person, rows

LABEL = "Alertmanager"


def read(document: Document) -> Foreign:
    """What the configuration says."""
    found = Foreign()
    people: dict[str, Person] = {}
    for receiver in rows(document, "receivers"):
        addresses = _addresses(receiver)
        for address in addresses:
            people.setdefault(address, Person(address, address.partition("@")[0], address))
        name = str(receiver.get("name", ""))
        for key in receiver:
            if key.endswith("_configs") and key != "email_configs":
                found.cannot(
                    "receiver",
                    name,
                    _("“%(key)s” goes to a service, not to a person: set its channel up here.") % {"key": key},
                )
        if addresses:
            acts = [*(Act("notify_user", address) for address in addresses), Act("wait", minutes=15)]
            found.ladders.append(Ladder(name, name, tuple(acts)))
    found.people = list(people.values())
    return found


def _addresses(receiver: Mapping[str, Any]) -> list[str]:
    given = [str(each.get("to", "")) for each in receiver.get("email_configs") or () if isinstance(each, dict)]
    return list(dict.fromkeys(address.lower() for _name, address in getaddresses(given) if "@" in address))
