"""The names of the icons in the sprite."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

LIST = Path(__file__).with_name("static") / "ui" / "icons.txt"
FALLBACK = "circle-dashed"
log = logging.getLogger(__name__)


@cache
def names() -> frozenset[str]:
    """Every icon that templates may use, from icons.txt."""
    lines = (line.strip() for line in LIST.read_text(encoding="utf-8").splitlines())
    return frozenset(line for line in lines if line and not line.startswith("#"))


def known(name: str) -> str:
    """The name itself, or a neutral icon for a name the sprite lacks: a page must not fail for a drawing."""
    if name in names():
        return name
    log.warning("icon %r is not in icons.txt", name)
    return FALLBACK
