"""What each role may do: the whole table, on one page.

A permission is ``noun.verb``. External roles (customer, supplier) see only what is theirs; ``visible_to`` and row-level
security see to that, so a permission here means "of what they can see at all".
"""

from __future__ import annotations

from collections.abc import Mapping

_VIEW = (
    "people.view",
    "estate.view",
    "alerts.view",
    "sources.view",
    "routes.view",
    "incidents.view",
    "oncall.view",
    "silences.view",
    "maintenance.view",
)
_WORK = (
    "incidents.declare",
    "incidents.acknowledge",
    "incidents.resolve",
    "incidents.assign",
    "incidents.edit",
    "incidents.note",
)
_SUPPRESS = ("silences.manage", "maintenance.manage")
_MANAGE = (
    "estate.manage",
    "sources.manage",
    "routes.manage",
    "oncall.manage",
    "leave.manage",
    "oncall.pay",
    "views.share",
    *_SUPPRESS,
)
_ADMINISTER = ("people.manage", "apikeys.manage", "settings.view", "audit.view")

PERMISSIONS: Mapping[str, frozenset[str]] = {
    # role            permissions
    "administrator": frozenset((*_VIEW, *_WORK, *_MANAGE, *_ADMINISTER)),
    "lead": frozenset((*_VIEW, *_WORK, *_MANAGE, "audit.view")),
    "responder": frozenset((*_VIEW, *_WORK, "oncall.manage", *_SUPPRESS)),
    "agent": frozenset((*_VIEW, "incidents.declare", "incidents.note")),
    "viewer": frozenset(_VIEW),
    "auditor": frozenset((*_VIEW, "audit.view", "settings.view")),
    "customer": frozenset(),
    "supplier": frozenset(
        (
            "estate.view",
            "alerts.view",
            "incidents.view",
            "incidents.acknowledge",
            "incidents.note",
            "maintenance.view",
        )
    ),
}

ALL_PERMISSIONS = frozenset().union(*PERMISSIONS.values())


def permissions_of(role: str) -> frozenset[str]:
    """The role's permissions; an unknown role has none."""
    return PERMISSIONS.get(role, frozenset())
