"""What the shell shows: an entry appears because its room registered it, never because the shell knows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor

Text = str | Promise
Badge = Callable[["Actor"], "int | None"]

GROUPS: tuple[tuple[str, Text], ...] = (
    ("operate", _("Operate")),
    ("serve", _("Serve")),
    ("understand", _("Understand")),
    ("estate", _("Estate")),
    ("administer", _("Administer")),
)
# `g` and then this letter opens the entry; an entry may bring its own letter.
SHORTCUTS = {"home": "h", "now": "h", "incidents": "i", "alerts": "a", "oncall": "o", "on-call": "o", "services": "s"}
PHONE_TABS = 4


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the rail."""

    key: str
    label: Text
    url_name: str
    icon: str
    group: str = "operate"
    position: int = 100
    permission: str | None = None
    badge: Badge | None = None
    phone: bool = False
    shortcut: str = ""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One entry of the user menu; `post` renders a button in a form (sign-out must not be a link)."""

    key: str
    label: Text
    url_name: str
    icon: str
    position: int = 100
    permission: str | None = None
    post: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Steward's own health as the top bar shows it; `code` is a status code such as healthy or degraded."""

    code: str
    text: Text
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A navigation entry as the template draws it."""

    key: str
    label: Text
    url: str
    icon: str
    badge: int | None = None
    shortcut: str = ""
    phone: bool = False
    post: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A titled group of entries."""

    key: str
    label: Text
    entries: list[Entry] = field(default_factory=list)


HealthSource = Callable[["Actor"], "Health | None"]
PresenceSource = Callable[["Actor"], "Text | None"]


@dataclass(slots=True)
class _Registry:
    items: dict[str, NavItem] = field(default_factory=dict)
    menu: dict[str, MenuItem] = field(default_factory=dict)
    health: HealthSource | None = None
    presence: PresenceSource | None = None
    search_url_name: str = ""


_registry = _Registry()


def register(item: NavItem) -> None:
    """Add an entry to the rail; the same key again replaces the entry, so reloading is harmless."""
    if item.group.lower() not in dict(GROUPS):
        raise ValueError(f"Navigation entry {item.key!r} names the unknown group {item.group!r}.")
    _registry.items[item.key] = item


def register_menu(item: MenuItem) -> None:
    """Add an entry to the user menu in the top bar."""
    _registry.menu[item.key] = item


def register_health(source: HealthSource) -> None:
    """Say where the top bar gets Steward's own health from."""
    _registry.health = source


def register_presence(source: PresenceSource) -> None:
    """Say what stands under the reader's name in the rail, such as "On call until 09:00"."""
    _registry.presence = source


def register_search(url_name: str) -> None:
    """Say which page answers the search box; without it the box is not shown."""
    _registry.search_url_name = url_name


def items() -> list[NavItem]:
    """Every registered entry, in the order of the rail."""
    order = {key: place for place, (key, _label) in enumerate(GROUPS)}
    return sorted(_registry.items.values(), key=lambda item: (order[item.group.lower()], item.position, item.key))


def entries_for(actor: Actor) -> list[tuple[NavItem, str]]:
    """The entries this actor may open, with their addresses; an entry whose page does not exist is left out."""
    found = []
    for item in items():
        if item.permission and not actor.can(item.permission):
            continue
        url = resolve(item.url_name)
        if url:
            found.append((item, url))
    return found


def groups_for(actor: Actor) -> list[Group]:
    """The rail for this actor: groups in their fixed order, empty groups left out."""
    groups = {key: Group(key, label) for key, label in GROUPS}
    for item, url in entries_for(actor):
        groups[item.group.lower()].entries.append(
            Entry(
                key=item.key,
                label=item.label,
                url=url,
                icon=item.icon,
                badge=(item.badge(actor) or None) if item.badge else None,
                shortcut=item.shortcut or SHORTCUTS.get(item.key, ""),
                phone=item.phone,
            )
        )
    return [group for group in groups.values() if group.entries]


def menu_for(actor: Actor) -> list[Entry]:
    """The user menu for this actor."""
    found = []
    for item in sorted(_registry.menu.values(), key=lambda each: (each.position, each.key)):
        url = resolve(item.url_name)
        if url and (not item.permission or actor.can(item.permission)):
            found.append(Entry(key=item.key, label=item.label, url=url, icon=item.icon, post=item.post))
    return found


def phone_tabs(groups: Sequence[Group]) -> list[Entry]:
    """The first few entries marked for the phone's tab bar; the rest is behind "More"."""
    return [entry for group in groups for entry in group.entries if entry.phone][:PHONE_TABS]


def current_key(path: str, namespace: str, candidates: Sequence[tuple[str, str, str]]) -> str:
    """Which of `(key, url, url_name)` is the open page: the longest address above `path`, else its room's only entry."""
    best, length = "", 0
    for key, url, _name in candidates:
        exact = path == url
        # "/" is above every page, so it counts only for itself.
        inside = len(url) > 1 and path.startswith(url.rstrip("/") + "/")
        if (exact or inside) and len(url) > length:
            best, length = key, len(url)
    if best or not namespace:
        return best
    # A room with several entries would light up one that the page does not belong to; "/" counts only for itself.
    of_room = [key for key, url, name in candidates if name.rpartition(":")[0] == namespace and url != "/"]
    return of_room[0] if len(of_room) == 1 else ""


def health_for(actor: Actor) -> Health | None:
    """Steward's own health, if somebody reports it."""
    return _registry.health(actor) if _registry.health else None


def presence_for(actor: Actor) -> Text | None:
    """The line under the reader's name."""
    return _registry.presence(actor) if _registry.presence else None


def search_url() -> str:
    """The address of the search page, or nothing."""
    return resolve(_registry.search_url_name) if _registry.search_url_name else ""


def resolve(url_name: str) -> str:
    """The address of a named page, or nothing while the room that owns it is not mounted."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
