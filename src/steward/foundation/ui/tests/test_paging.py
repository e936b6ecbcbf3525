"""Paging by key: every row once, in both directions, and no cursor that can hurt."""

import base64
import contextlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.auth.models import Group
from django.db.models import Case, CharField, F, IntegerField, Value, When
from django.db.models.functions import Length, Substr
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.ui.errors import BadCursor
from steward.foundation.ui.paging import decode_cursor, encode_cursor, paginate

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=40),
    st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))])),
    st.dates(),
    st.timedeltas(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.uuids(),
)


@given(st.lists(VALUES, max_size=4))
def test_a_cursor_gives_back_the_values(values):
    assert decode_cursor(encode_cursor(values)) == values


def test_a_cursor_keeps_types_apart():
    values = [date(2026, 11, 24), datetime(2026, 11, 24, tzinfo=UTC), Decimal("1.50"), UUID(int=7), "2026-11-24"]
    assert [type(value) for value in decode_cursor(encode_cursor(values))] == [type(value) for value in values]


def forged(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "%%%",
        "x",
        "é",
        "a" * 3000,
        forged({"a": 1}),
        forged("text"),
        forged([{"a": 1}]),
        forged([["t", "not a time"]]),
        forged([["t", "2026-11-24T00:00:00"]]),
        forged([["t", 5]]),
        forged([["z", "x"]]),
        forged([["n", "x"]]),
        forged([["u", "x"]]),
        forged([[]]),
        forged([["t", "a", "b"]]),
        forged(["nul\x00"]),
        forged([["s", "9" * 60]]),
        "W" * 1999,
    ],
)
def test_anything_else_is_a_bad_cursor(cursor):
    with pytest.raises(BadCursor) as caught:
        decode_cursor(cursor)
    assert caught.value.status == 400
    assert "first page" in caught.value.message


@given(st.text(max_size=60))
def test_no_text_makes_decoding_fail_in_another_way(text):
    with contextlib.suppress(BadCursor):
        assert isinstance(decode_cursor(text), list)


def test_an_object_cannot_be_an_order_value():
    with pytest.raises(TypeError, match="object"):
        encode_cursor([object()])


# Names in which first letters repeat, so that the second field of the order matters.
NAMES = [f"{letter}{number:02d}" for number in range(7) for letter in "cab"]


def names(order):
    return list(Group.objects.order_by(*order).values_list("name", flat=True))


@pytest.fixture
def groups(db):
    Group.objects.all().delete()
    Group.objects.bulk_create([Group(name=name) for name in NAMES])


def rows():
    return Group.objects.annotate(letter=Substr("name", 1, 1))


def walk(queryset, order, size, start=None, direction="after"):
    found, pages, params = [], 0, start or {}
    while True:
        page = paginate(queryset, request_params=params, order=order, size=size)
        pages += 1
        found = [*found, *page.items] if direction == "after" else [*page.items, *found]
        cursor = page.next_cursor if direction == "after" else page.previous_cursor
        if cursor is None:
            return [each.name for each in found], pages
        params = {direction: cursor}


