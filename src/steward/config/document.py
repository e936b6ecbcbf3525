"""Writes docs/configuration.md from the typed environment, so that the list cannot fall behind the code."""

from __future__ import annotations

import sys
from dataclasses import fields

from steward.config.environment import Environment

HEAD = """# Configuration

Steward reads its configuration from the environment, once, at start. This page is generated from
`src/steward/config/environment.py` by `python -m steward.config.document`; a test compares the two.

| variable | default | what it is |
|---|---|---|
"""


def document() -> str:
    """The page as Markdown."""
    rows = []
    for item in fields(Environment):
        default = ", ".join(item.default) if isinstance(item.default, tuple) else str(item.default)
        shown = f"`{default}`" if default else "(empty)"
        rows.append(f"| `{item.metadata['name']}` | {shown} | {item.metadata['text']} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(document())
