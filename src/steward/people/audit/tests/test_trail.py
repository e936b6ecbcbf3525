"""The audit trail: only the owner of the database can rewrite it, and readers find what they look for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, transaction
from django.urls import reverse

from steward.foundation.subjects import SubjectRef
from steward.foundation.testing.pages import (
    check_anonymous,
    check_hidden_outside,
    check_permission,
    check_queries,
    signed_in,
)
from steward.people.accounts.tests.factories import ENGINE, NOW
from steward.people.audit import actions
from steward.people.audit.models import AuditEntry
from steward.people.audit.trail import kind_word

pytestmark = pytest.mark.django_db
LIST = "/audit/"


def entry(action: str = "team.update", subject: str = "Network", key: int = 1, minutes: int = 0, **values):
    actions.record(
        actor=ENGINE, now=NOW + timedelta(minutes=minutes), action=action, subject=SubjectRef("team", key),
        subject_label=subject, **values,
    )  # fmt: skip
    return AuditEntry.objects.latest("id")


def shown(query: str = "") -> list[str]:
    response = signed_in("auditor").get(LIST + query)
    assert response.status_code == 200
    return [row[0].subject_label for row in response.context["rows"]]


def test_only_what_differs_is_kept():
    made = entry(before={"name": "Net", "tier": 1}, after={"name": "Network", "tier": 1})
    assert (made.before, made.after) == ({"name": "Net"}, {"name": "Network"})


@pytest.mark.parametrize("change", [lambda rows: rows.update(action="x"), lambda rows: rows.delete()])
def test_entries_cannot_be_changed_or_deleted(change):
    entry()
    with pytest.raises(DatabaseError, match="cannot be changed or deleted"), transaction.atomic():
        change(AuditEntry.objects.all())
    assert AuditEntry.objects.get().action == "team.update"


def test_doors():
    entry()
    for name in ("audit:list", "audit:export"):
        check_anonymous(reverse(name))
        check_permission(reverse(name), "audit.view")
    check_hidden_outside(LIST, ["Network"])


def test_the_list_is_newest_first_with_before_and_after():
    entry(subject="Old", minutes=0)
    entry(subject="New", minutes=1, before={"name": "<i>Net</i>"}, after={"name": "Net"})
    response = check_queries(signed_in("auditor"), LIST)
    text = response.content.decode()
    assert text.index("New") < text.index("Old")
    assert '<del class="text-3">&lt;i&gt;Net&lt;/i&gt;</del>' in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?action=team", ["B", "A"]),
        ("?action=user.", ["C"]),
        ("?subject=team:2", ["B"]),
        ("?subject=b", ["B"]),
        ("?actor=engine", ["C", "B", "A"]),
        ("?actor=user:1", []),
        ("?since=2026-03-03", ["C"]),
        ("?until=2026-03-02", ["B", "A"]),
        ("?since=2026-03-02&until=2026-03-03", ["C", "B", "A"]),
        ("?since=yesterday", ["C", "B", "A"]),
        ("?since=0001-01-01", ["C", "B", "A"]),
        ("?subject=team:99999999999999999999", []),
    ],
)
def test_filters(query, found):
    entry(subject="A", key=1)
    entry(subject="B", key=2, minutes=1)
    entry("user.create", subject="C", key=3, minutes=24 * 60)
    assert shown(query) == found


def test_days_are_the_readers():
    entry(subject="A", minutes=11 * 60 + 30)  # 23:30 in UTC, the next day in Berlin
    client = signed_in("auditor")
    get_user_model().objects.update(time_zone="Europe/Berlin")
    assert not client.get(LIST + "?until=2026-03-02").context["rows"]
    assert client.get(LIST + "?since=2026-03-03").context["rows"]


def test_paging_shows_every_entry_once():
    for number in range(120):
        entry(subject=f"n{number}", minutes=number // 3)
    client, query, seen = signed_in("auditor"), "", []
    while True:
        page = client.get(LIST + query).context["page"]
        seen += [row.subject_label for row in page.items]
        if not page.has_next:
            break
        query = f"?after={page.next_cursor}"
    assert len(seen) == len(set(seen)) == 120


def test_export_is_narrowed_and_runs_no_formulas():
    entry(subject="=cmd()", before={"name": "a"}, after={"name": "b"})
    entry("user.create", subject="other")
    response = signed_in("auditor").get("/audit/export.csv?action=team")
    text = b"".join(response.streaming_content).decode()
    assert "'=cmd()" in text and "other" not in text and '""name"": ""a""' in text
    assert response["Content-Disposition"] == 'attachment; filename="audit.csv"'


def test_kinds_stand_in_the_readers_language_and_unknown_ones_by_their_code():
    entry()
    text = signed_in("auditor").get(LIST, headers={"Accept-Language": "zh-CN"}).content.decode()
    assert "<small>团队</small>" in text and "<small>Steward" in text
    assert kind_word("comet") == "comet"
