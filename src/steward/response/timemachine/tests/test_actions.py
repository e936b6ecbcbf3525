"""Versions are kept, drafts written, merged and published, older versions made live again."""

from __future__ import annotations

from pathlib import Path

import pytest

from steward.foundation.errors import Forbidden
from steward.people.audit.models import AuditEntry
from steward.response.timemachine import actions, queries
from steward.response.timemachine.errors import (
    DraftChanged,
    DraftClosed,
    DraftInvalid,
    DraftNotFound,
    ImportInvalid,
    LiveChanged,
    NothingToPublish,
    VersionNotFound,
)
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.rules.document import every_route
from steward.response.timemachine.tests.factories import ADMIN, LATER, NOW, draft, make_live, pages, route, viewer
from steward.response.triage.models import InhibitionRule, Route, Settings, TimeInterval

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parent / "samples"


def live_names() -> list[str]:
    return [each["name"] for _depth, each in every_route(queries.live()["routes"])]


def publish(made: Draft, **more: object) -> ConfigurationVersion:
    return actions.publish_draft(actor=ADMIN, now=LATER, draft_id=made.pk, revision=made.revision, **more)  # type: ignore[arg-type]


def save(made: Draft, text: str) -> Draft:
    return actions.save_draft(actor=ADMIN, now=LATER, draft_id=made.pk, revision=made.revision, text=text)


def test_every_change_of_what_is_live_is_a_version() -> None:
    make_live(route("a"))
    make_live(route("a"), route("b"))
    make_live(route("a"), route("b"))  # nothing changed
    found = list(queries.versions(ADMIN))
    assert [(each.number, each.kind, each.author) for each in found] == [
        (2, "automatic", "test"),
        (1, "automatic", "test"),
    ]
    assert [(each.kind, each.name) for each in queries.changes_of(found[0])] == [("added", "b")]


def test_a_draft_begins_as_what_is_live_and_nobody_else_sees_it_as_live() -> None:
    make_live(route("a", group_wait=5))
    made = draft()
    read = queries.read(ADMIN, made.text)
    assert read.usable == queries.live()
    assert made.base.number == 1
    save(made, made.text.replace("name: a", "name: b"))
    assert live_names() == ["a"]


def test_publishing() -> None:
    pages("Desk")
    make_live(route("a"))
    kept = Route.objects.get(name="a").pk
    made = draft()
    text = """
        default: {name: Everything else, policy: Desk}
        routes:
          - name: b
            matchers: [team="web"]
            children: [{name: a, group_wait: 7s, mute_times: [nights]}]
        inhibitions: [{name: i, source_matchers: [a="1"], target_matchers: [b="1"], equal: [host]}]
        time_intervals: [{name: nights, spec: [{times: [{start_time: 22:00, end_time: 24:00}]}]}]
        flapping: {changes: 9}
        topology: {enabled: false, delay: 30s}
    """
    version = publish(save(made, text), comment="Night shift")

    assert (version.number, version.kind, version.comment) == (2, "published", "Night shift")
    a = Route.objects.get(name="a")
    assert (a.pk, a.parent.name, a.group_wait, a.mute_times, a.version) == (kept, "b", 7, ["nights"], 2)
    assert Route.objects.get(is_default=True).policy.name == "Desk"
    assert InhibitionRule.objects.get().equal == ["host"]
    assert TimeInterval.objects.get().name == "nights"
    settings = Settings.objects.get()
    assert (settings.flap_changes, settings.topology, settings.topology_delay) == (9, False, 30)
    assert version.document == queries.live()
    made.refresh_from_db()
    assert made.version == version
    trail = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"draft.create", "draft.publish", "route.update", "route.create", "inhibition.create"} <= trail
    with pytest.raises(DraftClosed):
        save(made, "routes: []")
    with pytest.raises(DraftClosed):
        actions.delete_draft(actor=ADMIN, now=LATER, draft_id=made.pk)


def test_a_route_keeps_its_children_when_another_goes() -> None:
    make_live(route("a", route("b", route("c"))))
    ids = dict(Route.objects.values_list("name", "pk"))
    make_live(route("c", route("b")))
    assert live_names() == ["c", "b"]
    found = dict(Route.objects.values_list("name", "pk"))
    assert (found["b"], found["c"]) == (ids["b"], ids["c"])
    assert "a" not in found


def test_only_what_changed_gets_a_new_version() -> None:
    make_live(route("a"), route("b"), route("c"), route("d"))
    make_live(route("new"), route("b"), route("a"), route("c", group_wait=1), route("d"))
    assert dict(Route.objects.filter(is_default=False).values_list("name", "version")) == {
        "new": 1, "a": 2, "b": 2, "c": 2, "d": 1,
    }  # fmt: skip
    assert live_names() == ["new", "b", "a", "c", "d"]


def test_a_draft_with_problems_is_kept_and_not_published() -> None:
    made = draft("routes:\n  - name: a\n    policy: Nobody\n  - name: a")
    with pytest.raises(DraftInvalid) as caught:
        publish(made)
    assert [line.partition(":")[0] for line in caught.value.fields["text"]] == ["Line 3", "Line 4"]
    assert [each["line"] for each in caught.value.extra["problems"]] == [3, 4]


def test_publishing_nothing() -> None:
    make_live(route("a"))
    with pytest.raises(NothingToPublish):
        publish(draft())


