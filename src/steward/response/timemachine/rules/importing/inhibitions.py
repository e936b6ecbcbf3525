"""Inhibition rules, in the new syntax and the old one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from steward.algorithms.matching import Matcher, to_json
from steward.algorithms.matching.errors import gettext_noop as _
from steward.response.timemachine.rules import values
from steward.response.timemachine.rules.importing.report import Report
from steward.response.timemachine.rules.loading import Path
from steward.response.timemachine.rules.writing import written

_FIELDS: Final = frozenset(
    {
        "name",
        "equal",
        *(f"{side}_{form}" for side in ("source", "target") for form in ("match", "match_re", "matchers")),
    }
)


def read_inhibitions(report: Report, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every rule; Alertmanager's have no names, so what they do becomes theirs."""
    reading = report.reading
    found: list[dict[str, Any]] = []
    taken: set[str] = set()
    for number, item in enumerate(reading.items((), given, "inhibit_rules")):
        path: Path = ("inhibit_rules", number)
        node = reading.node(path, item)
        reading.only(path, node, _FIELDS)
        sides = {side: to_json(read_matchers(report, path, node, side + "_")) for side in ("source", "target")}
        given_name = reading.get(path, node, "name", values.text, "")
        name = unique(given_name or _named(sides["source"], sides["target"]), taken)
        equal = list(dict.fromkeys(reading.each(path, node, "equal", values.text)))
        found.append(
            {
                "name": name, "source_matchers": sides["source"], "target_matchers": sides["target"], "equal": equal,
            }
        )  # fmt: skip
        report.carried(path, _("Inhibition rule “%(name)s”: the same here."), name=name)
    return found


def read_matchers(report: Report, path: Path, node: Mapping[str, Any], prefix: str = "") -> list[Matcher]:
    """``match``, ``match_re`` and ``matchers`` together: all of them must hold."""
    found: list[Matcher] = []
    for form, op in (("match", "="), ("match_re", "=~")):
        pairs = report.reading.nodes(path, node, prefix + form)
        for name, value in pairs.items():
            here = (*path, prefix + form, name)
            pair = (name, op, "" if value is None else value)
            made = report.reading.take(here, lambda given: values.matcher(*given), pair, None)
            found += [made] if made is not None else []
    for several in report.reading.each(path, node, prefix + "matchers", values.matchers):
        found += several
    return found


def _named(source: list[dict[str, str]], target: list[dict[str, str]]) -> str:
    left, right = (", ".join(written(side)) or "*" for side in (source, target))
    return f"{left} → {right}"


def unique(name: str, taken: set[str], most: int = 120) -> str:
    """The name, shortened and with a number if another has it."""
    whole = " ".join(name.split())
    short = whole if len(whole) <= most else whole[: most - 1] + "…"
    found, number = short, 1
    while found in taken:
        number += 1
        ending = f" ({number})"
        found = short[: most - len(ending)] + ending
    taken.add(found)
    return found
