"""The RE2 syntax as a tree. For "does the whole value match" group names and laziness are moot, so they are dropped;
who takes parts out of values reads them with ``named``."""

import re
from dataclasses import dataclass, replace
from typing import NoReturn

from steward.algorithms.matching.errors import MatcherError, Words
from steward.algorithms.matching.errors import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Literal:
    """These characters, one after the other; `fold` ignores case."""

    text: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class CharClass:
    """One character in (or, negated, outside) the ranges of code points."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool = False
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Assertion:
    """A condition on a position; `kind` is one of the keys of `regex._ASSERTIONS`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Concat:
    """The parts one after the other; none is the empty text."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Alt:
    """Any one of the choices."""

    choices: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    """The inner pattern `low` to `high` times (None: without end); `lazy` tries few times first."""

    inner: "Node"
    low: int
    high: int | None
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """What the inner pattern matches has a name; only with `named`."""

    name: str
    inner: "Node"


Node = Literal | CharClass | Assertion | Concat | Alt | Repeat | Named

_MAX_REPEAT = 1000  # Go's own bound, also on the product of nested repetitions
_MAX_DEPTH = 50
_TOP = 0x10FFFF
_DIGIT = ((0x30, 0x39),)
_WORD = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
_SPACE = ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20))
_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": _DIGIT,
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": _WORD,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ASSERTION_ESCAPES = {"A": "text-start", "z": "text-end", "b": "word-edge", "B": "no-word-edge"}
_QUANTIFIER = re.compile(r"[*+?]|\{(?P<low>[0-9]+)(?P<comma>,(?P<high>[0-9]*))?\}")
_FLAGS = re.compile(r"\(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<end>[:)])")
_NAMED = re.compile(r"\(\?P?<(?P<name>[A-Za-z0-9_]+)>")
_POSIX_CLASS = re.compile(r"\[:(?P<negated>\^?)(?P<name>[a-z]+):\]")
_HEX = re.compile(r"x(?:(?P<short>[0-9a-fA-F]{2})|\{(?P<long>[0-9a-fA-F]{1,8})\})")
_OCTAL = re.compile(r"0[0-7]{0,2}|[1-7][0-7]{1,2}")

Ranges = tuple[tuple[int, int], ...]


def parse(pattern: str, *, named: bool = False) -> Node:
    """Read a pattern; `MatcherError` says what is wrong and where."""
    return _Parser(pattern, named=named).parse()


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False
    multiline: bool = False
    dotall: bool = False


class _Parser:
    def __init__(self, pattern: str, *, named: bool = False) -> None:
        self.pattern = pattern
        self.named = named
        self.at = 0
        self.flags = _Flags()

    def parse(self) -> Node:
        node = self._alternatives(0)
        if self.at < len(self.pattern):
            self._fail(_("this closing parenthesis was never opened"))
        return node

    def _alternatives(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            self._fail(_("groups are nested more than %(most)s deep"), most=_MAX_DEPTH)
        outer = self.flags  # flags set inside a group end with it, but reach over its |
        choices = [self._sequence(depth)]
        while self._skip("|"):
            choices.append(self._sequence(depth))
        self.flags = outer
        return choices[0] if len(choices) == 1 else Alt(tuple(choices))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            start = self.at
            atom = self._atom(depth)
            if atom is None:
                continue
            parts.append(self._repeated(atom, start))
        return parts[0] if len(parts) == 1 else Concat(_join_literals(parts))

    def _atom(self, depth: int) -> Node | None:
        character = self.pattern[self.at]
        if _QUANTIFIER.match(self.pattern, self.at):
            self._fail(_("nothing stands before %(what)s for it to repeat"), what=character)
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._char_class()
        if character == "\\":
            return self._escape()
        self.at += 1
        if character == ".":
            return CharClass((), negated=True) if self.flags.dotall else CharClass(((10, 10),), negated=True)
        if character == "^":
            return Assertion("line-start" if self.flags.multiline else "text-start")
        if character == "$":
            return Assertion("line-end" if self.flags.multiline else "text-end")
        return Literal(character, self.flags.fold)

    def _repeated(self, atom: Node, start: int) -> Node:
        match = _QUANTIFIER.match(self.pattern, self.at)
        if match is None:
            return atom
        low, high = _bounds(match)
        if max(low, high or 0) > _MAX_REPEAT or (high is not None and high < low):
            self._fail(_("%(what)s must count upwards and to at most %(most)s"), what=match.group(), most=_MAX_REPEAT)
        self.at = match.end()
        lazy = self._skip("?") and self.named  # else moot: it finds the same whole values
        if again := _QUANTIFIER.match(self.pattern, self.at):
            self._fail(_("%(what)s cannot follow another quantifier"), what=again.group())
        node = Repeat(atom, low, high, lazy)
        if high is None and _is_endless(atom):
            whole = self.pattern[start : self.at]
            text = _("%(what)s repeats what is already repeated, like (a+)+; remove one of the two quantifiers")
            self._fail(text, what=whole)
        if _repetitions(node) > _MAX_REPEAT:
            self._fail(_("nested repetitions multiply to more than %(most)s"), most=_MAX_REPEAT)
        return node

    def _group(self, depth: int) -> Node | None:
        opening = self.at
        before = self.flags
        if named := _NAMED.match(self.pattern, self.at):
            self.at = named.end()
        elif self.pattern.startswith("(?", self.at):
            flags = _FLAGS.match(self.pattern, self.at)
            if flags is None:
                self._fail(_("(?… is not a group that RE2 knows; look-around and backreferences are not supported"))
            self.at = flags.end()
            self.flags = _set_flags(before, flags)
            if flags.group("end") == ")":
                return None  # the flags hold until the enclosing group ends
        else:
            self.at += 1
        node = self._alternatives(depth + 1)
        self.flags = before
        if not self._skip(")"):
            self.at = opening
            self._fail(_("this opening parenthesis is never closed"))
        # An Alt or Concat inside a Concat keeps its extent, because the tree keeps it; no group node is needed.
        return Named(named["name"], node) if named and self.named else node

    def _escape(self) -> Node:
        following = self.pattern[self.at + 1 : self.at + 2]
        if following in _ASSERTION_ESCAPES and following:
            self.at += 2
            return Assertion(_ASSERTION_ESCAPES[following])
        if following == "Q":
            end = self.pattern.find("\\E", self.at + 2)
            text = self.pattern[self.at + 2 :] if end < 0 else self.pattern[self.at + 2 : end]
            self.at = len(self.pattern) if end < 0 else end + 2
            # A quantifier after \Q…\E repeats only the last character, as in Go.
            if len(text) > 1 and _QUANTIFIER.match(self.pattern, self.at):
                last = self._repeated(Literal(text[-1], self.flags.fold), self.at)
                return Concat((Literal(text[:-1], self.flags.fold), last))
            return Literal(text, self.flags.fold)
        if ranges := self._perl_class():
            return CharClass(ranges)
        return Literal(chr(self._escaped_character()), self.flags.fold)

    def _perl_class(self) -> Ranges | None:
        following = self.pattern[self.at + 1 : self.at + 2]
        ranges = _PERL.get(following.lower()) if following else None
        if ranges is None:
            return None
        self.at += 2
        return ranges if following.islower() else _complement(ranges)

    def _escaped_character(self) -> int:
        following = self.pattern[self.at + 1 : self.at + 2]
        code: int | None = None
        end = self.at + 2
        if match := _HEX.match(self.pattern, self.at + 1):
            code, end = int(match.group("short") or match.group("long"), 16), match.end()
        elif match := _OCTAL.match(self.pattern, self.at + 1):
            code, end = int(match.group(), 8), match.end()
        elif following in _CONTROL and following:
            code = _CONTROL[following]
        elif following.isascii() and following.isprintable() and not following.isalnum() and following:
            code = ord(following)
        if code is None or code > _TOP:
            self._fail(_bad_escape(following), what=f"\\{following}")
        self.at = end
        return code

    def _char_class(self) -> Node:
        opening = self.at
        self.at += 1
        negated = self._skip("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.pattern.startswith("]", self.at):
            if self.at >= len(self.pattern):
                self.at = opening
                self._fail(_("this opening bracket is never closed"))
            first = False
            ranges.extend(self._class_item())
        self.at += 1
        return CharClass(tuple(ranges), negated, self.flags.fold)

    def _class_item(self) -> Ranges:
        if posix := _POSIX_CLASS.match(self.pattern, self.at):
            ranges = _POSIX.get(posix.group("name"))
            if ranges is None:
                self._fail(_("%(what)s is not a class that RE2 knows"), what=posix.group())
            self.at = posix.end()
            return _complement(ranges) if posix.group("negated") else ranges
        if self.pattern.startswith("\\", self.at) and (perl := self._perl_class()):
            return perl
        low = high = self._class_character()
        if self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at):
            self.at += 1
            high = self._class_character()
            if high < low:
                self._fail(_("this range runs backwards"))
        return ((low, high),)

    def _class_character(self) -> int:
        if self.at >= len(self.pattern):
            self._fail(_("a character class is never closed"))
        if self.pattern[self.at] == "\\":
            return self._escaped_character()
        self.at += 1
        return ord(self.pattern[self.at - 1])

    def _skip(self, character: str) -> bool:
        if self.pattern.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def _fail(self, message: str, **values: object) -> NoReturn:
        text = _("The pattern %(pattern)s is wrong at character %(at)s: %(problem)s.")
        raise MatcherError(text, pattern=repr(self.pattern), at=self.at + 1, problem=Words(message, **values))


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    if match.group("low") is None:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[match.group()]
    low = int(match.group("low"))
    if match.group("comma") is None:
        return low, low
    return low, int(match.group("high")) if match.group("high") else None


def _set_flags(flags: _Flags, match: re.Match[str]) -> _Flags:
    fields = {"i": "fold", "m": "multiline", "s": "dotall"}  # U only swaps laziness
    on = {fields[flag]: True for flag in match.group("on") if flag in fields}
    off = {fields[flag]: False for flag in match.group("off") or "" if flag in fields}
    return replace(flags, **(on | off))


def _join_literals(parts: list[Node]) -> tuple[Node, ...]:
    joined: list[Node] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, Literal) and isinstance(last, Literal) and part.fold == last.fold:
            joined[-1] = Literal(last.text + part.text, part.fold)
        else:
            joined.append(part)
    return tuple(joined)


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= _TOP:
        gaps.append((start, _TOP))
    return tuple(gaps)


def _is_endless(node: Node) -> bool:
    match node:
        case Repeat(inner, _, high):
            return high is None or _is_endless(inner)
        case Alt(choices):
            return any(_is_endless(choice) for choice in choices)
        case _:
            return False


def _repetitions(node: Node) -> int:
    """Return the greatest product of counted repetitions along one path, as Go limits it."""
    match node:
        case Repeat(inner, low, high):
            return max(low, high or 0, 1) * _repetitions(inner)
        case Alt(choices):
            return max(_repetitions(choice) for choice in choices)
        case Concat(parts):
            return max([_repetitions(part) for part in parts], default=1)
        case _:
            return 1


def _bad_escape(following: str) -> str:
    if not following:
        return _("a backslash must be followed by a character")
    if following in "pP":
        return _("Unicode classes are not supported; list the characters, as in [a-zà-ÿ]")
    if following.isdigit():
        return _("backreferences are not supported")
    return _("%(what)s is not an escape that RE2 knows")
