"""Guards, toasts and exports."""

import asyncio
import csv
import json

import pytest
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.test import RequestFactory

from steward.foundation.actors import ANONYMOUS, Actor
from steward.foundation.errors import Conflict
from steward.foundation.ui import views

ACTOR = Actor(kind="user", label="App engineer", permissions=frozenset({"incidents.view"}))


@pytest.fixture(autouse=True)
def bare(settings, registry):
    settings.ROOT_URLCONF = "steward.foundation.ui.tests.urls_for_tests"
    settings.LOGIN_URL = "login"


def request(path="/incidents/?state=open", actor=ACTOR, method="get", **headers):
    made = getattr(RequestFactory(), method)(path, headers=headers)
    made.session = SessionStore()
    if actor is not None:
        made.actor = actor
    return made


def hello(request, name="you"):
    return HttpResponse(f"hello {name}")


def test_a_signed_in_actor_sees_the_page():
    assert views.page()(hello)(request(), name="me").content == b"hello me"


@pytest.mark.parametrize("actor", [None, ANONYMOUS])
def test_others_are_sent_to_sign_in_and_back(actor):
    response = views.page()(hello)(request(actor=actor))
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/incidents/%3Fstate%3Dopen")


def test_a_post_without_a_session_does_not_come_back_as_a_get():
    response = views.page()(hello)(request(actor=None, method="post"))
    assert response["Location"] == "/sign-in?next=/"


def test_a_fragment_sends_the_whole_window_to_sign_in():
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/incidents/7/?x=1"}
    response = views.page()(hello)(request("/fragment", None, **headers))
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/sign-in?next=/incidents/7/%3Fx%3D1"


def test_a_missing_permission_is_named():
    response = views.page("audit.view")(hello)(request())
    assert response.status_code == 403
    assert b"audit.view" in response.content


def test_a_missing_permission_is_a_toast_for_htmx():
    response = views.page("audit.view")(hello)(request(**{"HX-Request": "true"}))
    assert response.status_code == 403
    assert "audit.view" in json.loads(response["HX-Trigger"])["toast"]["text"]


def test_the_permission_lets_in():
    assert views.page("incidents.view")(hello)(request()).status_code == 200


def test_an_error_says_what_to_do():
    response = views.error_response(request(), Conflict("INC-1 was <already> resolved. Reload the page."))
    assert response.status_code == 409
    assert b"INC-1 was &lt;already&gt; resolved. Reload the page." in response.content


def test_an_error_is_a_toast_for_htmx_and_swaps_nothing():
    response = views.error_response(request(**{"HX-Request": "true"}), Conflict("Reload."))
    assert (response.status_code, response["HX-Reswap"]) == (409, "none")
    assert json.loads(response["HX-Trigger"]) == {"toast": {"text": "Reload.", "kind": "error"}}


@pytest.mark.parametrize(
    ("referrer", "want"),
    [
        ("http://testserver/alerts/?a=1", 'href="http://testserver/alerts/?a=1"'),
        ("http://evil.example/", 'href="/"'),
        ("http://testserver/incidents/", 'href="/"'),
    ],
)
def test_the_way_back_stays_on_this_site(referrer, want):
    response = views.error_response(request(Referer=referrer), Conflict("x"))
    assert want in response.content.decode()
    assert "evil" not in response.content.decode()


def test_a_toast_joins_other_triggers_in_any_language():
    response = HttpResponse()
    response["HX-Trigger"] = "refresh, closeModal"
    views.htmx_toast(response, "确认 – done", "warning")
    views.htmx_toast(response, "确认", "success")
    assert response["HX-Trigger"].isascii()
    assert json.loads(response["HX-Trigger"]) == {
        "refresh": None,
        "closeModal": None,
        "toast": {"text": "确认", "kind": "success"},
    }


def test_an_unknown_kind_of_toast_is_a_mistake():
    with pytest.raises(ValueError, match="loud"):
        views.htmx_toast(HttpResponse(), "x", "loud")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＠"])
def test_formulas_are_text(start):
    assert views.csv_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize(("value", "want"), [(None, ""), (-5, -5), (1.5, 1.5), (True, True), ("a=b", "a=b"), ("", "")])
def test_other_cells_stay(value, want):
    assert views.csv_cell(value) == want


def test_a_cell_is_one_cell_for_every_spreadsheet():
    row = ("a;=cmd()", 'say "x"', "plain", "two\nlines", None, 5)
    response = views.export_csv("x.csv", ["id"], [row])
    _header, line = b"".join(response.streaming_content).decode().split("\r\n", 1)
    assert line == '"a;=cmd()","say ""x""",plain,"two\nlines",,5\r\n'
    assert next(csv.reader([line])) == ["a;=cmd()", 'say "x"', "plain", "two\nlines", "", "5"]


def test_an_export_is_a_utf8_file_in_pieces():
    taken = []

    def rows():
        for number in range(1200):
            taken.append(number)
            yield (number, f"=name {number}", "汉")

    response = views.export_csv("Störung 1.csv", ["id", "name", "x"], rows())
    stream = iter(response.streaming_content)
    assert next(stream) == b"\xef\xbb\xbfid,name,x\r\n"
    assert taken == []
    first = next(stream).decode()
    assert first.splitlines()[0] == "0,'=name 0,汉"
    assert len(taken) == 500
    assert len((first + b"".join(stream).decode()).splitlines()) == 1200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == "attachment; filename*=utf-8''St%C3%B6rung%201.csv"


def test_an_asgi_server_gets_the_pieces_too():
    asgi = ASGIRequest({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}, None)
    response = views.export_csv("x.csv", ["id"], ((number,) for number in range(1001)), request=asgi)

    async def collect():
        return [chunk async for chunk in response.streaming_content]

    chunks = asyncio.run(collect())
    assert response.is_async
    assert len(chunks) == 4
    assert b"".join(chunks).count(b"\r\n") == 1002
