"""Dates in the order that each language wants, and no page that writes one past the catalogue."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

import steward
from steward.foundation.language import listed
from steward.foundation.moments import FORMS, written

MOMENT = datetime(2026, 3, 7, 9, 5, tzinfo=UTC)
KNOWN = {str(form) for form in FORMS}
# Digits alone mean the same in every language.
NEUTRAL = {"H:i", "H:i:s", "Y-m-d H:i:s", "U"}
FILTER = re.compile(r'\|(date|moment):"([^"]+)"')
CALL = re.compile(r"""\b(?:written|date_format|Moment)\(.*?["']([A-Za-z ,:-]+)["']\)""")


@pytest.mark.parametrize(
    ("form", "english", "chinese"),
    [
        ("D j M H:i", "Sat 7 Mar 09:05", "3月7日 周六 09:05"),
        ("j F Y, H:i", "7 March 2026, 09:05", "2026年3月7日 09:05"),
        ("l j F, H:i", "Saturday 7 March, 09:05", "3月7日 星期六 09:05"),
        ("D j M Y", "Sat 7 Mar 2026", "2026年3月7日 周六"),
    ],
)
def test_each_language_orders_a_date_its_own_way(form: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert written(MOMENT, form) == english
    with translation.override("zh-hans"):
        assert written(MOMENT, form) == chinese


def test_days_without_a_time() -> None:
    with translation.override("zh-hans"):
        assert written(date(2026, 3, 7), "j M") == "3/7"


def test_the_filter_writes_in_the_readers_zone() -> None:
    template = Template('{% load ui %}{{ at|moment:"D j M H:i" }}{{ none|moment:"j M" }}')
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        assert template.render(Context({"at": MOMENT, "none": None})) == "3月7日 周六 17:05"


def test_every_date_on_a_page_has_a_form_that_is_translated() -> None:
    root, calls = Path(steward.__file__).parent, 0
    for path in root.rglob("templates/**/*.*"):
        for name, form in FILTER.findall(path.read_text(encoding="utf-8")):
            assert form in (KNOWN if name == "moment" else NEUTRAL), f"{path}: {name}:{form!r}"
    for path in root.rglob("*.py"):
        if "tests" not in path.parts and path.name != "moments.py":
            found = CALL.findall(path.read_text(encoding="utf-8"))
            calls += len(found)
            assert set(found) <= KNOWN | NEUTRAL, path
    assert calls > 5, "the expression that looks for calls finds none any more"


def test_words_of_a_list_stand_as_the_language_wants() -> None:
    with translation.override("en"):
        assert listed(["a", "b"]) == "a, b"
    with translation.override("zh-hans"):
        assert listed(["a", "b"]) == "a、b"
