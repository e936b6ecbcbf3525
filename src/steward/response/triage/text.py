"""How people write label sets and severity maps, read and written: pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from steward.algorithms.matching import MatcherError, format_matchers, parse_matchers
from steward.algorithms.matching.matchers import Matcher
from steward.response.triage.rules import SEVERITIES

MOST_LABELS = 200
_NAMED = re.compile(r"^\s*([A-Za-z_:][\w:]*)\s*\{(.*)\}\s*$", re.DOTALL)


class TextError(ValueError):
    """What was written cannot be read; ``line`` is the line or word that is wrong."""

    def __init__(self, problem: str, line: str) -> None:
        super().__init__(f"{problem}: {line}")
        self.problem, self.line = problem, line


def parse_labels(text: str) -> dict[str, str]:
    """A label set as Prometheus shows it (``name{a="b"}``), as lines or a list of ``a=b``, or as a JSON object."""
    text = text.strip()
    found = _from_json(text)
    if found is None:
        named = _NAMED.match(text)
        body = named[2] if named else text.removeprefix("{").removesuffix("}")
        lines = [line.strip().rstrip(",") for line in body.split("\n")]
        matchers = parse_matchers(", ".join(line for line in lines if line))
        for matcher in matchers:
            if matcher.op != "=":
                raise TextError("not a label", f"{matcher.name}{matcher.op}{matcher.value}")
        found = {matcher.name: matcher.value for matcher in matchers}
        if named:
            found.setdefault("alertname", named[1])
    for name, value in found.items():
        if not _is_text(name + value):
            raise TextError("not text", ascii(name))
    if len(found) > MOST_LABELS:
        raise TextError("too many labels", str(len(found)))
    return found


def _from_json(text: str) -> dict[str, str] | None:
    if not text.startswith("{"):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return {str(name): str(value) for name, value in data.items()} if isinstance(data, dict) else None


def _is_text(text: str) -> bool:
    """JSON can spell half a character, which nothing can store or show."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def format_labels(labels: Mapping[str, str]) -> str:
    """One ``name="value"`` a line."""
    if not labels:
        return ""
    written = [format_matchers([Matcher(name, "=", value)]) for name, value in labels.items()]
    return "\n".join(line[1:-1] for line in written)


def parse_severity_map(text: str) -> dict[str, str]:
    """Lines such as ``critical = SEV1``; ``*`` stands for every other severity."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        word, sign, level = (part.strip() for part in line.partition("="))
        if not sign or not word:
            raise TextError("not a line like critical = SEV1", line.strip())
        if level.upper() not in SEVERITIES:
            raise TextError("not one of SEV1 to SEV4", level)
        found[word.strip("\"'").lower()] = level.upper()
    return found


def format_severity_map(mapping: Mapping[str, str]) -> str:
    order = sorted(mapping.items(), key=lambda pair: (pair[1], pair[0] == "*", pair[0]))
    return "\n".join(f"{word} = {level}" for word, level in order)


def parse_names(text: str) -> list[str]:
    """Label names separated by commas, spaces or lines; ``...`` stands for all."""
    return list(dict.fromkeys(name for name in re.split(r"[,\s]+", text) if name))


__all__ = [
    "MatcherError",
    "TextError",
    "format_labels",
    "format_severity_map",
    "parse_labels",
    "parse_names",
    "parse_severity_map",
]
