"""``among`` finds what ``in`` finds."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType

pytestmark = pytest.mark.django_db


def test_keys_of_rows_and_of_what_they_refer_to() -> None:
    kinds = sorted(ContentType.objects.values_list("pk", flat=True))[:3]
    assert len(kinds) == 3
    assert set(ContentType.objects.filter(pk__among=kinds)) == set(ContentType.objects.filter(pk__in=kinds))
    for given in (kinds, set(kinds), dict.fromkeys(kinds)):
        found = Permission.objects.filter(content_type_id__among=given)
        assert found.count() == Permission.objects.filter(content_type__in=kinds).count() > 0
    assert Permission.objects.filter(content_type__among=kinds[:1]).exists()
    rest = Permission.objects.exclude(content_type__among=kinds)
    assert rest.count() + found.count() == Permission.objects.count()


def test_no_keys_find_nothing() -> None:
    assert not ContentType.objects.filter(pk__among=[]).exists()


def test_what_is_no_whole_number_is_an_error() -> None:
    with pytest.raises(ValueError):
        ContentType.objects.filter(pk__among=["1}'; DROP TABLE alerts_alert; --"]).exists()
