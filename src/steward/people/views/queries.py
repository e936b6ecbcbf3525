"""Reads of saved views."""

from __future__ import annotations

from django.db.models import BooleanField, Exists, OuterRef, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.ui import lists
from steward.people.views.errors import ViewNotFound
from steward.people.views.models import FirstView, SavedView, SavedViewQuerySet


def views(actor: Actor) -> SavedViewQuerySet:
    """What this actor may see, of lists that they may open."""
    open_lists = [page.key for page in lists.lists() if page.open_to(actor)]
    return SavedView.objects.visible_to(actor).filter(list__in=open_lists)


def views_of(actor: Actor, list_key: str) -> list[SavedView]:
    """The views of one list by name, each with ``is_first``: does the list open with it? (One query.)"""
    first = Exists(FirstView.objects.filter(user_id=actor.user_id or 0, view=OuterRef("pk")))
    found = views(actor).filter(list=list_key).select_related("owner")
    is_first = first if actor.user_id else Value(False, output_field=BooleanField())
    return list(found.annotate(is_first=is_first).order_by(Lower("name"), "pk"))


def view_by_id(actor: Actor, view_id: int) -> SavedView:
    found = views(actor).select_related("owner").filter(pk=view_id).first()
    if found is None:
        raise ViewNotFound(_("There is no such view, or it is not yours to see."))
    return found


def may_change(actor: Actor, view: SavedView) -> bool:
    """One that the actor sees: their own private one, or a shared one, on which others rely, if they may share."""
    return not view.shared or actor.can("views.share")
