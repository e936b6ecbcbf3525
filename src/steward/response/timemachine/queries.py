"""Reads of versions and drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from steward.estate.configuration import queries as configuration
from steward.foundation.actors import Actor
from steward.response.oncall import queries as oncall
from steward.response.timemachine.errors import DraftInvalid, DraftNotFound, ReplayNotFound, VersionNotFound
from steward.response.timemachine.models import ConfigurationVersion, Draft, Replay
from steward.response.timemachine.rules.difference import Change, difference
from steward.response.timemachine.rules.document import Checked, check, filled, policies_of
from steward.response.timemachine.rules.loading import Problem, Unreadable, load
from steward.response.timemachine.rules.merging import Merged, merge
from steward.response.triage import queries as triage


def versions(actor: Actor) -> QuerySet[ConfigurationVersion]:
    """All versions, newest first; without their documents, which lists do not need."""
    return ConfigurationVersion.objects.visible_to(actor).defer("document").order_by("-number")


def version_by_number(actor: Actor, number: int) -> ConfigurationVersion:
    found = ConfigurationVersion.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise VersionNotFound(_("There is no such version, or you may not see it."))
    return found


def live_at(moment: OuterRef) -> Subquery:
    """The number of the version that was live at a row's own moment, for annotating other rooms' rows."""
    found = ConfigurationVersion.objects.filter(at__lte=moment).order_by("-number")
    return Subquery(found.values("number")[:1])


def newest() -> ConfigurationVersion | None:
    return ConfigurationVersion.objects.order_by("-number").first()


def before(version: ConfigurationVersion) -> ConfigurationVersion | None:
    """The version that it replaced."""
    return ConfigurationVersion.objects.filter(number__lt=version.number).order_by("-number").first()


def live() -> dict[str, Any]:
    """The live configuration with everything written out."""
    return filled(triage.document())


def changes_of(version: ConfigurationVersion) -> tuple[Change, ...]:
    """What it changed; of the first version, everything."""
    earlier = before(version)
    return difference(earlier.document if earlier else {}, version.document)


def changes_of_several(found: Sequence[ConfigurationVersion]) -> dict[int, tuple[Change, ...]]:
    """What each of these versions changed, by number; their documents are read in one query."""
    wanted = {each.number for each in found}
    wanted |= {number - 1 for number in wanted}
    documents = dict(ConfigurationVersion.objects.filter(number__in=wanted).values_list("number", "document"))
    return {
        each.number: difference(documents.get(each.number - 1) or {}, documents[each.number])
        for each in found
        if each.number in documents
    }


def drafts(actor: Actor) -> QuerySet[Draft]:
    """All drafts, the ones last worked on first; without their texts."""
    found = Draft.objects.visible_to(actor).select_related("base", "version", "owner")
    return found.defer("text", "report", "receivers", "base__document", "version__document").order_by(
        "-updated_at", "-id"
    )


def draft_by_id(actor: Actor, draft_id: int) -> Draft:
    found = Draft.objects.visible_to(actor).select_related("base", "version", "owner").filter(pk=draft_id).first()
    if found is None:
        raise DraftNotFound(_("There is no such draft, or you may not see it."))
    return found


@dataclass(frozen=True, slots=True)
class Imported:
    """Alertmanager's receivers and the policies (by name) that stand for them, by the imports that were published (the
    latest counts); and since when the configuration is live that is."""

    policies: dict[str, str]
    live_since: datetime | None


def imported() -> Imported:
    """What published imports said, in one question."""
    newest = ConfigurationVersion.objects.order_by("-number").values("number")[:1]
    wanted = Q(draft__origin=Draft.Origin.ALERTMANAGER) | Q(number=Subquery(newest))
    policies: dict[str, str] = {}
    live_since = None
    rows = ConfigurationVersion.objects.filter(wanted).order_by("number")
    for live_since, receivers in rows.values_list("at", "draft__receivers"):  # noqa: B007 (the last one is live)
        policies |= {each["name"]: each["policy"] for each in receivers or () if each.get("policy")}
    return Imported(policies, live_since)


@dataclass(frozen=True, slots=True)
class Read:
    """A draft's text, read: the document (None if there is none), what is wrong on which line, and (if they were asked
    for) the names of the policies that there are."""

    document: dict[str, Any] | None
    problems: tuple[Problem, ...]
    policies: frozenset[str] = frozenset()

    @property
    def usable(self) -> dict[str, Any] | None:
        return None if self.problems else self.document


def read(actor: Actor, text: str, *, names: bool = True) -> Read:
    """Read a configuration as text; with ``names``, that its policies and services exist is checked too."""
    try:
        loaded = load(text)
    except Unreadable as error:
        return Read(None, (error.problem,))
    policies = set(oncall.policies(actor).values_list("name", flat=True)) if names else None
    services = set(configuration.services(actor).values_list("name", flat=True)) if names else None
    checked: Checked = check(loaded, policies=policies, services=services)
    return Read(checked.document, checked.problems, frozenset(policies or ()))


def usable(actor: Actor, draft: Draft, *, names: bool = True) -> dict[str, Any]:
    """The draft's document; DraftInvalid with every problem if it cannot be used. Without ``names``, policies and
    services that do not exist pass: they are about to be replaced."""
    found = read(actor, draft.text, names=names)
    if found.usable is None:
        text = _("The draft has problems: see what is wrong on which line.")
        line = _("Line %(line)s: %(text)s")
        told = plain(found.problems)
        raise DraftInvalid(text, problems=told, fields={"text": [line % each for each in told[:20]]})
    return found.usable


def plain(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems in the reader's language, as errors carry them."""
    return [{"line": each.line, "text": each.words.said(_)} for each in problems]


def policies_in(document: Mapping[str, Any]) -> set[str]:
    """The names of the escalation policies that a document needs."""
    return policies_of(document)


def parsed(text: str) -> dict[str, Any] | None:
    """The document as far as it can be read, whatever else is wrong with it."""
    try:
        return check(load(text)).document
    except Unreadable:
        return None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a draft stands to what is live: its changes, whether live has moved since its base, and if so what merging
    comes to."""

    changes: tuple[Change, ...]
    live_moved: tuple[Change, ...]
    merged: Merged | None


def standing(draft: Draft, document: Mapping[str, Any]) -> Standing:
    """Hold a draft against the live configuration."""
    now = live()
    base = filled(draft.base.document)
    moved = difference(base, now)
    return Standing(difference(now, document), moved, merge(base, now, document) if moved else None)


def replays(actor: Actor, draft_id: int) -> QuerySet[Replay]:
    """The replays of a draft, newest first, without the configurations that were replayed."""
    return Replay.objects.visible_to(actor).filter(draft_id=draft_id).defer("document", "live").order_by("-id")


def replay_by_id(actor: Actor, replay_id: int) -> Replay:
    found = Replay.objects.visible_to(actor).select_related("draft").filter(pk=replay_id)
    replay = found.defer("document", "live", "draft__text").first()
    if replay is None:
        raise ReplayNotFound(_("There is no such replay, or you may not see it."))
    return replay
