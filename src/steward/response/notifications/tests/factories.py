"""People and pages for tests."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from steward.foundation.actors import Actor, system
from steward.foundation.subjects import SubjectRef
from steward.people.accounts.models import Organisation, Team, User
from steward.people.accounts.queries import actor_for_user
from steward.response.notifications import actions
from steward.response.notifications.models import Delivery, Page

NOW = datetime(2026, 3, 2, 3, 4, tzinfo=UTC)  # a Monday
SUBJECT = SubjectRef("incident", 7)
ENGINE = system("engine")
_numbers = itertools.count(1)


def organisation(kind: str = "home") -> Organisation:
    return Organisation.objects.get_or_create(slug=kind, defaults={"kind": kind, "name": kind.title()})[0]


def user(name: str = "", **fields: Any) -> User:
    number = next(_numbers)
    values: dict[str, Any] = {
        "username": f"user{number}", "name": name or f"Person {number}", "email": f"user{number}@example.org",
        "role": "responder", "organisation": organisation(),
    }  # fmt: skip
    return User.objects.create(**{**values, **fields})


def actor(who: User | None = None, **fields: Any) -> Actor:
    return actor_for_user(who or user(**fields))


def team(*members: User, name: str = "") -> Team:
    number = next(_numbers)
    made = Team.objects.create(organisation=organisation(), name=name or f"Team {number}", slug=f"team-{number}")
    for member in members:
        made.memberships.create(user=member)
    return made


def page(who: User, key: str = "k1", **changes: Any) -> actions.PageResult:
    values: dict[str, Any] = {
        "actor": ENGINE, "now": NOW, "user_id": who.pk, "key": key, "subject": SUBJECT, "subject_label": "INC-7",
        "title": "Claims intake rejects uploads", "body": "Error rate 12 %",
        "reason": {"why": "on call for Application", "facts": {"severity": "SEV1", "service": "Claims portal"}},
    }  # fmt: skip
    return actions.page(**{**values, **changes})


def delivery_of(result: actions.PageResult) -> Delivery:
    return Delivery.objects.get(page_id=result.page_id)


def page_of(result: actions.PageResult) -> Page:
    return Page.objects.get(pk=result.page_id)
