"""A document as the YAML that people edit: what is as usual is left out, matchers and durations are as they are written
elsewhere. Reading it back gives the same document. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from steward.algorithms.matching import format_matchers, from_json
from steward.response.timemachine.rules.document import (
    DURATIONS,
    FLAPPING_DEFAULTS,
    PARTS,
    ROUTE_DEFAULTS,
    TOPOLOGY_DEFAULTS,
    filled,
)
from steward.response.timemachine.rules.values import duration


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their name, and no aliases, which nobody edits by hand."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


# Line breaks to YAML and to nobody else; only double quotes keep them.
_BREAKS = ("\x85", "\u2028", "\u2029")


def _text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
    style = '"' if any(mark in data for mark in _BREAKS) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _text)


class _Flow(list[Any]):
    """A list written on one line."""


_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", list(data), flow_style=True)
)


def write(document: Mapping[str, Any]) -> str:
    """The document as YAML."""
    whole = filled(document)
    shown: dict[str, Any] = {
        "default": _node(whole["default"]),
        "routes": [_route(route) for route in whole["routes"]],
        "inhibitions": [_inhibition(each) for each in whole["inhibitions"]],
        "time_intervals": whole["time_intervals"],
        "flapping": _durations(whole["flapping"], FLAPPING_DEFAULTS, ("window", "quiet")),
        "topology": _durations(whole["topology"], TOPOLOGY_DEFAULTS, ("delay",)),
        "silences": [_silence(each) for each in whole["silences"]],
    }
    parts = [dump({part: shown[part]}) for part in PARTS if shown[part] or part in ("default", "routes")]
    return "\n".join(parts)


def dump(value: Any) -> str:
    """A value as YAML."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text


def written(matchers: Sequence[Mapping[str, str]]) -> list[str]:
    """Stored matchers, one text each."""
    return [format_matchers([matcher])[1:-1] for matcher in from_json(list(matchers))]


def _route(route: Mapping[str, Any]) -> dict[str, Any]:
    children = [_route(child) for child in route["children"]]
    return _node(route) | ({"children": children} if children else {})


def _node(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route without what is as usual."""
    found: dict[str, Any] = {"name": route["name"]}
    for name, default in ROUTE_DEFAULTS.items():
        value = route.get(name, default)
        if value == default:
            continue
        if name in DURATIONS:
            value = duration(value)
        elif name == "matchers":
            value = written(value)
        elif isinstance(value, list):
            value = _Flow(value)
        found[name] = value
    return found


def _inhibition(rule: Mapping[str, Any]) -> dict[str, Any]:
    found = {"name": rule["name"]} | ({} if rule["enabled"] else {"enabled": False})
    found |= {name: written(rule[name]) for name in ("source_matchers", "target_matchers")}
    return found | ({"equal": _Flow(rule["equal"])} if rule["equal"] else {})


def _silence(silence: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in silence.items() if value not in (None, "")}
    return found | {"matchers": written(silence["matchers"])}


def _durations(given: Mapping[str, Any], defaults: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: duration(given[name]) if name in names else given[name] for name in defaults}
