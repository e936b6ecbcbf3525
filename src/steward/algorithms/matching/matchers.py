"""One matcher, and what can be done with a list of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from steward.algorithms.matching.errors import MatcherError
from steward.algorithms.matching.errors import gettext_noop as _
from steward.algorithms.matching.regex import compiled

Operator = Literal["=", "!=", "=~", "!~"]
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)


@dataclass(frozen=True, slots=True)
class Matcher:
    """A condition on one label: `name op value`.

    As in Alertmanager, a missing label counts as the empty string, so `team=""` matches alerts without a team
    and `team!=""` those with one; a regular expression must match the whole value.
    """

    name: str
    op: Operator
    value: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not isinstance(self.value, str):
            raise MatcherError(_("A matcher's name and value must be text."))
        if not self.name:
            raise MatcherError(_("A matcher needs a label name before its operator."))
        if self.op not in OPERATORS:
            raise MatcherError(_("Unknown operator %(op)s: use one of =, !=, =~ or !~."), op=repr(self.op))
        if self.op in ("=~", "!~"):
            compiled(self.value)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether this label set satisfies the condition."""
        actual = labels.get(self.name, "")
        if self.op == "=":
            return actual == self.value
        if self.op == "!=":
            return actual != self.value
        return compiled(self.value).matches(actual) == (self.op == "=~")


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Say whether every matcher is satisfied; an empty list is."""
    for matcher in matchers:  # noqa: SIM110 - all(…) takes twice as long, and this is asked for every alert and rule
        if not matcher.matches(labels):
            return False
    return True


def explain(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> list[tuple[Matcher, bool, str]]:
    """Return each matcher with its outcome and the value that it looked at ("" when the label is missing)."""
    return [(matcher, matcher.matches(labels), labels.get(matcher.name, "")) for matcher in matchers]


def to_json(matchers: Iterable[Matcher]) -> list[dict[str, str]]:
    """Return the form that is stored: a list of `{"name": …, "op": …, "value": …}`."""
    return [{"name": matcher.name, "op": matcher.op, "value": matcher.value} for matcher in matchers]


def from_json(data: Any) -> tuple[Matcher, ...]:
    """Read the stored form back; `MatcherError` when it is anything else."""
    if not isinstance(data, list):
        raise MatcherError(_('Matchers must be a list of objects with "name", "op" and "value".'))
    return tuple(_one_from_json(item, index) for index, item in enumerate(data, start=1))


def _one_from_json(item: Any, index: int) -> Matcher:
    if not isinstance(item, dict) or set(item) != {"name", "op", "value"}:
        text = _('Matcher %(index)s must be an object with exactly "name", "op" and "value".')
        raise MatcherError(text, index=index)
    try:
        return Matcher(item["name"], item["op"], item["value"])
    except MatcherError as error:
        raise MatcherError(_("Matcher %(index)s: %(problem)s"), index=index, problem=error.words) from error
