"""A storm over HTTP, through a real engine, to a real mail server: everyone gets at most one message in a while."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest

from tests.harness.mail import Sink, sink, text_of
from tests.harness.processes import Steward, scratch, send, steward_up, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("storm")]
# The minute, shortened: what is told is the same, the test need not last minutes.
WINDOW = 12
ALERTS, GROUPS, LIMIT, OTHERS = 2000, 80, 5, 6
PEOPLE = {"database": "dora@example.org", "network": "nils@example.org"}


@pytest.fixture
def mails() -> Iterator[Sink]:
    with sink() as kept:
        yield kept


@pytest.fixture
def steward(mails: Sink) -> Iterator[Steward]:
    values = {"STEWARD_SMTP_HOST": "127.0.0.1", "STEWARD_SMTP_PORT": str(mails.port)}
    with scratch() as folder, steward_up(folder, **values, STEWARD_BUNDLE_SECONDS=str(WINDOW)) as running:
        for team, address in PEOPLE.items():
            responder(running, team, address)
        yield running


def responder(steward: Steward, team: str, address: str) -> None:
    """A person who is paged for the alerts of a team, each service an incident, and as a storm beyond the limit."""
    person = {"username": team, "name": team.title(), "role": "responder", "email": address}
    steps = [{"kind": "notify_user", "id": steward.call("POST", "/people", person)["id"]}]
    steps.append({"kind": "wait", "minutes": 30})  # type: ignore[dict-item]
    policy = steward.call("POST", "/policies", {"name": team, "repeat": 0, "steps": steps})["id"]
    route = {"name": team, "matchers": f'team="{team}"', "group_by": ["service"], "group_wait": 0, "policy_id": policy}
    steward.call("POST", "/routes", {**route, "storm_groups": LIMIT if team == "database" else 0})


def event(team: str, number: int, services: int) -> dict[str, Any]:
    labels = {"team": team, "service": f"{team}-{number % services}", "severity": "critical", "n": str(number)}
    return {"name": ("Timeout", "ErrorRate")[number % 2], "labels": labels}


def to(mails: Sink, address: str) -> list[tuple[EmailMessage, float]]:
    return [(message, at) for message, at in mails.all() if address in str(message["To"])]


def test_a_storm_sends_each_responder_at_most_one_message_a_window(steward: Steward, mails: Sink) -> None:
    path = steward.run("source", "create", "--name", "storm", "--kind", "events")
    outage = [event("database", number, GROUPS) for number in range(ALERTS)]
    others = [event("network", number, OTHERS) for number in range(OTHERS * 3)]
    for first in range(0, ALERTS, 200):
        # Something else breaks meanwhile, an incident after the other.
        mixed = outage[first : first + 200] + others[first // 200 * 2 : first // 200 * 2 + 2]
        assert send(f"{steward.url}{path}/events", "POST", mixed)[0] == 200
        time.sleep(0.5)

    def alerts_of(team: str) -> list[int]:
        return [each["alerts"] for each in steward.incidents() if each["title"] and team in str(each["origin"])]

    wait_until("all alerts in incidents", lambda: sum(alerts_of("database")) == ALERTS, 90)
    found = alerts_of("database")
    storms = [each for each in steward.incidents() if each["origin"].get("storm")]
    assert len(storms) == 1 and len(found) <= LIMIT + 1, found
    assert storms[0]["alerts"] > ALERTS // 2
    assert len(alerts_of("network")) == OTHERS

    wanted = {each["ref"] for each in steward.incidents()}
    assert len(wanted) == len(found) + OTHERS
    wait_until("every incident told", lambda: wanted <= told(mails), WINDOW * 4)
    time.sleep(WINDOW + 3)  # what would come late, comes in this time
    for address in PEOPLE.values():
        arrived = sorted(at for _message, at in to(mails, address))
        assert arrived, address
        # As the mail server saw it: a mail may be under way for a moment longer than the one before.
        gaps = [later - earlier for earlier, later in itertools.pairwise(arrived)]
        assert all(gap > WINDOW - 1 for gap in gaps), (address, gaps)
    assert set(mails.counts().values()) == {1}, "no message came twice"
    assert len(to(mails, PEOPLE["network"])) < OTHERS, "what came in one window was told in one message"


def told(mails: Sink) -> set[str]:
    """The incidents that some message is about."""
    texts = [f"{message['Subject']}\n{text_of(message)}" for message, _at in mails.all()]
    return set(re.findall(r"INC-\d+", "\n".join(texts)))
