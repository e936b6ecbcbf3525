"""Matchers as text: `{alertname="HighLoad", env=~"prod|stage"}`.

The grammar is Alertmanager's UTF-8 matcher grammar ("Label matchers" in the Alertmanager configuration
documentation): optional braces, commas between matchers and optionally after the last one, names and values bare
or in double quotes. Bare text may hold any character except whitespace, braces, `! = ~ ,`, backslash and
the three quotes. Quoted text takes Go's escapes (`\\n`, `\\"`, `\\x41`, `\\u00e9`, …).

One kindness on top: a backslash before any other character stays a backslash, as it does in Alertmanager's
classic grammar (and therefore in its default "fallback" mode), so `code=~"5\\d\\d"` means what its author meant.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, NoReturn, cast

from steward.algorithms.matching.errors import MatcherError, Words
from steward.algorithms.matching.errors import gettext_noop as _
from steward.algorithms.matching.matchers import Matcher, Operator

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<open>\{) | (?P<close>\}) | (?P<comma>,)
      | (?P<operator>=~|!~|!=|=)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<bare>[^\s{}!=~,\\"'`]+)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"""\\(?:(?P<simple>[abfnrtv\\"]) | x(?P<byte>[0-9a-fA-F]{2}) | (?P<octal>[0-3][0-7]{2})
         | u(?P<u4>[0-9a-fA-F]{4}) | U(?P<u8>[0-9a-fA-F]{8}))""",
    re.VERBOSE,
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_PLAIN_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_MUST_ESCAPE = re.compile(r'[\x00-\x1f\x7f\\"]')


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


AT_COLUMN = _("Column %(column)s: %(problem)s")


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """Read zero or more matchers; `MatcherError` names the column and what was expected there."""
    return _Parser(text).parse()


def format_matchers(matchers: Iterable[Matcher]) -> str:
    """Write matchers so that `parse_matchers` reads the same ones back."""
    return "{" + ", ".join(_name(matcher.name) + matcher.op + _quote(matcher.value) for matcher in matchers) + "}"


def _name(name: str) -> str:
    return name if _PLAIN_NAME.fullmatch(name) else _quote(name)


def _quote(text: str) -> str:
    return '"' + _MUST_ESCAPE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character == "\n":
        return "\\n"
    return "\\" + character if character in '\\"' else f"\\u{ord(character):04x}"


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def parse(self) -> tuple[Matcher, ...]:
        found: list[Matcher] = []
        braces = self._take("open") is not None
        ending = Words(_("a closing brace }")) if braces else Words(_("the end"))
        expected = Words(_("a label name or %(ending)s"), ending=ending)
        while self._peek().kind in ("bare", "quoted"):
            found.append(self._matcher())
            if self._take("comma") is None:
                expected = Words(_("a comma or %(ending)s"), ending=ending)
                break
        if braces and self._take("close") is None:
            self._fail(expected)
        if self._peek().kind != "end":
            self._fail(Words(_("the end")) if braces else expected)
        return tuple(found)

    def _matcher(self) -> Matcher:
        name = self._text(Words(_("a label name")))
        operator = self._take("operator") or self._fail(Words(_("an operator (=, !=, =~ or !~)")))
        value = self._text(Words(_('a value (write "" for an empty one)')))
        try:
            return Matcher(name, cast(Operator, operator.text), value)
        except MatcherError as error:
            raise MatcherError(AT_COLUMN, column=operator.column, problem=error.words) from error

    def _text(self, expected: Words) -> str:
        token = self._take("bare") or self._take("quoted") or self._fail(expected)
        return token.text if token.kind == "bare" else _unquote(token)

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, kind: str) -> _Token | None:
        token = self._peek()
        if token.kind != kind:
            return None
        self._at += 1
        return token

    def _fail(self, expected: Words) -> NoReturn:
        token = self._peek()
        got = Words(_("the end of the text")) if token.kind == "end" else repr(token.text)
        text = _("Column %(column)s: expected %(expected)s, found %(found)s.")
        raise MatcherError(text, column=token.column, expected=expected, found=got)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MatcherError(AT_COLUMN, column=position + 1, problem=_complaint(text[position]))
        if match.lastgroup != "space":
            tokens.append(_Token(match.lastgroup or "", match.group(), position + 1))
        position = match.end()
    tokens.append(_Token("end", "", position + 1))
    return tokens


def _complaint(character: str) -> Words:
    if character == '"':
        return Words(_("this double quote is never closed."))
    if character == "!":
        return Words(_("! must be followed by = or ~."))
    return Words(_("%(character)s may only appear inside double quotes."), character=character)


def _unquote(token: _Token) -> str:
    # Go's \\x and octal escapes name bytes, not characters, so the text is put together as UTF-8.
    try:
        out = bytearray()
        body = token.text[1:-1]
        position = 0
        while position < len(body):
            match = _ESCAPE.match(body, position)
            if match is None:
                # A backslash that starts no escape stays; its character (never a backslash or quote) follows.
                out += body[position].encode()
                position += 1
            else:
                out += _unescape(match)
                position = match.end()
        return out.decode()
    except (UnicodeError, ValueError, OverflowError) as error:
        problem = Words(_("%(text)s is not valid UTF-8 text."), text=token.text)
        raise MatcherError(AT_COLUMN, column=token.column, problem=problem) from error


def _unescape(match: re.Match[str]) -> bytes:
    kind, text = match.lastgroup, match.group(match.lastgroup or 0)
    if kind == "simple":
        return _SIMPLE[text].encode()
    if kind in ("byte", "octal"):
        return bytes([int(text, 16 if kind == "byte" else 8)])
    return chr(int(text, 16)).encode()
