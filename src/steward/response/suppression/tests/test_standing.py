"""What holds an alert now: equal to trying everything, and never out of date."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from steward.algorithms.matching import Matcher, matches_all
from steward.estate.configuration.models import Relation
from steward.estate.configuration.tests.factories import ItemFactory, ServiceFactory
from steward.foundation.database.rowsecurity import limited_to
from steward.response.suppression import actions, queries
from steward.response.suppression.recurring import Recurrence, Span, run_of
from steward.response.suppression.rules import SilenceSpec, WindowSpec, book, restrains
from steward.response.suppression.scope import Graph, reach
from steward.response.suppression.tests.factories import HOUR, NOW, lead, silence, window
from steward.signals.alerts.tests.factories import source


@pytest.fixture(autouse=True)
def fresh() -> None:
    queries.forget()


def held(now: datetime = NOW, *, service: int | None = None, item: int | None = None, of: int | None = None,
         **labels: str) -> list[tuple[str, int]]:  # fmt: skip
    found = queries.standing(now).verdicts(labels, service, item, of)
    assert all(each.why and each.label and each.version for each in found)
    return [(each.kind, each.id) for each in found]


@pytest.mark.django_db
def test_a_silence_holds_from_its_start_until_its_end() -> None:
    made = silence(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    assert held(NOW, job="node") == []
    assert held(NOW + HOUR, job="node") == [("silence", made.pk)]
    assert held(NOW + HOUR, job="other") == []
    assert held(NOW + 2 * HOUR, job="node") == []
    assert held(NOW + HOUR, job="node") == [("silence", made.pk)], "an earlier moment is answered for that moment"


@pytest.mark.django_db
def test_an_edit_and_an_end_count_at_once() -> None:
    made = silence()
    assert held(job="node")
    actions.expire_silence(actor=lead(), now=NOW, silence_id=made.pk)
    assert not held(job="node")


@pytest.mark.django_db
def test_maintenance_comes_before_silences_and_says_why() -> None:
    service = ServiceFactory.create()
    planned, made = window(service_ids=[service.pk]), silence()
    first, second = queries.standing(NOW).verdicts({"job": "node"}, service.pk, None)
    assert (first.kind, first.id, first.label, first.until) == ("maintenance", planned.pk, "New firmware", NOW + HOUR)
    assert (second.kind, second.id, second.until) == ("silence", made.pk, NOW + HOUR)
    assert "New firmware" in first.why and "Disk is being replaced" in second.why and 'job="node"' in second.why


@pytest.mark.django_db
def test_a_window_covers_dependants_as_the_estate_is_now() -> None:
    db, shop, other = ServiceFactory.create(), ServiceFactory.create(), ServiceFactory.create()
    host = ItemFactory.create(service=db)
    relation = Relation.objects.create(kind="depends_on", source_service=shop, target_service=db)
    made = window(service_ids=[db.pk], dependants=True)
    expected = [("maintenance", made.pk)]
    assert held(service=db.pk) == held(service=shop.pk) == held(item=host.pk) == expected
    assert held(service=other.pk) == held() == []
    relation.delete()
    queries.forget()  # or five seconds later
    assert held(service=shop.pk) == []


@pytest.mark.django_db
def test_matchers_narrow_a_window() -> None:
    service = ServiceFactory.create()
    window(service_ids=[service.pk], matchers='{severity="warning"}')
    assert held(service=service.pk, severity="warning")
    assert not held(service=service.pk, severity="critical")


@pytest.mark.django_db
def test_a_silence_of_a_source_holds_no_other_sources_alerts() -> None:
    one, other = source(), source()
    silence(source_id=one.pk)
    assert held(of=one.pk, job="node")
    assert not held(of=other.pk, job="node") and not held(job="node")


@pytest.mark.django_db
def test_nothing_changed_costs_one_query() -> None:
    for number in range(20):
        silence(f'{{job="{number}"}}')
    window(service_ids=[ServiceFactory.create().pk])
    held(job="1")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert held(job="1")
    assert len(asked) == 1


@pytest.mark.django_db
def test_a_suppliers_session_neither_sees_nor_spoils_what_is_remembered() -> None:
    made = silence()
    with limited_to(12345):
        assert held(job="node") == []
    assert held(job="node") == [("silence", made.pk)]


names = st.sampled_from(["job", "env", "team"])
values = st.sampled_from(["a", "b", "ab", ""])
matchers = st.lists(
    st.builds(Matcher, names, st.sampled_from(["=", "!=", "=~", "!~"]), st.sampled_from(["a", "b", "a|b", "a.*", ""])),
    min_size=1, max_size=3,
).map(tuple)  # fmt: skip
plain = st.builds(
    lambda start, length: Span(NOW + start * HOUR, NOW + (start + length) * HOUR), st.integers(-5, 5), st.integers(1, 8)
)
recurring = st.builds(
    lambda rule, zone: Span(NOW - timedelta(days=40), None, Recurrence(rule, 6 * HOUR, zone)),
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=DAILY;COUNT=30"]),
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]),
)
spans = st.one_of(plain, recurring)
ids = st.one_of(st.none(), st.integers(1, 3))
nodes = st.tuples(st.sampled_from(["service", "item"]), st.integers(1, 4))
labels = st.dictionaries(names, values, max_size=3)


@given(
    given=st.lists(st.tuples(matchers, spans, ids), max_size=8),
    planned=st.lists(st.tuples(st.lists(nodes, min_size=1, max_size=2), spans, st.booleans()), max_size=4),
    relations=st.lists(st.tuples(nodes, nodes), max_size=6),
    asked=labels, service=ids, item=ids, of=ids, hours=st.integers(-30, 30),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_evaluation_equals_trying_everything(given, planned, relations, asked, service, item, of, hours) -> None:  # type: ignore[no-untyped-def]
    numbers, now = count(1), NOW + hours * HOUR
    silences = [SilenceSpec(next(numbers), 1, m, span, owner) for m, span, owner in given if restrains(m)]
    windows = [WindowSpec(next(numbers), 1, "x", span, tuple(c), d) for c, span, d in planned]
    graph = Graph({1: [2]}, {t: [(s, "runs_on") for s, to in relations if to == t] for _s, t in relations})

    def holds(span: Span) -> bool:
        run = run_of(span, now)
        return run is not None and run.holds(now)

    mine = {("service", service), ("item", item)}
    expected = [w.id for w in windows if holds(w.span) and mine & set(reach(graph, w.chosen, dependants=w.dependants))]
    expected += [
        s.id for s in silences
        if holds(s.span) and matches_all(s.matchers, asked) and (s.source_id is None or s.source_id == of)
    ]  # fmt: skip
    found = book(silences, windows, graph, now)
    assert [each.spec.id for each in found.holding(asked, service, item, of)] == expected
    if found.valid_until is not None:
        assert found.valid_until > now