def test_live_moved_on() -> None:
    make_live(route("a"), route("b"))
    made = draft()
    made = save(made, made.text.replace("name: a", "name: a\n    group_wait: 9s"))
    make_live(route("a"), route("b", group_wait=8), route("c"))
    with pytest.raises(LiveChanged) as caught:
        publish(made)
    assert caught.value.extra["live"] == 2
    read = queries.read(ADMIN, made.text)
    assert read.usable is not None
    standing = queries.standing(made, read.usable)
    assert [(each.kind, each.name) for each in standing.live_moved] == [("changed", "b"), ("added", "c")]
    assert standing.merged is not None
    assert standing.merged.collisions == ()

    made, merged = actions.rebase_draft(actor=ADMIN, now=LATER, draft_id=made.pk)
    assert merged is not None
    assert made.base.number == 2
    publish(made)
    waits = dict(Route.objects.filter(is_default=False).values_list("name", "group_wait"))
    assert waits == {"a": 9, "b": 8, "c": 30}


def test_publishing_over_what_was_looked_at() -> None:
    make_live(route("a"))
    made = draft("routes: [{name: mine}]")
    make_live(route("a"), route("b"))
    with pytest.raises(LiveChanged):
        publish(made, overwrite=1)
    publish(made, overwrite=2)
    assert live_names() == ["mine"]


def test_live_that_moved_and_came_back_is_not_in_the_way() -> None:
    make_live(route("a"))
    made = draft("routes: [{name: mine}]")
    make_live(route("b"))
    make_live(route("a"))
    publish(made)
    assert live_names() == ["mine"]


def test_rolling_back_is_a_new_version() -> None:
    make_live(route("a"))
    make_live(route("b"))
    version = actions.roll_back(actor=ADMIN, now=LATER, number=1, comment="b pages the wrong people")
    assert (version.number, version.kind, version.restored.number) == (3, "rolled_back", 1)
    assert live_names() == ["a"]
    with pytest.raises(NothingToPublish):
        actions.roll_back(actor=ADMIN, now=LATER, number=1)
    with pytest.raises(VersionNotFound):
        actions.roll_back(actor=ADMIN, now=LATER, number=99)


def test_a_draft_from_an_older_version_compares_with_what_is_live() -> None:
    make_live(route("a"))
    make_live(route("b"))
    made = actions.create_draft(actor=ADMIN, now=LATER, name="Back", number=1)
    assert (made.base.number, made.origin) == (2, "version")
    publish(made)
    assert live_names() == ["a"]


def test_importing_and_filling_in_policies() -> None:
    pages("Payments")
    made = actions.import_draft(actor=ADMIN, now=NOW, name="Imported", text=(SAMPLES / "old_syntax.yml").read_text())
    assert made.origin == "alertmanager"
    assert {line["fate"] for line in made.report} == {"carried", "differs", "lost"}
    kept = repr(made.report) + repr(made.receivers) + made.text
    assert not [word for word in ("first", "second", "third", "fourth") if f"{word}-secret" in kept]
    with pytest.raises(DraftInvalid, match="problems"):
        publish(made)
    chosen = {each["name"]: "Payments" if "payments" in each["name"] else None for each in made.receivers}
    made = actions.assign_policies(actor=ADMIN, now=NOW, draft_id=made.pk, policies=chosen)
    publish(made)
    assert Route.objects.get(is_default=True).name == "Everything else"
    assert Route.objects.filter(policy__name="Payments").count() == 2
    assert Settings.objects.get().flap_changes == 0


def test_what_cannot_be_imported() -> None:
    with pytest.raises(ImportInvalid) as caught:
        actions.import_draft(actor=ADMIN, now=NOW, name="x", text="route: {receiver: a}")
    assert [each["line"] for each in caught.value.extra["problems"]] == [1]
    assert not Draft.objects.exists()


def test_two_people_write_one_draft() -> None:
    made = draft()
    save(made, "routes: [{name: first}]")
    with pytest.raises(DraftChanged):
        save(made, "routes: [{name: second}]")
    with pytest.raises(DraftChanged):
        publish(made)


def test_a_draft_is_thrown_away() -> None:
    made = draft()
    actions.delete_draft(actor=ADMIN, now=LATER, draft_id=made.pk)
    with pytest.raises(DraftNotFound):
        queries.draft_by_id(ADMIN, made.pk)


@pytest.mark.parametrize("values", [{"name": " "}, {"name": "x" * 121}, {"text": "x" * 500_001}])
def test_what_cannot_be_saved(values: dict[str, str]) -> None:
    made = draft()
    with pytest.raises(DraftInvalid):
        actions.save_draft(actor=ADMIN, now=LATER, draft_id=made.pk, revision=made.revision, **values)


def test_who_may() -> None:
    made, looks = draft(), viewer()
    assert list(queries.drafts(looks)) == [made]
    assert queries.versions(looks).count() == 1
    for act in (
        lambda: actions.create_draft(actor=looks, now=NOW, name="x"),
        lambda: actions.import_draft(actor=looks, now=NOW, name="x", text=""),
        lambda: actions.save_draft(actor=looks, now=NOW, draft_id=made.pk, revision=1, text=""),
        lambda: actions.assign_policies(actor=looks, now=NOW, draft_id=made.pk, policies={}),
        lambda: actions.rebase_draft(actor=looks, now=NOW, draft_id=made.pk),
        lambda: actions.publish_draft(actor=looks, now=NOW, draft_id=made.pk, revision=1),
        lambda: actions.delete_draft(actor=looks, now=NOW, draft_id=made.pk),
        lambda: actions.roll_back(actor=looks, now=NOW, number=1),
    ):
        with pytest.raises(Forbidden):
            act()
