"""Every write of saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.database.locks import lock_in_transaction
from steward.foundation.errors import Forbidden
from steward.foundation.language import listed
from steward.foundation.subjects import SubjectRef
from steward.foundation.ui import lists
from steward.people.accounts import queries as accounts
from steward.people.audit import actions as audit
from steward.people.views import queries
from steward.people.views.errors import BadView, NameTaken, TooManyViews, ViewNotFound
from steward.people.views.models import FirstView, SavedView

MOST_PRIVATE, MOST_SHARED = 30, 30
LONGEST_NAME = 60
LONGEST_QUERY = 2_000
FIELDS = ("name", "query", "shared")


@transaction.atomic
def create_view(
    *, actor: Actor, now: datetime, list_key: str, name: str, query: str, shared: bool = False, first: bool = False
) -> SavedView:
    """Keep a list's filters and order under a name; with ``first`` the person's list opens with it from now on."""
    page = _page(actor, list_key)
    organisation_id = _organisation(actor)
    if not shared and actor.user_id is None:
        raise BadView(_("A program keeps no views of its own; share it."), fields={"shared": [_("Only shared ones.")]})
    if shared:
        actor.require("views.share")
    view = SavedView(
        organisation_id=organisation_id, owner_id=actor.user_id, list=page.key, name=_name(name),
        query=_query(page, query), shared=shared, created_at=now, updated_at=now,
    )  # fmt: skip
    _lock_names(view)
    _check_place(view)
    view.save(force_insert=True)
    _record(actor, now, "view.create", view, {}, _shown(view))
    if first:
        set_first_view(actor=actor, now=now, list_key=page.key, view_id=view.pk)
    return view


@transaction.atomic
def update_view(
    *, actor: Actor, now: datetime, view_id: int, name: str | None = None, query: str | None = None,
    shared: bool | None = None,
) -> SavedView:  # fmt: skip
    """Rename, replace, share or take back; what is None stays."""
    view = _locked(actor, view_id)
    before = _shown(view)
    if name is not None:
        view.name = _name(name)
    if query is not None:
        view.query = _query(_page(actor, view.list), query)
    if shared is not None:
        _check_sharing(actor, view, shared)
        view.shared = shared
    if _shown(view) == before:
        return view
    _lock_names(view)
    _check_place(view)
    view.updated_at = now
    view.save(update_fields=[*FIELDS, "updated_at"])
    if before["shared"] and not view.shared:
        # Nobody else sees it any more, so nobody else's list can open with it.
        FirstView.objects.filter(view=view).exclude(user_id=view.owner_id or 0).delete()
    _record(actor, now, "view.update", view, before, _shown(view))
    return view


@transaction.atomic
def delete_view(*, actor: Actor, now: datetime, view_id: int) -> SavedView:
    """Remove a view; lists that opened with it open as they are."""
    view = _locked(actor, view_id)
    key = view.pk
    view.delete()
    view.pk = key
    _record(actor, now, "view.delete", view, _shown(view), {})
    return view


@transaction.atomic
def set_first_view(*, actor: Actor, now: datetime, list_key: str, view_id: int | None) -> None:
    """Have the person's list open with this view, or with none."""
    if actor.user_id is None:
        raise Forbidden(_("Only a person's list can open with a view."))
    page = _page(actor, list_key)
    view = queries.view_by_id(actor, view_id) if view_id is not None else None
    if view is not None and view.list != page.key:
        raise BadView(_("That view belongs to another list."), fields={"view_id": [_("Of another list.")]})
    present = FirstView.objects.select_for_update().filter(user_id=actor.user_id, list=page.key).first()
    if (present.view_id if present else None) == (view.pk if view else None):
        return
    if view is None:
        FirstView.objects.filter(user_id=actor.user_id, list=page.key).delete()
    else:
        FirstView.objects.bulk_create(
            [FirstView(user_id=actor.user_id, list=page.key, view=view)],
            update_conflicts=True, unique_fields=["user", "list"], update_fields=["view"],
        )  # fmt: skip
    audit.record(
        actor=actor, now=now, action="view.first", subject=SubjectRef("user", actor.user_id),
        subject_label=actor.label, before={"view": present.view_id if present else None},
        after={"list": page.key, "view": view.pk if view else None},
    )  # fmt: skip


