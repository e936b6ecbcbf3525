"""Texts of YAML as what a field wants: durations, numbers, yes and no, lists of names, matchers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from steward.algorithms.matching import Matcher, MatcherError, parse_matchers, to_json
from steward.algorithms.matching.errors import Words
from steward.algorithms.matching.errors import gettext_noop as _
from steward.response.timemachine.rules.loading import Loaded, Path, Problem

T = TypeVar("T")

_DURATION = re.compile(
    r"(?:(\d{1,4})y)?(?:(\d{1,6})w)?(?:(\d{1,7})d)?(?:(\d{1,8})h)?(?:(\d{1,9})m)?(?:(\d{1,10})s)?(?:(\d{1,12})ms)?",
    re.ASCII,
)
_SECONDS: Final = (365 * 86400, 7 * 86400, 86400, 3600, 60, 1, 0.001)
_TRUE: Final = frozenset({"true", "yes", "on", "y"})
_FALSE: Final = frozenset({"false", "no", "off", "n"})


class Wrong(ValueError):
    """A value is not what its field wants."""

    def __init__(self, message: str, **values: object) -> None:
        self.words = Words(message, **values)
        super().__init__(str(self.words))


def seconds(given: Any) -> float:
    """``1h30m``, ``500ms``, ``0`` (Prometheus' durations), or a bare number of seconds."""
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if text.isascii() and text.isdecimal() and len(text) <= 10:
        return float(text)
    found = _DURATION.fullmatch(text)
    if found is None or not text:
        raise Wrong(_("“%(value)s” is not a duration; write, for example, 30s, 5m or 1h30m."), value=given)
    return sum(int(part) * unit for part, unit in zip(found.groups(), _SECONDS, strict=True) if part)


def duration(amount: int) -> str:
    """Seconds as people write them: ``90`` is ``1m30s``."""
    if not amount:
        return "0s"
    text = ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, amount = divmod(amount, size)
        text += f"{count}{unit}" if count else ""
    return text


def whole(given: Any) -> int:
    if isinstance(given, bool) or not re.fullmatch(r"-?[0-9]{1,12}", str(given)):
        raise Wrong(_("“%(value)s” is not a whole number."), value=given)
    return int(given)


def yes_or_no(given: Any) -> bool:
    word = str(given).lower()
    if word not in _TRUE | _FALSE:
        raise Wrong(_("“%(value)s” is neither true nor false."), value=given)
    return word in _TRUE


def text(given: Any) -> str:
    if not isinstance(given, str):
        raise Wrong(_("This must be text."))
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in given):
        raise Wrong(_("This has characters that cannot be stored."))
    return given


def listed(given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise Wrong(_("This must be a list."))
    return given


def mapping(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Wrong(_("This must be names with values."))
    return given


def matchers(given: Any) -> tuple[Matcher, ...]:
    """One matcher or several as text."""
    try:
        return parse_matchers(text(given))
    except MatcherError as error:
        raise _because(error) from error


def matcher(name: Any, op: Any, value: Any) -> Matcher:
    try:
        return Matcher(text(name), op, text(value))
    except MatcherError as error:
        raise _because(error) from error


def _because(error: MatcherError) -> Wrong:
    return Wrong(error.words.message, **error.words.values)


def as_json(found: list[Matcher]) -> list[dict[str, str]]:
    return to_json(found)


@dataclass(slots=True)
class Reading:
    """Reads values and collects what is wrong with them, each on its line, so that one look shows all of it."""

    loaded: Loaded
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, path: Path, message: str, **values: object) -> None:
        self.problems.append(Problem(self.loaded.line(path), Words(message, **values)))

    def take(self, path: Path, read: Callable[[Any], T], given: Any, default: T) -> T:
        """The value read, or the default and a problem."""
        try:
            return read(given)
        except Wrong as error:
            self.problems.append(Problem(self.loaded.line(path), error.words))
            return default

    def get(self, path: Path, given: Mapping[str, Any], name: str, read: Callable[[Any], T], default: T) -> T:
        """The value of a name if there is one."""
        value = given.get(name)
        return default if value is None else self.take((*path, name), read, value, default)

    def whole(self) -> dict[str, Any]:
        """What was written; an empty text is nothing."""
        return {} if self.loaded.value is None else self.node((), self.loaded.value)

    def node(self, path: Path, given: Any) -> dict[str, Any]:
        """Names with values, or nothing and a problem."""
        return self.take(path, mapping, given, dict[str, Any]())

    def nodes(self, path: Path, given: Mapping[str, Any], name: str) -> dict[str, Any]:
        return self.get(path, given, name, mapping, dict[str, Any]())

    def items(self, path: Path, given: Mapping[str, Any], name: str) -> list[Any]:
        return self.get(path, given, name, listed, list[Any]())

    def each(self, path: Path, given: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> list[T]:
        """The values of a list if there is one; what cannot be read is left out and told."""
        found: list[T] = []
        for number, value in enumerate(self.items(path, given, name)):
            try:
                found.append(read(value))
            except Wrong as error:
                self.problems.append(Problem(self.loaded.line((*path, name, number)), error.words))
        return found

    def only(self, path: Path, given: Mapping[str, Any], known: frozenset[str]) -> None:
        """Tell what is written here and means nothing."""
        for name in given:
            if name not in known:
                self.wrong((*path, name), _("“%(name)s” is not known here."), name=name)
