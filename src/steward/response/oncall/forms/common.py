"""What the forms share.

Rows that can be added, removed and moved (members, hours, steps) are plain repeated fields, read in the order in which
they stand on the page: ``rows.js`` moves the rows, and without it the empty rows at the end do.
"""

from __future__ import annotations

from collections.abc import Sequence

Choices = Sequence[tuple[int, str]]
LOCAL = "%Y-%m-%dT%H:%M"


def number(text: str) -> int | None:
    """A key or a count as posted; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
