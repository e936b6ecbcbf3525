"""What became of each part of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from steward.algorithms.matching.errors import Words
from steward.response.timemachine.rules.loading import Path
from steward.response.timemachine.rules.values import Reading

Fate = Literal["carried", "differs", "lost"]


@dataclass(frozen=True, slots=True)
class Line:
    """A part of the file, on which line it begins, what became of it and why."""

    line: int
    part: str
    fate: Fate
    words: Words


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver: which kinds of integrations it had (nothing of what is in them), and how many routes name it."""

    line: int
    name: str
    kinds: tuple[str, ...]
    used: int = 0

    @property
    def tells_nobody(self) -> bool:
        return not self.kinds


@dataclass(slots=True)
class Report:
    """Collects problems (through ``reading``) and what became of the rest."""

    reading: Reading
    lines: list[Line] = field(default_factory=list)

    def carried(self, path: Path, message: str, **values: object) -> None:
        self._add("carried", path, message, values)

    def differs(self, path: Path, message: str, **values: object) -> None:
        self._add("differs", path, message, values)

    def lost(self, path: Path, message: str, **values: object) -> None:
        self._add("lost", path, message, values)

    def _add(self, fate: Fate, path: Path, message: str, values: dict[str, object]) -> None:
        line = self.reading.loaded.line(path)
        self.lines.append(Line(line, spelled(path), fate, Words(message, **values)))


def spelled(path: Path) -> str:
    """``route.routes[2].matchers``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
