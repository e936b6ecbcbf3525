"""Organisations, people, teams and API keys."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from steward.foundation.actors import Actor


class OrganisationKind(models.TextChoices):
    HOME = "home", _("home")
    CUSTOMER = "customer", _("customer")
    SUPPLIER = "supplier", _("supplier")


class Role(models.TextChoices):
    ADMINISTRATOR = "administrator", _("administrator")
    LEAD = "lead", _("lead")
    RESPONDER = "responder", _("responder")
    AGENT = "agent", _("agent")
    VIEWER = "viewer", _("viewer")
    AUDITOR = "auditor", _("auditor")
    CUSTOMER = "customer", _("customer")
    SUPPLIER = "supplier", _("supplier")


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, actor: Actor) -> OrganisationQuerySet:
        if not actor.can("people.view"):
            return self.filter(pk=actor.organisation_id) if actor.organisation_id else self.none()
        return self


class Organisation(models.Model):
    kind = models.CharField(_("kind"), max_length=16, choices=OrganisationKind, default=OrganisationKind.HOME)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, actor: Actor) -> UserQuerySet:
        if actor.can("people.view"):
            return self
        if actor.organisation_id and actor.is_external:
            return self.filter(organisation_id=actor.organisation_id)
        return self.filter(pk=actor.user_id) if actor.user_id else self.none()

    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username)

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, actor: Actor) -> UserQuerySet:
        return self.get_queryset().visible_to(actor)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()


class User(AbstractBaseUser):
    """A person. One role; what the role may do is the table in ``permissions.py``."""

    username = models.CharField(_("user name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="users", verbose_name=_("organisation"))
    role = models.CharField(_("role"), max_length=16, choices=Role, default=Role.VIEWER)
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    # Empty: as the browser says, and in messages the installation's.
    language = models.CharField(_("language"), max_length=16, default="", blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(Lower("username"), name="one_username")]

    def __str__(self) -> str:
        return self.name or self.username


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, actor: Actor) -> TeamQuerySet:
        if actor.can("people.view"):
            return self
        return self.filter(organisation_id=actor.organisation_id or 0) if actor.is_external else self.none()


class Team(models.Model):
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="teams", verbose_name=_("organisation"))
    name = models.CharField(_("name"), max_length=120, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    description = models.TextField(_("description"), blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="teams")

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    leads = models.BooleanField(_("leads the team"), default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership")]


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, actor: Actor) -> ApiKeyQuerySet:
        return self if actor.can("apikeys.manage") else self.none()

    def usable(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at__isnull=True).filter(
            models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now)
        )


class ApiKey(models.Model):
    """A key for programs. Only its SHA-256 is kept (the key itself has 256 random bits, so no slow hash is needed)."""

    name = models.CharField(_("name"), max_length=120)
    prefix = models.CharField(_("prefix"), max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(_("role"), max_length=16, choices=Role)
    scopes = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="api_keys")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200, blank=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name


class SignInAttempt(models.Model):
    """Failed sign-ins, for throttling by name and by address. The next failure or the night purges yesterday's."""

    at = models.DateTimeField()
    username = models.CharField(max_length=80)
    address = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["username", "at"], name="attempt_username"),
            models.Index(fields=["address", "at"], name="attempt_address"),
            models.Index(fields=["at"], name="attempt_at"),
        ]
