"""What is wrong with a policy, in words, beside the step that it is about."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from steward.foundation.actors import Actor
from steward.foundation.events import publish
from steward.foundation.outbound import OutboundError, check_url
from steward.people.accounts import queries as accounts
from steward.response.oncall import rules
from steward.response.oncall.errors import PolicyInvalid
from steward.response.oncall.events import RunbooksAsked
from steward.response.oncall.queries.schedules import schedules


def check_policy(actor: Actor, steps: Sequence[rules.Step], repeat: int, team_id: int | None) -> None:
    """Refuse a policy that makes no sense, or names what there is not."""
    texts, fields = _texts(), dict[str, list[str]]()
    for index, code in rules.check_steps(steps, repeat):
        name = "repeat" if code == "repeat" else "steps" if index is None else f"steps.{index}"
        fields.setdefault(name, []).append(texts[code])
    for index, text in (*_unknown_targets(actor, steps), *_unusable(steps)):
        fields.setdefault(f"steps.{index}", []).append(text)
    if team_id and not accounts.teams(actor).filter(pk=team_id).exists():
        fields["team"] = [_("Choose one of the teams.")]
    if fields:
        raise PolicyInvalid(next(iter(fields.values()))[0], fields=fields)


def _texts() -> dict[str, str]:
    return {
        "repeat": _("The steps are repeated 0 to %(n)s times.") % {"n": rules.MOST_REPEATS},
        "too-many": _("A policy has at most %(n)s steps.") % {"n": rules.MOST_STEPS},
        "nobody": _("The policy notifies nobody. Add a step that notifies a schedule, a person or a team."),
        "wait": _("Wait 1 to %(n)s minutes.") % {"n": rules.LONGEST_WAIT},
        "kind": _("Choose what the step does."),
        "target": _("Choose whom to notify."),
        "people": _("Choose the people who take turns."),
        "people-twice": _("Choose at most %(n)s people, each once.") % {"n": rules.MOST_PEOPLE},
        "hours": _("Write the hours, such as Monday to Friday from 09:00 to 17:00."),
        "hours-twice": _("A step that waits for hours has no hours as its condition."),
        "days": _("Choose at least one day of the week."),
        "times": _("Write both times, such as 09:00 and 17:00."),
        "zone": _("Write a time zone such as Europe/Berlin."),
        "severity": _("Choose one of SEV1, SEV2, SEV3, SEV4."),
        "alerts": _("Write how many alerts (0 to %(alerts)s) within how many minutes (1 to %(minutes)s).")
        % {"alerts": rules.MOST_ALERTS, "minutes": rules.LONGEST_COUNT},
        "no-condition": _("Say when it continues: hours, a severity, or a number of alerts."),
        "skip-too-far": _("There are not so many steps after this one."),
        "url": _("Write the address to call, such as https://example.org/hook."),
        "runbook": _("Choose the runbook."),
        "no-last-wait": _("End with a step that waits: the steps are repeated, and without it the next round begins"
                          " at once."),
    }  # fmt: skip


def _unknown_targets(actor: Actor, steps: Sequence[rules.Step]) -> list[tuple[int, str]]:
    def named(*kinds: str) -> set[int]:
        return {step.target_id for step in steps if step.kind in kinds and step.target_id is not None}

    rotas, teams = named(*rules.OF_SCHEDULES), named(*rules.OF_TEAMS)
    people = named(rules.NOTIFY_USER) | {key for step in steps for key in step.people}
    known_rotas = set(schedules(actor).filter(pk__in=rotas).values_list("pk", flat=True)) if rotas else set()
    known_teams = set(accounts.teams(actor).filter(pk__in=teams).values_list("pk", flat=True)) if teams else set()
    known_people = {user.pk for user in accounts.active_users(list(people))} if people else set()
    found: list[tuple[int, str]] = []
    for index, step in enumerate(steps):
        if step.target_id is not None:
            if step.kind in rules.OF_SCHEDULES and step.target_id not in known_rotas:
                found.append((index, _("There is no such schedule.")))
            if step.kind in rules.OF_TEAMS and step.target_id not in known_teams:
                found.append((index, _("There is no such team.")))
            if step.kind == rules.NOTIFY_USER and step.target_id not in known_people:
                found.append((index, _("There is no such active person.")))
        if any(key not in known_people for key in step.people):
            found.append((index, _("There is no such active person.")))
    return found


def _unusable(steps: Sequence[rules.Step]) -> list[tuple[int, str]]:
    """Addresses that can never be called, and runbooks that nothing here could start."""
    found = []
    for index, step in enumerate(steps):
        if step.kind == rules.WEBHOOK and step.url:
            try:
                check_url(step.url)
            except OutboundError as error:
                found.append((index, error.message))
    wanted = {index: step.label for index, step in enumerate(steps) if step.kind == rules.RUNBOOK and step.label}
    if wanted:
        asked = RunbooksAsked()
        publish(asked)
        known = {reference for reference, _name in asked.found}
        found += [(index, _("There is no such runbook.")) for index, name in wanted.items() if name not in known]
    return found
