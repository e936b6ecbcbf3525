"""People, teams, organisations and actors for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory

from steward.foundation.actors import Actor, system
from steward.people.accounts.models import Organisation, OrganisationKind, Role, Team, User
from steward.people.accounts.queries import actor_for_user

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
ENGINE = system("engine")
PASSWORD = "copper lantern over the harbour"
EXTERNAL_ROLES = {Role.CUSTOMER, Role.SUPPLIER}


class OrganisationFactory(factory.django.DjangoModelFactory):
    """By default the one home organisation."""

    class Meta:
        model = Organisation
        django_get_or_create = ("slug",)

    kind = OrganisationKind.HOME
    slug = factory.LazyAttribute(lambda made: str(made.kind))
    name = factory.LazyAttribute(lambda made: made.slug.replace("-", " ").title())


class UserFactory(factory.django.DjangoModelFactory):
    """A person of the home organisation, or of a customer or supplier if the role is theirs. Without ``password``
    nobody signs in as them by name; tests of pages use ``Client.force_login``."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda made: f"{made.username}@example.org")
    role = Role.RESPONDER
    organisation = factory.LazyAttribute(
        lambda made: OrganisationFactory(kind=made.role if made.role in EXTERNAL_ROLES else OrganisationKind.HOME)
    )

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: Any) -> None:
        if extracted:
            self.set_password(extracted)
            self.save(update_fields=["password"])


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Team {n}")
    slug = factory.Sequence(lambda n: f"team-{n}")
    organisation = factory.SubFactory(OrganisationFactory)

    @factory.post_generation
    def members(self, create: bool, extracted: list[User] | None, **_: Any) -> None:
        for user in extracted or ():
            self.memberships.create(user=user)


def actor(role: str = Role.ADMINISTRATOR, **fields: Any) -> Actor:
    """A new person of this role, as the actor they are when signed in."""
    return actor_for_user(UserFactory(role=role, **fields))
