"""The tags write what the look expects, and escape what people wrote."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from steward.foundation import clock
from steward.foundation.ui import spans, statuses

NOW = datetime(2026, 11, 24, 3, 12, tzinfo=UTC)
EVIL = '<img src=x onerror="alert(1)">'


def draw(source, **context):
    return Template("{% load ui %}" + source).render(Context(context)).strip()


@pytest.fixture(autouse=True)
def still(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def test_an_icon_comes_from_the_sprite():
    assert re.search(r'icons\.svg\?v=\w+#bell"', draw('{% icon "bell" %}'))
    assert 'aria-hidden="true"' in draw('{% icon "bell" %}')


def test_an_unknown_icon_is_drawn_neutrally(caplog):
    assert "#circle-dashed" in draw('{% icon "no-such-icon" %}')
    assert "no-such-icon" in caplog.text


@pytest.mark.parametrize(
    ("code", "tone"),
    [
        ("firing", "down"), ("resolved", "ok"), ("open", "down"), ("acknowledged", "info"), ("closed", "unknown"),
        ("healthy", "ok"), ("degraded", "degraded"), ("down", "down"), ("unknown", "unknown"),
        ("maintenance", "maintenance"), ("nobody", "down"), ("reachable", "ok"), ("pending", "info"), ("sent", "ok"),
        ("failed", "down"), ("SEV1", "down"), ("SEV2", "high"), ("SEV3", "degraded"), ("SEV4", "unknown"),
    ],
)  # fmt: skip
def test_every_status_has_a_tone_and_a_word(code, tone):
    html = draw("{% status code %}", code=code)
    assert f'class="st st-{tone}"' in html
    assert f">{code}<" in html


def test_a_status_can_carry_its_own_words():
    assert draw('{% status "degraded" "52 min left" %}') == '<span class="st st-degraded">52 min left</span>'


def test_a_status_is_found_on_a_record():
    assert "st-info" in draw("{% status record %}", record=SimpleNamespace(state="acknowledged"))
    assert "st-ok" in draw("{% status record %}", record=SimpleNamespace(status="sent", state="open"))


def test_a_status_nobody_knows_is_shown_as_it_is():
    assert draw("{% status code %}", code="on_hold") == '<span class="st st-unknown">on hold</span>'
    assert "<img" not in draw("{% status code %}", code=EVIL)


def test_rooms_add_their_own_words(monkeypatch):
    monkeypatch.setattr(statuses, "_statuses", dict(statuses._statuses))
    statuses.register("Rolling-Back", "degraded", "rolling back")
    assert "st-degraded" in draw("{% status code %}", code="rolling-back")
    with pytest.raises(ValueError, match="pink"):
        statuses.register("x", "pink", "x")


@pytest.mark.parametrize(
    ("delta", "long", "short"),
    [
        (timedelta(seconds=20), "just now", "now"),
        (timedelta(minutes=8), "8 min ago", "8 min"),
        (timedelta(minutes=72), "1 h 12 min ago", "1 h 12 min"),
        (timedelta(hours=9, minutes=5), "9 h ago", "9 h"),
        (timedelta(hours=30), "1 d 6 h ago", "1 d 6 h"),
        (timedelta(days=12, hours=3), "12 d ago", "12 d"),
        (timedelta(minutes=-52), "in 52 min", "52 min"),
    ],
)
def test_times_are_relative(delta, long, short):
    assert spans.relative_words(NOW - delta, NOW) == long
    assert spans.relative_words(NOW - delta, NOW, short=True) == short


def test_the_absolute_time_is_in_the_readers_zone():
    with timezone.override("Asia/Shanghai"):
        html = draw("{% ago moment %}", moment=NOW - timedelta(minutes=8))
    assert 'datetime="2026-11-24T03:04:00+00:00"' in html
    assert "24 November 2026, 11:04 Asia/Shanghai" in html
    assert ">8 min ago<" in html


def test_no_time_is_a_dash():
    assert "—" in draw("{% ago moment %}", moment=None)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (0, "0 s"), (38, "38 s"), (60, "1 min"), (250, "4 min 10 s"), (2460, "41 min"), (3600, "1 h"), (4320, "1 h 12 min"),
        (timedelta(days=3, hours=4), "3 d 4 h"), (timedelta(days=9, hours=4), "9 d"), (-38, "38 s"), (None, "—"),
    ],
)  # fmt: skip
def test_durations_are_words(value, want):
    assert draw("{% duration value %}", value=value) == want


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("App engineer", "AE"),
        ("cher", "CH"),
        ("王小明", "王"),
        ("a.b@example.org", "AO"),
        ("", "—"),
        ("—", "—"),
        (None, "—"),
        ("Zoë van Dam", "ZD"),
    ],
)
def test_initials(name, want):
    assert f">{want}<" in draw("{% avatar name %}", name=name)


def test_an_avatar_keeps_its_colour_and_nobody_has_none():
    assert draw('{% avatar "App engineer" %}') == draw('{% avatar "App engineer" %}')
    assert draw('{{ "App engineer"|avatar_colour }}') in draw('{% avatar "App engineer" %}')
    assert "av-none" in draw('{% avatar "" %}')


def test_labels_are_sorted_escaped_and_limited():
    html = draw("{% labels pairs 2 %}", pairs={"b": "2", "a": EVIL, "c": "3"})
    assert "<img" not in html
    assert html.index(">a<") < html.index(">b<") < html.index("1 more") < html.index(">c<")
    assert "more" not in draw("{% labels pairs %}", pairs={"a": "1"})
    assert draw("{% labels pairs %}", pairs=None) == '<span class="lbs"></span>'


def test_the_reason_is_escaped_and_may_be_linked():
    assert draw("{% why text %}", text="a < b") == '<div class="why">a &lt; b</div>'
    assert 'href="/routes/1/"' in draw('{% why "route" "/routes/1/" %}')
    assert draw("{% why text %}", text="") == ""


def test_query_with_replaces_removes_and_unpages():
    request = RequestFactory().get("/x?q=a%20b&state=open&after=abc")
    assert draw("{% query_with state='new' %}", request=request) == "?q=a+b&amp;state=new"
    assert draw("{% query_with q='' %}", request=request) == "?state=open"
    assert draw("{% query_with after='def' before='' %}", request=request) == "?q=a+b&amp;state=open&amp;after=def"


@pytest.mark.parametrize(
    ("percent", "want"), [(82.4, "w-pct-82"), (-5, "w-pct-0"), (250, "w-pct-100"), (None, "w-pct-0")]
)
def test_a_bar_is_filled_by_a_class(percent, want):
    html = draw("{% bar percent %}", percent=percent)
    assert want in html
    assert "style" not in html
