"""What can be wrong with a matcher, in words that can be said in another language."""

from __future__ import annotations

from collections.abc import Callable


def gettext_noop(message: str) -> str:
    """Marks a message for the catalogue; who shows it translates it (`Words.said`)."""
    return message


class Words:
    """A message and its values, which may be words themselves. As text it is English."""

    __slots__ = ("message", "values")

    def __init__(self, message: str, **values: object) -> None:
        self.message, self.values = message, values

    def __str__(self) -> str:
        return self.said(str)

    def said(self, translate: Callable[[str], str]) -> str:
        """In the language that ``translate`` speaks."""
        shown = {
            name: value.said(translate) if isinstance(value, Words) else value for name, value in self.values.items()
        }
        text = translate(self.message)
        return text % shown if shown else text


class MatcherError(ValueError):
    """A matcher cannot be understood or is refused; the message says what to change."""

    def __init__(self, message: str, **values: object) -> None:
        self.words = Words(message, **values)
        super().__init__(str(self.words))
