"""The tree of a document walked as Alertmanager walks its own: what imported trees are compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from steward.algorithms.matching import from_json, matches_all


def taking(document: Mapping[str, Any], labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The routes that an alert ends in."""
    return _below(document["routes"], labels) or [document["default"]]


def _below(routes: list[dict[str, Any]], labels: Mapping[str, str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for route in routes:
        if matches_all(from_json(route["matchers"]), labels):
            found += _below(route["children"], labels) or [route]
            if not route["continues"]:
                break
    return found
