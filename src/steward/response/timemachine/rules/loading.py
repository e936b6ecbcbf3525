"""YAML that people paste, read with bounds and with the line of everything in it. Pure.

Every scalar stays text: who reads a field knows its type, and YAML's own guesses (`on` is true, `17:00` is 1020) are
not what Alertmanager, which reads into typed fields, makes of them. Only an unquoted null is None.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from steward.algorithms.matching.errors import Words
from steward.algorithms.matching.errors import gettext_noop as _

MOST_CHARACTERS: Final = 500_000
MOST_NODES: Final = 50_000
DEEPEST: Final = 60

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong on a line (from 1; 0: nowhere in particular)."""

    line: int
    words: Words

    def __str__(self) -> str:
        return f"{self.line}: {self.words}"


class Unreadable(Exception):
    """The text is not YAML that can be used."""

    def __init__(self, line: int, message: str, **values: object) -> None:
        self.problem = Problem(line, Words(message, **values))
        super().__init__(str(self.problem))


@dataclass(slots=True)
class Loaded:
    """The value and where its parts were written."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of this part, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Composes nodes only; nothing of this loader makes objects."""

    yaml_implicit_resolvers: Mapping[str, list[tuple[str, re.Pattern[str]]]] = {
        first: [("tag:yaml.org,2002:null", re.compile(r"^(?:~|null|Null|NULL|)$"))] for first in ("~", "n", "N", "")
    }


def load(text: str) -> Loaded:
    """Read one document; Unreadable says where it is wrong."""
    if len(text) > MOST_CHARACTERS:
        raise Unreadable(0, _("At most %(most)s characters can be read."), most=MOST_CHARACTERS)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or ""
        raise Unreadable(mark.line + 1 if mark else 0, _("This is not YAML: %(problem)s."), problem=said) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(0, _("This is not YAML: %(problem)s."), problem=_first_line(error)) from error
    if node is None:
        return Loaded(None)
    return _Reader().read(node)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


class _Reader:
    """From nodes to values. Aliases are written out, so what they come to is counted."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.left = MOST_NODES

    def read(self, node: yaml.Node) -> Loaded:
        return Loaded(self._value(node, ()), self.lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(path, line)
        self.left -= 1
        if self.left < 0 or len(path) > DEEPEST:
            raise Unreadable(line, _("This is too large, or nested too deep, once its aliases are written out."))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, (*path, number)) for number, each in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(line, _("A name on the left of a colon must be plain text."))
            if key.value == "<<" and key.style is None:
                merged |= self._merge(value, path)
                continue
            if key.value in found:
                raise Unreadable(line, _("“%(name)s” is written twice."), name=key.value)
            self.lines[(*path, key.value)] = line
            found[key.value] = self._value(value, (*path, key.value))
        return merged | found

    def _merge(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Any] = {}
        for part in reversed(parts):
            value = self._value(part, (*path, "<<"))
            if not isinstance(value, dict):
                raise Unreadable(node.start_mark.line + 1, _("<< merges objects only."))
            found |= value
        return found
