"""Saved views of lists, and which of them people open first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: Actor) -> SavedViewQuerySet:
        """One's own, and what is shared in one's organisation."""
        if actor.kind == "system":
            return self
        if not actor.organisation_id:
            return self.none()
        shared = Q(shared=True, organisation_id=actor.organisation_id)
        return self.filter(shared | Q(owner_id=actor.user_id)) if actor.user_id else self.filter(shared)


class SavedView(models.Model):
    """Filters and order of a list under a name. ``list`` is the list's key, ``query`` the part of the address that says
    the rest, in its one form (``FilterSet.canonical``). A view made by a program has no owner and is always shared."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.CASCADE, related_name="saved_views", db_index=False
    )
    owner = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="saved_views", db_index=False)
    list = models.CharField(_("list"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    query = models.TextField(blank=True)
    shared = models.BooleanField(_("shared"), default=False)
    created_at = models.DateTimeField(_("created"))
    updated_at = models.DateTimeField(_("updated"))

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(shared=True) | Q(owner__isnull=False), name="view_private_has_owner"),
            models.UniqueConstraint(
                "owner", "list", Lower("name"), condition=Q(shared=False), name="one_private_view_name"
            ),
            models.UniqueConstraint(
                "organisation", "list", Lower("name"), condition=Q(shared=True), name="one_shared_view_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FirstView(models.Model):
    """The view that a person's list opens with."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="first_views", db_index=False)
    list = models.CharField(max_length=40)
    view = models.ForeignKey(SavedView, models.CASCADE, related_name="first_for")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "list"], name="one_first_view")]
