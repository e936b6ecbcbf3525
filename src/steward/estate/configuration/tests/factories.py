"""Services and items for tests."""

from __future__ import annotations

import factory

from steward.estate.configuration.models import ConfigurationItem, Service
from steward.people.accounts.tests.factories import ENGINE, NOW, OrganisationFactory, TeamFactory, UserFactory, actor

__all__ = [
    "ENGINE",
    "NOW",
    "ItemFactory",
    "OrganisationFactory",
    "ServiceFactory",
    "TeamFactory",
    "UserFactory",
    "actor",
]


class ServiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Service

    name = factory.Sequence(lambda n: f"Service {n}")
    slug = factory.Sequence(lambda n: f"service-{n}")


class ItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ConfigurationItem

    type = "host"
    name = factory.Sequence(lambda n: f"host-{n}")
    environment = "production"