def _page(actor: Actor, key: str) -> lists.ListPage:
    page = lists.by_key(key)
    if page is None:
        known = listed(each.key for each in lists.lists())
        raise BadView(_("There is no such list."), fields={"list": [_("Lists are: %(names)s") % {"names": known}]})
    if page.permission:
        actor.require(page.permission)
    return page


def _organisation(actor: Actor) -> int:
    """The actor's own; Steward itself acts for the home organisation."""
    home = accounts.home_organisation() if actor.kind == "system" else None
    found = home.pk if home else actor.organisation_id
    if not found:
        raise Forbidden(_("Views belong to the people of an organisation."))
    return found


def _name(text: str) -> str:
    name = " ".join(text.replace("\0", "").split())
    if not name or len(name) > LONGEST_NAME:
        problem = _("Write a name of at most %(n)s characters.") % {"n": LONGEST_NAME}
        raise BadView(problem, fields={"name": [problem]})
    return name


def _query(page: lists.ListPage, text: str) -> str:
    """The list's part of an address in its one form; what the list does not know is an error, not a surprise later."""
    if len(text) > LONGEST_QUERY:
        problem = _("These filters are too long to be kept.")
        raise BadView(problem, fields={"query": [problem]})
    try:
        data = QueryDict(text.lstrip("?"))
    except ValueError as error:
        raise BadView(_("These filters cannot be read."), fields={"query": [str(error)]}) from error
    unknown = sorted(set(data) - set(page.filters.parameters()))
    if unknown:
        problem = _("The list knows no %(unknown)s. It knows: %(known)s") % {
            "unknown": listed(unknown)[:80], "known": listed(page.filters.parameters()),
        }  # fmt: skip
        raise BadView(problem, fields={"query": [problem]})
    return page.filters.canonical(data)


def _check_sharing(actor: Actor, view: SavedView, shared: bool) -> None:
    if shared == view.shared:
        return
    actor.require("views.share")
    if not shared and view.owner_id is None:
        problem = _("A program made this view, so nobody could see it if it were not shared. Delete it instead.")
        raise BadView(problem, fields={"shared": [problem]})


def _lock_names(view: SavedView) -> None:
    """Names and numbers of views are checked one after the other, so that neither limit can be passed by two at once."""
    lock_in_transaction(f"views {view.organisation_id} {view.list}")


def _check_place(view: SavedView) -> None:
    others = SavedView.objects.filter(list=view.list, shared=view.shared).exclude(pk=view.pk)
    if view.shared:
        others, most = others.filter(organisation_id=view.organisation_id), MOST_SHARED
    else:
        others, most = others.filter(owner_id=view.owner_id), MOST_PRIVATE
    if others.filter(name__iexact=view.name).exists():
        problem = _("There is a view with this name already.")
        raise NameTaken(problem, fields={"name": [problem]})
    if others.count() >= most:
        raise TooManyViews(_("There are %(n)s views of this list already. Delete one first.") % {"n": most})


def _locked(actor: Actor, view_id: int) -> SavedView:
    seen = queries.views(actor).filter(pk=view_id).exists()
    view = SavedView.objects.select_for_update().filter(pk=view_id).first() if seen else None
    if view is None:
        raise ViewNotFound(_("There is no such view, or it is not yours to see."))
    if view.shared:
        # Others rely on it.
        actor.require("views.share")
    return view


def _shown(view: SavedView) -> dict[str, Any]:
    return {"list": view.list, **{name: getattr(view, name) for name in FIELDS}}


def _record(
    actor: Actor, now: datetime, action: str, view: SavedView, before: dict[str, Any], after: dict[str, Any]
) -> None:
    audit.record(
        actor=actor, now=now, action=action, subject=SubjectRef("view", view.pk), subject_label=view.name,
        before=before, after=after,
    )  # fmt: skip