ORDERS = [("id",), ("-id",), ("letter", "-id"), ("-letter", "id"), ("-letter", "-id"), ("letter", "name"), ("-name",)]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("size", [1, 4, 7, 21, 50])
def test_forwards_every_row_comes_once(groups, order, size):
    want = [each.name for each in rows().order_by(*order)]
    found, pages = walk(rows(), order, size)
    assert found == want
    assert pages == max(1, -(-len(want) // size))


@pytest.mark.parametrize("order", ORDERS)
def test_backwards_gives_the_same_rows(groups, order):
    want = [each.name for each in rows().order_by(*order)]
    last = rows().order_by(*order).last()
    plain = [name.removeprefix("-") for name in order]
    start = {"before": encode_cursor([getattr(last, name) for name in plain])}
    found, _pages = walk(rows(), order, 4, start, "before")
    assert [*found, last.name] == want


@pytest.mark.parametrize("order", [("rank", "id"), ("-rank", "id"), ("-rank", "-id"), ("rank", "-id")])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_nulls_in_the_order_lose_no_row(groups, order, size):
    ranked = Group.objects.annotate(
        rank=Case(
            When(name__startswith="a", then=Value(1)),
            When(name__startswith="b", then=Value(2)),
            default=None,
            output_field=IntegerField(null=True),
        )
    )
    want = [each.name for each in ranked.order_by(*order)]
    found, _pages = walk(ranked, order, size)
    assert found == want
    first = ranked.order_by(*order).first()
    last = ranked.order_by(*order).last()
    back, _pages = walk(ranked, order, size, {"before": encode_cursor([last.rank, last.pk])}, "before")
    assert [*back, last.name] == want
    assert back[0] == first.name


def test_rows_that_arrive_meanwhile_neither_repeat_nor_hide_others(groups):
    first = paginate(Group.objects.all(), request_params={}, order=("-id",), size=5)
    Group.objects.create(name="new")
    second = paginate(Group.objects.all(), request_params={"after": first.next_cursor}, order=("-id",), size=5)
    assert [each.name for each in [*first.items, *second.items]] == list(reversed(NAMES))[:10]


def test_there_and_back_again(groups):
    first = paginate(Group.objects.all(), request_params={}, order=("name",), size=5)
    second = paginate(Group.objects.all(), request_params={"after": first.next_cursor}, order=("name",), size=5)
    back = paginate(Group.objects.all(), request_params={"before": second.previous_cursor}, order=("name",), size=5)
    assert back.items == first.items
    assert (first.has_previous, first.has_next) == (False, True)
    assert (second.has_previous, second.has_next) == (True, True)
    assert (back.has_previous, back.has_next) == (False, True)


def test_an_empty_list_has_no_neighbours(groups):
    page = paginate(Group.objects.filter(name="nobody"), request_params={}, order=("id",))
    assert (page.items, page.has_next, page.has_previous) == ([], False, False)


def test_one_query_and_no_count(groups, django_assert_num_queries):
    start = paginate(rows(), request_params={}, order=("-name",), size=5)
    with django_assert_num_queries(1) as queries:
        paginate(rows(), request_params={"after": start.next_cursor}, order=("-name",), size=5)
    assert "COUNT(" not in queries.captured_queries[0]["sql"].upper()


def test_the_index_can_start_in_the_middle(groups):
    keys = Group.objects.all()
    page = paginate(keys, request_params={}, order=("-name", "-id"), size=5)
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as captured:
        paginate(keys, request_params={"after": page.next_cursor}, order=("-name", "-id"), size=5)
    assert '"auth_group"."name" <= ' in captured.captured_queries[0]["sql"]


def test_values_rows_can_be_paged(groups):
    queryset = Group.objects.values("id", "name")
    first = paginate(queryset, request_params={}, order=("name",), size=2)
    second = paginate(queryset, request_params={"after": first.next_cursor}, order=("name",), size=2)
    assert [row["name"] for row in [*first.items, *second.items]] == sorted(NAMES)[:4]


@pytest.mark.parametrize(
    ("order", "values"),
    [
        (("id",), ["text"]),
        (("id",), [None]),
        (("id",), [1, 2]),
        (("id",), []),
        (("id",), [float("nan")]),
        (("id",), [1.5]),
        (("name", "id"), [5, 1]),
        (("size", "id"), ["x", 1]),
        (("id",), [datetime(2026, 1, 1, tzinfo=UTC)]),
    ],
)
def test_a_cursor_from_elsewhere_is_refused_before_the_database(groups, order, values, django_assert_num_queries):
    queryset = Group.objects.annotate(size=Length("name"))
    with django_assert_num_queries(0), pytest.raises(BadCursor):
        paginate(queryset, request_params={"after": encode_cursor(values)}, order=order)


def test_a_number_beyond_the_column_is_harmless(groups):
    page = paginate(Group.objects.all(), request_params={"after": encode_cursor([10**30])}, order=("id",))
    assert page.items == []


def test_related_fields_can_order(groups):
    from django.contrib.auth.models import Permission

    want = list(Permission.objects.order_by("content_type__model", "id").values_list("id", flat=True))
    order, found, params = ("content_type__model", "id"), [], {}
    while True:
        page = paginate(Permission.objects.select_related("content_type"), request_params=params, order=order, size=17)
        found += [each.pk for each in page.items]
        if not page.has_next:
            break
        params = {"after": page.next_cursor}
    assert found == want


def test_an_expression_without_a_known_type_still_pages(groups):
    queryset = Group.objects.annotate(copy=F("name"), fixed=Value("x", output_field=CharField()))
    found, _pages = walk(queryset, ("fixed", "copy"), 5)
    assert found == sorted(NAMES)
