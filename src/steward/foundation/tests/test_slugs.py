"""Short names from names in any script."""

from __future__ import annotations

import pytest
from django.apps import apps

from steward.foundation.slugs import free_slug

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("taken", "name", "slug"),
    [
        ([], "Network Operations", "network-operations"),
        ([], "网络组", "team"),
        (["team"], "网络组", "team-2"),
        (["net", "net-2", "net-4"], "Net!", "net-3"),
        (["network"], "Net", "net"),
        ([], "x" * 200, "x" * 70),
        ([], "-_-", "team"),
    ],
)
def test_a_free_short_name(taken, name, slug):
    organisations = apps.get_model("accounts", "Organisation")._default_manager
    for each in taken:
        organisations.create(slug=each, name=each, kind="customer")
    assert free_slug(organisations.all(), name, "team") == slug
