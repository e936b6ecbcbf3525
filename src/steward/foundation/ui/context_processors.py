"""What every template may use of the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from steward.foundation.ui import navigation

if TYPE_CHECKING:
    from steward.foundation.actors import Actor

THEME_COOKIE = "steward_theme"


def actor_of(request: HttpRequest) -> Actor | None:
    """The signed-in actor of a request; nobody where no middleware has set one."""
    actor = getattr(request, "actor", None)
    return cast("Actor", actor) if actor is not None and actor.is_authenticated else None


def shell(request: HttpRequest) -> dict[str, Any]:
    """Navigation, the reader and Steward's health; lazy, so that fragments for htmx pay for none of it."""
    actor = actor_of(request)
    groups = SimpleLazyObject(lambda: navigation.groups_for(actor) if actor else [])
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "actor": actor,
        "nav_groups": groups,
        "phone_tabs": SimpleLazyObject(lambda: navigation.phone_tabs(groups)),  # type: ignore[arg-type]
        "current_nav": SimpleLazyObject(lambda: _current(request, actor)),
        "user_menu": SimpleLazyObject(lambda: navigation.menu_for(actor) if actor else []),
        "health": SimpleLazyObject(lambda: navigation.health_for(actor) if actor else None),
        "presence": SimpleLazyObject(lambda: navigation.presence_for(actor) if actor else None),
        "search_url": SimpleLazyObject(navigation.search_url),
        "theme": theme if theme in ("light", "dark") else "",
    }


def _current(request: HttpRequest, actor: Actor | None) -> str:
    if actor is None:
        return ""
    namespace = request.resolver_match.namespace if request.resolver_match else ""
    candidates = [(item.key, url, item.url_name) for item, url in navigation.entries_for(actor)]
    return navigation.current_key(request.path, namespace, candidates)
