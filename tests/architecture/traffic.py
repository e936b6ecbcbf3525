"""The traffic rules as functions: a module in, the violations (line and what to do) out."""

import ast
from collections.abc import Callable, Iterator

from tests.architecture.source import Function, Module, imports, room_of

Violation = tuple[int, str]
Rule = Callable[[Module], Iterator[Violation]]

PUBLIC = {"actions", "queries", "events", "errors"}
ALSO_PUBLIC = {"steward.people.accounts.permissions"}
NETWORK = {
    "aiohttp",
    "aiosmtplib",
    "apprise",
    "django.core.mail",
    "httpx",
    "requests",
    "smtplib",
    "urllib.request",
    "urllib3",
}
CLOCKLESS = {"rules", "actions", "queries", "models"}
CLOCKS = {
    "clock.now",
    "date.today",
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.monotonic",
    "time.time",
    "time.time_ns",
    "timezone.localdate",
    "timezone.localtime",
    "timezone.now",
}
CLOCK_IMPORTS = {
    "django.utils.timezone.now",
    "django.utils.timezone.localdate",
    "steward.foundation.clock.now",
    "time.time",
    "time.time_ns",
    "time.monotonic",
}


def outsiders_use_public_modules(module: Module) -> Iterator[Violation]:
    """Another room's insides are closed. Names needed by the type checker alone may come from anywhere below."""
    for found in imports(module):
        room = room_of(found.target)
        if room is None or room == module.room or found.type_only or module.is_test:
            continue
        inside = found.target.removeprefix(room).strip(".").split(".")
        if inside[0] in PUBLIC or any(_is_within(found.target, name) for name in ALSO_PUBLIC):
            continue
        yield found.line, f"{found.target} is private to {room}; use its {', '.join(sorted(PUBLIC))}"


def no_model_signals(module: Module) -> Iterator[Violation]:
    """Workflow goes through actions and events, never through what happens to be saved."""
    if _is_within(module.name, "steward.foundation"):
        return
    for found in imports(module):
        if _is_within(found.target, "django.db.models.signals"):
            yield found.line, "model signals hide workflow; publish an event from the action"


def no_wildcards(module: Module) -> Iterator[Violation]:
    """Every name can be traced to where it comes from."""
    for found in imports(module):
        if found.target.endswith(".*"):
            yield found.line, f"{found.target}: name what you import"


def no_imports_in_functions(module: Module) -> Iterator[Violation]:
    """An import inside a function hides a cycle; cure the cycle.

    Two places must wait for Django: commands of `cli` that set it up first (they say so in a comment), and
    `AppConfig.ready`, which exists for this.
    """
    for found in imports(module):
        if found.function is None or not _is_within(found.target, "steward") or module.is_test:
            continue
        if found.function.name == "ready" and module.parts[-1] == "apps":
            continue
        if _is_within(module.name, "steward.cli"):
            if not _explains(module, found.function):
                yield found.line, f"say in a comment why {found.target} is imported only here"
            continue
        yield found.line, f"{found.target} is imported inside {found.function.name}(); import it at the top"


def only_outbound_opens_connections(module: Module) -> Iterator[Violation]:
    """One SSRF guard, one timeout policy, one retry policy."""
    if _is_within(module.name, "steward.foundation.outbound") or module.is_test:
        return
    for found in imports(module):
        if any(_is_within(found.target, name) for name in NETWORK):
            yield found.line, f"{found.target} opens connections; go through steward.foundation.outbound"


def deciders_read_no_clock(module: Module) -> Iterator[Violation]:
    """Rules, actions, queries and models are told the time, so that they can be tested and replayed."""
    if module.is_test or not (_is_within(module.name, "steward.algorithms") or _in_clockless_module(module)):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS:
            yield node.lineno, f"{ast.unparse(node)} reads a clock; take `now` as an argument"
    for found in imports(module):
        if found.target in CLOCK_IMPORTS:
            yield found.line, f"{found.target} reads a clock; take `now` as an argument"


RULES: list[Rule] = [
    outsiders_use_public_modules,
    no_model_signals,
    no_wildcards,
    no_imports_in_functions,
    only_outbound_opens_connections,
    deciders_read_no_clock,
]


def _in_clockless_module(module: Module) -> bool:
    return module.room is not None and len(module.parts) > 3 and module.parts[3] in CLOCKLESS


def _is_within(dotted: str, parent: str) -> bool:
    return dotted == parent or dotted.startswith(parent + ".")


def _explains(module: Module, function: Function) -> bool:
    """One comment in the function may speak for all of its imports."""
    comments = [line.partition("#")[2] for line in module.lines[function.first - 1 : function.last]]
    return any("Django" in comment or "import" in comment.lower() for comment in comments)
