"""By which of its labels an alert of a source is known. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson

from steward.algorithms.matching import fingerprint
from steward.signals.alerts.ingest.sources.common import Normalised, known_by

Mode = Literal["all", "only", "except"]
MODES: tuple[Mode, ...] = ("all", "only", "except")
MAX_LABELS = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """``all`` labels of the sender, ``only`` the named ones, or all ``except`` those. With ``folds`` several alerts of
    the sender may be one here at the same time: then its labels do not follow whichever was reported last."""

    mode: Mode = "all"
    labels: frozenset[str] = frozenset()
    folds: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"mode": self.mode, "labels": sorted(self.labels), "folds": self.folds}


EVERY = Identity()


def from_json(value: Any) -> Identity:
    """As it is stored; anything unexpected is "all labels"."""
    if not isinstance(value, dict) or value.get("mode") not in MODES:
        return EVERY
    return Identity(value["mode"], frozenset(map(str, value.get("labels") or ())), bool(value.get("folds")))


@lru_cache(maxsize=512)
def remembered(text: str) -> Identity:
    return from_json(orjson.loads(text)) if text else EVERY


def identified(given: Normalised, chosen: Identity, own: Mapping[str, str]) -> Normalised:
    """The alert, known as its source says. ``own`` are the labels that the sender brought: only named labels may be
    others. One that has none of the chosen labels is left alone, or all such would be one alert."""
    if chosen.mode == "only":
        kept = {name: value for name, value in given.labels.items() if name in chosen.labels}
    else:
        kept = {name: value for name, value in own.items() if name not in chosen.labels}
    return known_by(given, fingerprint(kept), folds=chosen.folds) if kept else given
