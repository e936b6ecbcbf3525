"""Sentences survive being stored and are read in another language."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.utils import translation
from django.utils.translation import trans_real

from steward.foundation.sentences import Moment, Sentence, joined, keep, ngettext, once, packed, read, told
from steward.foundation.sentences import gettext as _

CHINESE = {
    "Paging %(name)s": "正在呼叫 %(name)s",
    "acknowledged": "已确认",
    "ended: %(why)s": "结束：%(why)s",
    "bad %(name)s": "坏 %(nom)s",
}


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    held = trans_real.translation("zh-hans")._catalog
    for message, text in CHINESE.items():
        monkeypatch.setitem(held._catalogs[0], message, text)
    monkeypatch.setitem(held._catalogs[0], ("%(n)s alert ended", 0), "%(n)s 个告警结束")


def stored(text: str) -> Any:
    """What comes back from a JSON column."""
    return json.loads(json.dumps(packed(text=text)))


def chinese(text: str) -> str:
    with translation.override("zh-hans"):
        return read(stored(text), "text", "lost")


def test_a_sentence_is_a_string_in_the_language_of_its_making() -> None:
    text = _("Paging %(name)s") % {"name": "Ann"}
    assert text == "Paging Ann" and isinstance(text, str) and len(text) == 10
    assert orjson.loads(orjson.dumps({"text": text})) == {"text": "Paging Ann"}
    for same in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert isinstance(same, Sentence) and same == text and same.packed() == text.packed()


@pytest.mark.parametrize(
    ("text", "english", "translated"),
    [
        (_("acknowledged"), "acknowledged", "已确认"),
        (_("Paging %(name)s") % {"name": "Ann"}, "Paging Ann", "正在呼叫 Ann"),
        (_("ended: %(why)s") % {"why": _("acknowledged")}, "ended: acknowledged", "结束：已确认"),
        (ngettext("%(n)s alert ended", "%(n)s alerts ended", 2) % {"n": 2}, "2 alerts ended", "2 个告警结束"),
        (ngettext("%(n)s alert ended", "%(n)s alerts ended", 1) % {"n": 1}, "1 alert ended", "1 个告警结束"),
        (joined(_("acknowledged"), "", "by Ann"), "acknowledged · by Ann", "已确认 · by Ann"),
        (_("100 % sure"), "100 % sure", "100 % sure"),
        (_("bad %(name)s") % {"name": "x"}, "bad x", "bad x"),
    ],
)  # fmt: skip
def test_what_is_stored_is_said_again(text: str, english: str, translated: str) -> None:
    assert text == english
    assert read(stored(text), "text", "lost") == english
    assert chinese(text) == translated


def test_a_moment_is_said_in_its_zone_and_the_readers_language() -> None:
    until = Moment(datetime(2026, 3, 2, 8, tzinfo=UTC), "Europe/Berlin", "D H:i")
    text = _("ended: %(why)s") % {"why": until}
    assert text == "ended: Mon 09:00 Europe/Berlin"
    with translation.override("zh-hans"):
        assert read(stored(text), "text", "lost").endswith("09:00 Europe/Berlin")
        assert "Mon" not in read(stored(text), "text", "lost")


def test_a_dictionary_keeps_its_texts_and_tells_them_again() -> None:
    row = json.loads(json.dumps(keep({"why": _("acknowledged"), "step": "Tier 1", "n": 3})))
    assert (row["why"], row["step"], row["n"]) == ("acknowledged", "Tier 1", 3)
    with translation.override("zh-hans"):
        assert told(row) == {"why": "已确认", "step": "Tier 1", "n": 3}
        again = keep({**row, "cancelled": _("acknowledged")})
        assert told(again)["cancelled"] == told(again)["why"] == "已确认"


@pytest.mark.parametrize("said", [None, {}, {"text": "x"}, {"text": {"sung": 1}}, [], "x", {"other": {"say": "a"}}])
def test_a_row_without_them_or_from_a_later_version_keeps_its_text(said: Any) -> None:
    assert read(said, "text", "as it was stored") == "as it was stored"


def test_plain_texts_are_not_packed() -> None:
    assert packed(text="a note", why=_("acknowledged")) == {"why": {"say": "acknowledged"}}
    assert keep({"why": "a note"}) == {"why": "a note"}


def test_what_is_said_many_times_is_made_once_in_each_language() -> None:
    made = []

    @once
    def wait(seconds: int) -> str:
        made.append(seconds)
        return _("%(s)s s") % {"s": seconds}

    with translation.override("en"):
        assert wait(5) is wait(5)
        assert wait(6) == "6 s"
    with translation.override("zh-hans"):
        assert wait(5) == "5 秒"
    assert made == [5, 6, 5]
