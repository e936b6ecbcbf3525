"""The pages as people use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from steward.foundation.testing.pages import check_anonymous, check_permission, check_queries, signed_in
from steward.response.timemachine import actions
from steward.response.timemachine.models import ConfigurationVersion, Draft
from steward.response.timemachine.tests.factories import ADMIN, LATER, NOW, draft, make_live, pages, route
from steward.response.triage.models import Route

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parent / "samples"
LIST = "/time-machine/"


def text_of(response: Any) -> str:
    return str(response.content.decode())


def page_of(made: Draft, what: str = "draft") -> str:
    return reverse(f"timemachine:{what}", args=[made.pk])


def test_doors() -> None:
    make_live(route("a"))
    made = draft()
    for url in (LIST, "/time-machine/versions/1/", "/time-machine/compare", page_of(made)):
        check_anonymous(url)
        check_permission(url, "routes.view")
    for name in ("draft-save", "draft-policies", "draft-rebase", "draft-publish"):
        check_permission(page_of(made, name), "routes.manage", method="post")
    check_permission("/time-machine/drafts/new", "routes.manage")
    check_permission("/time-machine/versions/1/roll-back", "routes.manage", method="post")


def test_the_empty_list_teaches() -> None:
    text = text_of(signed_in().get(LIST))
    assert "No version yet" in text and "No draft is being written" in text


def test_the_list_says_what_each_version_changed() -> None:
    make_live(route("Web"))
    make_live(route("Web", group_wait=5), route("Mail"))
    draft(name="Night shift")
    for number in range(10):
        make_live(route(f"Web {number}"))
    text = text_of(check_queries(signed_in("viewer"), LIST))
    assert "route “Web” changed" in text and "route “Mail” added" in text
    assert "Night shift" in text and "live has moved on" in text
    assert "New draft" not in text


def test_the_csv_has_every_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("steward.response.timemachine.pages.EXPORTED_AT_ONCE", 2)
    for number in range(5):
        make_live(route(f"Route {number}"))
    made = list(ConfigurationVersion.objects.order_by("-number").values_list("number", flat=True))
    response = signed_in().get(reverse("timemachine:export"))
    lines = b"".join(response.streaming_content).decode().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in lines] == made and len(made) >= 5
    assert "Route 4" in lines[0]


def test_a_version_shows_its_yaml_and_comes_back() -> None:
    make_live(route("Web", group_wait=90))
    make_live(route("Mail"))
    browser = signed_in()
    text = text_of(check_queries(browser, "/time-machine/versions/1/"))
    assert "group_wait: 1m30s" in text and "Roll back to this" in text
    assert "Roll back to this" not in text_of(browser.get("/time-machine/versions/2/"))
    response = browser.post("/time-machine/versions/1/roll-back", {"comment": "Mail was wrong"}, follow=True)
    assert "Version 3" in text_of(response) and "Mail was wrong" in text_of(response)
    assert Route.objects.filter(name="Web").exists()


def test_any_two_are_compared() -> None:
    for name in ("a", "b", "c"):
        make_live(route(name))
    browser = signed_in()
    text = text_of(browser.get("/time-machine/compare?left=1&right=3"))
    assert "From version 1 to version 3" in text and "route “c”" in text and "route “b”" not in text
    assert "The two are the same" in text_of(browser.get("/time-machine/compare?left=2&right=2"))
    assert browser.get("/time-machine/compare?left=x&right=2").status_code == 422
    assert browser.get("/time-machine/compare?left=1&right=77").status_code == 404


def test_a_draft_is_begun_written_and_published() -> None:
    make_live(route("Web"))
    browser = signed_in()
    response = browser.post("/time-machine/drafts/new", {"name": "Calmer", "origin": "live"}, follow=True)
    made = Draft.objects.get()
    assert "there is nothing to publish" in text_of(response)

    wrong = {"revision": made.revision, "name": "Calmer", "text": "routes:\n  - name: Web\n    policy: Nobody\n"}
    text = text_of(browser.post(page_of(made, "draft-save"), wrong, follow=True))
    assert "line 3" in text and "<code>    policy: Nobody</code>" in text and "There is no escalation policy" in text
    assert "Mend what is wrong first" in text

    right = {"revision": 2, "name": "Calmer", "text": made.text.replace("name: Web", "name: Web\n    group_wait: 2m")}
    text = text_of(browser.post(page_of(made, "draft-save"), right, follow=True))
    assert '<ins class="tm-after">2m</ins>' in text
    check_queries(browser, page_of(made))
    text = text_of(browser.post(page_of(made, "draft-publish"), {"revision": 3, "comment": "Fewer"}, follow=True))
    assert "Published: version 2 is live" in text and "“Fewer”" in text
    assert Route.objects.get(name="Web").group_wait == 120
    assert "published as version 2" in text_of(browser.get(page_of(made)))


def test_what_was_written_stays_when_somebody_else_saved() -> None:
    made = draft()
    actions.save_draft(actor=ADMIN, now=LATER, draft_id=made.pk, revision=1, text="routes: [{name: theirs}]")
    mine = {"revision": 1, "name": "x", "text": "routes: [{name: mine}]"}
    response = signed_in().post(page_of(made, "draft-save"), mine)
    assert response.status_code == 422
    assert "name: mine" in text_of(response) and "Somebody else saved this draft" in text_of(response)
    made.refresh_from_db()
    assert "theirs" in made.text


def test_an_imported_file_is_filled_in_with_its_report() -> None:
    pages("Payments")
    browser = signed_in()
    text = (SAMPLES / "old_syntax.yml").read_bytes()
    file = SimpleUploadedFile("alertmanager.yml", text)
    data = {"name": "Imported", "origin": "alertmanager", "file": file}
    shown = text_of(browser.post("/time-machine/drafts/new", data, follow=True))
    made = Draft.objects.get()
    assert "What became of the file" in shown and "not carried over" in shown
    assert "Receivers → escalation policies" in shown and "decide later" in shown
    check_queries(browser, page_of(made))
    chosen = {f"receiver-r{n}": "Payments" if n == 0 else "-" for n in range(len(made.receivers))}
    shown = text_of(browser.post(page_of(made, "draft-policies"), chosen, follow=True))
    assert "Receivers → escalation policies" not in shown
    made.refresh_from_db()
    assert "policy: Payments" in made.text


def test_a_file_that_cannot_be_imported_says_where() -> None:
    browser = signed_in()
    data = {"name": "x", "origin": "alertmanager", "text": "route:\n  receiver: nobody\n"}
    response = browser.post("/time-machine/drafts/new", data)
    assert response.status_code == 422 and "line 2" in text_of(response)
    response = browser.post("/time-machine/drafts/new", {"name": "x", "origin": "alertmanager"})
    assert "Choose a file, or paste" in text_of(response)
    response = browser.post("/time-machine/drafts/new", {"name": "x", "origin": "version"})
    assert "Say which version" in text_of(response)
    data = {"name": "x", "origin": "alertmanager", "file": SimpleUploadedFile("a.yml", b"\xff\xfe\x00")}
    assert "not text in UTF-8" in text_of(browser.post("/time-machine/drafts/new", data))
    assert not Draft.objects.exists()


def test_live_that_moved_on_is_taken_over_entry_by_entry() -> None:
    make_live(route("a", group_wait=1))
    made = draft("routes: [{name: a, group_wait: 2s}]")
    make_live(route("a", group_wait=3), route("b"))
    browser = signed_in()
    text = text_of(check_queries(browser, page_of(made)))
    assert "has moved on" in text and "group_wait: live it became 3s, in the draft 2s" in text
    text = text_of(browser.post(page_of(made, "draft-publish"), {"revision": made.revision}))
    assert "moved on to version 2" in text
    text = text_of(browser.post(page_of(made, "draft-rebase"), follow=True))
    assert "The draft kept its own where both had changed the same: route “a”" in text
    assert "has moved on" not in text
    made.refresh_from_db()
    assert "name: b" in made.text and made.base.number == 2


def test_a_draft_is_thrown_away() -> None:
    made = draft(name="Gone soon")
    text = text_of(signed_in().post(page_of(made, "draft-delete"), follow=True))
    assert "The draft is gone" in text and not Draft.objects.exists()


def test_a_viewer_reads_a_draft() -> None:
    made = draft()
    text = text_of(signed_in("viewer").get(page_of(made)))
    assert "disabled" in text and "Save" not in text and "Publish" not in text


def test_who_made_what_is_escaped() -> None:
    make_live(route("<script>alert(1)</script>"))
    ConfigurationVersion.objects.update(comment="<b>bold</b>")
    made = draft("routes: [{name: '</script><script>alert(2)</script>', policy: no}]")
    for url in (LIST, "/time-machine/versions/1/", page_of(made)):
        text = text_of(signed_in().get(url))
        assert "<script>alert" not in text and "<b>bold" not in text
    assert NOW < LATER
