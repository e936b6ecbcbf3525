"""Files of an export: JSON as an API answers it, or YAML; several are put together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from django.utils.translation import gettext as _

from steward.response.moving.errors import ExportUnreadable

LARGEST = 50_000_000
# Where vendors put the list of an answer; then the file's name says what it is a list of.
_WRAPPED = ("data", "results")


def document_of(files: Iterable[tuple[str, bytes]]) -> dict[str, Any]:
    """One document of all files (name and content): lists of the same name are joined."""
    whole: dict[str, Any] = {}
    size = 0
    for name, content in files:
        size += len(content)
        if size > LARGEST:
            raise _unreadable(_("The files are larger than %(n)s MB together.") % {"n": LARGEST // 1_000_000})
        for key, value in _parts(name, _parsed(name, content)):
            if isinstance(value, list) and isinstance(whole.get(key), list):
                whole[key] = [*whole[key], *value]
            else:
                whole[key] = value
    if not whole:
        raise _unreadable(_("There is no file in it that ends in .json, .yml or .yaml."))
    return whole


def _parts(name: str, parsed: Any) -> Iterable[tuple[str, Any]]:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    if isinstance(parsed, list):
        return [(stem, parsed)]
    if not isinstance(parsed, dict):
        raise _unreadable(_("%(name)s holds neither an object nor a list.") % {"name": name})
    # An answer about one record, such as {"schedule": {…}}, is a list of one.
    found: list[tuple[str, Any]] = []
    for key, value in parsed.items():
        if key in _WRAPPED:
            found.append((stem.partition("-")[0], value if isinstance(value, list) else [value]))
        elif isinstance(value, dict) and f"{key}s" in {"schedules", "users", "teams", "escalation_policys"}:
            found.append(({"escalation_policy": "escalation_policies"}.get(key, f"{key}s"), [value]))
        else:
            found.append((key, value))
    return found


def _parsed(name: str, content: bytes) -> Any:
    try:
        return yaml.safe_load(content) if name.endswith((".yml", ".yaml")) else json.loads(content)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        text = _("%(name)s cannot be read: %(error)s") % {"name": name, "error": str(error)[:200]}
        raise _unreadable(text) from error


def _unreadable(text: str) -> ExportUnreadable:
    return ExportUnreadable(text, fields={"file": [text]})
