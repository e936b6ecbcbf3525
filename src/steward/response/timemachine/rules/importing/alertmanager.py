"""The whole file: which parts there are, and who reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from steward.algorithms.intervals import IntervalError, parse
from steward.algorithms.matching.errors import gettext_noop as _
from steward.response.timemachine.rules import values
from steward.response.timemachine.rules.document import Document, filled
from steward.response.timemachine.rules.importing.inhibitions import read_inhibitions
from steward.response.timemachine.rules.importing.report import Line, Receiver, Report
from steward.response.timemachine.rules.importing.routes import read_routes
from steward.response.timemachine.rules.loading import Path, Problem, Unreadable, load
from steward.response.timemachine.rules.values import Reading

_KNOWN: Final = frozenset(
    {
        "global", "templates", "route", "inhibit_rules", "receivers", "time_intervals", "mute_time_intervals", "tracing",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Imported:
    """The document (None while there are problems), what became of each part, and the receivers that want a policy."""

    document: Document | None
    lines: tuple[Line, ...]
    receivers: tuple[Receiver, ...]
    problems: tuple[Problem, ...]


def read(text: str) -> Imported:
    """Read an ``alertmanager.yml``. What Alertmanager itself would refuse, or what cannot mean the same here, is a
    problem, and all of them are told at once."""
    try:
        loaded = load(text)
    except Unreadable as error:
        return Imported(None, (), (), (error.problem,))
    report = Report(Reading(loaded))
    given = report.reading.whole()
    _other_parts(report, given)
    _global(report, given)
    receivers = _receivers(report, given)
    intervals = _intervals(report, given)
    default, routes = read_routes(report, given, receivers, {each["name"] for each in intervals})
    inhibitions = read_inhibitions(report, given)
    used = Counter(report_use for report_use in default.pop("receivers"))
    document = filled(
        {"default": default, "routes": routes, "inhibitions": inhibitions, "time_intervals": intervals}
        # What Alertmanager does not do is off: the imported configuration does what it did.
        | {"flapping": {"changes": 0}, "topology": {"enabled": False}}
    )
    problems = tuple(sorted(report.reading.problems, key=lambda problem: problem.line))
    return Imported(
        None if problems else document,
        tuple(sorted(report.lines, key=lambda line: line.line)),
        tuple(replace(receiver, used=used[name]) for name, receiver in receivers.items()),
        problems,
    )


def _other_parts(report: Report, given: Mapping[str, Any]) -> None:
    for name in given:
        if name not in _KNOWN:
            report.reading.wrong((name,), _("“%(name)s” is not a part of alertmanager.yml."), name=name)
    if given.get("templates"):
        text = _("Templates of messages stay behind: Steward writes its own, in the language of who is paged.")
        report.lost(("templates",), text)
    if given.get("tracing"):
        report.lost(("tracing",), _("Alertmanager's own tracing means nothing here."))


def _global(report: Report, given: Mapping[str, Any]) -> None:
    """The global part has the ways out (not carried: they are full of secrets) and one thing that matters."""
    node = report.reading.nodes((), given, "global")
    for name, value in node.items():
        path: Path = ("global", name)
        if name == "resolve_timeout":
            amount = report.reading.take(path, values.seconds, value, 300.0)
            text = _(
                "An alert without an end resolves after %(time)s: a setting of each source here, 5 minutes if new."
            )
            report.differs(path, text, time=values.duration(round(amount)))
        elif name.startswith("smtp_"):
            report.lost(path, _("Mail is sent as Steward's own settings say; nothing of it is imported."))
        else:
            report.lost(path, _("Ways to reach people, and secrets, are set up anew under Channels."))


def _receivers(report: Report, given: Mapping[str, Any]) -> dict[str, Receiver]:
    reading = report.reading
    found: dict[str, Receiver] = {}
    for number, item in enumerate(reading.items((), given, "receivers")):
        path: Path = ("receivers", number)
        node = reading.node(path, item)
        name = reading.get(path, node, "name", values.text, "")
        if not name or name in found:
            reading.wrong(path, _("Every receiver needs a name of its own."))
            continue
        kinds = tuple(key.removesuffix("_configs") for key, value in node.items() if key.endswith("_configs") and value)
        for key in node:
            if key != "name" and not key.endswith("_configs"):
                reading.wrong((*path, key), _("“%(name)s” is not known here."), name=key)
        found[name] = Receiver(reading.loaded.line(path), name, kinds)
        if not kinds:
            report.carried(path, _("“%(name)s” tells nobody: its routes only record."), name=name)
            continue
        text = _("“%(name)s” (%(kinds)s) becomes an escalation policy of this name that you fill in: who, and on what.")
        report.differs(path, text, name=name, kinds=", ".join(kinds))
    return found


def _intervals(report: Report, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for part in ("time_intervals", "mute_time_intervals"):
        for number, item in enumerate(report.reading.items((), given, part)):
            path: Path = (part, number)
            node = report.reading.node(path, item)
            name = report.reading.get(path, node, "name", values.text, "")
            if not name or name in found or len(name) > 120:
                report.reading.wrong(path, _("Every time interval needs a name of its own, of at most 120 characters."))
                continue
            spec = node.get("time_intervals")
            try:
                parse(spec)
            except IntervalError as error:
                line = report.reading.loaded.line((*path, "time_intervals"))
                report.reading.problems.append(Problem(line, error.words))
            found[name] = {"name": name, "spec": spec}
            report.carried(path, _("Time interval “%(name)s” is the same here."), name=name)
    return list(found.values())
