"""Sentences that are stored and read in another language than the one they were made in.

A room that writes something down for people imports `gettext as _` and `ngettext` from here. What they return is a
string in the language that is active now, so it goes wherever a string goes; and it remembers what it was made of, so
whoever stores it can keep that beside the text (`keep`, `packed`), and whoever shows it says it again (`told`, `read`).
What is stored is the English message and its values. A row without them, older or written by a person, keeps its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any, TypeVarTuple
from zoneinfo import ZoneInfo

from django.utils import translation

from steward.foundation.moments import written

# Where a stored dictionary keeps the sentences among its values.
SAID = "said"
V = TypeVarTuple("V")


class Sentence(str):
    """A message and its values, as a string in the language that was active when it was made."""

    __slots__ = ("_language", "_message", "_number", "_plural", "_values")
    _language: str | None
    _message: str
    _plural: str
    _number: float
    _values: Mapping[str, Any] | None

    def __new__(
        cls, message: str, plural: str = "", number: float = 0, values: Mapping[str, Any] | None = None
    ) -> Sentence:
        language = translation.get_language()
        made = super().__new__(cls, _rendered(language, message, plural, number, values))
        made._message, made._plural, made._number, made._values = message, plural, number, values
        made._language = language
        return made

    def __mod__(self, values: Any) -> Sentence:
        if self._values is None and self._language == translation.get_language():
            return self._filled(dict(values))
        return Sentence(self._message, self._plural, self._number, dict(values))

    def _filled(self, values: dict[str, Any]) -> Sentence:
        """With its values, in the language that it is in already: a storm says tens of thousands of sentences, and to
        look each up once is enough."""
        text = _with(self._language, str(self), self._message, self._plural, self._number, values)
        made = str.__new__(Sentence, text)
        made._message, made._plural, made._number, made._values = self._message, self._plural, self._number, values
        made._language = self._language
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentence, (self._message, self._plural, self._number, self._values)

    def again(self) -> str:
        """The same in the language that is active now."""
        return self._in(translation.get_language())

    def _in(self, language: str | None) -> str:
        """In ``language``, which is the active one."""
        if self._language == language:
            return str(self)
        return _rendered(language, self._message, self._plural, self._number, self._values)

    def packed(self) -> dict[str, Any]:
        """For a JSON column; `read` is the way back."""
        found: dict[str, Any] = {"say": self._message}
        if self._plural:
            found |= {"plural": self._plural, "n": self._number}
        if self._values:
            found["with"] = {name: _packed_value(value) for name, value in self._values.items()}
        return found


class Joined(Sentence):
    """Several sentences or texts with something between them."""

    __slots__ = ("_between", "_parts")
    _between: str
    _parts: tuple[str, ...]

    def __new__(cls, between: str, parts: Iterable[str]) -> Joined:  # type: ignore[misc]
        kept = tuple(part for part in parts if part)
        made = str.__new__(cls, between.join(kept))
        made._between, made._parts = between, kept
        return made

    def __mod__(self, values: Any) -> Sentence:
        raise TypeError("What was joined has its values already.")

    def __reduce__(self) -> tuple[Any, ...]:
        return Joined, (self._between, self._parts)

    def _in(self, language: str | None) -> str:
        return self._between.join(part._in(language) if isinstance(part, Sentence) else part for part in self._parts)

    def packed(self) -> dict[str, Any]:
        return {"join": self._between, "parts": [_packed_value(part) for part in self._parts]}


class Moment:
    """A time in a sentence, in a zone, which it names, and in one of the forms of ``moments``."""

    __slots__ = ("at", "form", "zone")

    def __init__(self, at: datetime, zone: str, form: str) -> None:
        self.at, self.zone, self.form = at, zone, form

    def __str__(self) -> str:
        return f"{written(self.at.astimezone(ZoneInfo(self.zone)), self.form)} {self.zone}"


def gettext(message: str) -> Sentence:
    """A message to be stored; `%` gives it its values."""
    return Sentence(message)


def ngettext(singular: str, plural: str, number: float) -> Sentence:
    return Sentence(singular, plural, number)


def once(say: Callable[[*V], str]) -> Callable[[*V], str]:
    """A function of hashable values says the same of them many times: remember it, in each language."""

    @lru_cache(maxsize=4096)
    def remembered(language: str | None, values: tuple[Any, ...]) -> str:
        return say(*values)

    @wraps(say)
    def said(*values: *V) -> str:
        return remembered(translation.get_language(), values)

    return said


def joined(*parts: str, between: str = " · ") -> Joined:
    """The parts that are not empty, as one sentence."""
    return Joined(between, parts)


def packed(**texts: str) -> dict[str, Any]:
    """What these texts are made of, by name; plain texts, which mean the same in every language, are left out."""
    return {name: text.packed() for name, text in texts.items() if isinstance(text, Sentence)}


def keep(values: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary for a JSON column: as it is, and under `said` what its sentences are made of."""
    said = {**values.get(SAID, {}), **packed(**values)}
    return {**values, SAID: said} if said else dict(values)


def told(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A dictionary that `keep` made, with its sentences in the language that is active now."""
    plain = {name: value for name, value in stored.items() if name != SAID}
    said = stored.get(SAID)
    if isinstance(said, Mapping):
        plain |= {name: read(said, name, str(plain.get(name, ""))) for name in said if name in plain}
    return plain


def read(said: Any, name: str, text: str) -> str:
    """One sentence in the language that is active now; ``text`` if only that was stored."""
    found = said.get(name) if isinstance(said, Mapping) else None
    if not isinstance(found, Mapping):
        return text
    value = _unpacked(found)
    return str(value) if value is not None else text


def _rendered(language: str | None, message: str, plural: str, number: float, values: Mapping[str, Any] | None) -> str:
    text = translation.ngettext(message, plural, int(number)) if plural else _translated(message, language)
    return text if values is None else _with(language, text, message, plural, number, values)


@lru_cache(maxsize=8192)
def _translated(message: str, language: str | None) -> str:
    """In ``language``, which is the active one: to find out which that is takes Django longer than all the rest."""
    return translation.gettext(message)


def _with(language: str | None, text: str, message: str, plural: str, number: float, values: Mapping[str, Any]) -> str:
    shown = {name: value._in(language) if isinstance(value, Sentence) else value for name, value in values.items()}
    try:
        return text % shown
    except (KeyError, TypeError, ValueError):
        # A catalogue whose translation names other values: the message itself is better than none.
        return (plural if plural and number != 1 else message) % shown


def _packed_value(value: Any) -> Any:
    if isinstance(value, Sentence):
        return value.packed()
    if isinstance(value, Moment):
        return {"at": value.at.isoformat(), "zone": value.zone, "form": value.form}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _unpacked(stored: Any) -> Any:
    """The value again; nothing for what a later version wrote in a form that this one does not know."""
    if not isinstance(stored, Mapping):
        return stored
    if "join" in stored:
        return Joined(str(stored["join"]), [str(_unpacked(part)) for part in stored.get("parts", ())])
    if "at" in stored:
        return Moment(datetime.fromisoformat(stored["at"]), stored["zone"], stored["form"])
    if "say" not in stored:
        return None
    values = {name: _unpacked(value) for name, value in stored.get("with", {}).items()}
    return Sentence(stored["say"], stored.get("plural", ""), stored.get("n", 0), values or None)
