"""The demo: its organisation holds together, its stories end, its people answer, and filling twice is filling once."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from steward.cli.demo import estate, fill, stories
from steward.cli.demo.answers import IGNORED_EVERY, Seen, acts
from steward.cli.demo.fill import ACTOR
from steward.cli.demo.simulation import Simulation, hour_at
from steward.cli.trouble import Trouble
from steward.config.environment import parse
from steward.estate.configuration import queries as configuration
from steward.foundation import clock
from steward.foundation.actors import system
from steward.people.accounts import actions as accounts
from steward.people.accounts import queries as people
from steward.response.incidents import queries as incidents
from steward.response.oncall import queries as oncall
from steward.response.triage import queries as triage

KEY = tuple[tuple[str, str], ...]


def test_estate_holds_together() -> None:
    teams = {team.slug for team in estate.TEAMS}
    items = list(estate.items())
    names = {item.name for item in items}
    assert (len(estate.SERVICES), len(teams), len(estate.SUPPLIERS), len(estate.CUSTOMERS)) == (40, 6, 3, 2)
    assert 280 <= len(items) == len(names) <= 330
    assert all(plan.team in teams and plan.supplier in {"", *estate.SUPPLIERS} for plan in estate.SERVICES)
    assert all(estate.service(other) for plan in estate.SERVICES for other in plan.depends_on)
    assert {item.runs_on for item in items} <= names | {""}


@pytest.mark.parametrize("tell", [tell for tell, _ in stories.STORIES], ids=lambda tell: tell.__name__)
def test_alerts_of_a_story_belong_to_the_estate(tell: object) -> None:
    items = {item.name: item for item in estate.items()}
    for seed in range(20):
        for fault in tell(Random(seed)).faults:  # type: ignore[operator]
            assert items[fault.labels["instance"]].service == fault.labels["service"]
            assert fault.annotations["summary"]
            flat = [time for span in fault.spans for time in span]
            assert flat == sorted(flat)
            assert all(start < end for start, end in fault.spans)


def play(simulation: Simulation, seconds: int, step: int) -> dict[KEY, list[tuple[float, float | None]]]:
    sent: dict[KEY, list[tuple[float, float | None]]] = {}
    for at in range(0, seconds, step):
        for sending in simulation.step(at):
            assert sending.began <= at
            assert sending.ended is None or sending.ended <= at
            sent.setdefault(tuple(sorted(sending.labels.items())), []).append((sending.began, sending.ended))
    return sent


def test_the_same_seed_tells_the_same_story() -> None:
    assert play(Simulation(3), 600, 2) == play(Simulation(3), 600, 2)
    assert play(Simulation(3), 600, 2) != play(Simulation(4), 600, 2)


@pytest.mark.parametrize("step", [1, 7, 400])
def test_what_fires_ends(step: int) -> None:
    simulation = Simulation(5)
    sent = play(simulation, 4000, step)
    still = {key for key, told in sent.items() if told[-1][1] is None}
    assert len(sent) > 50
    assert len(still) == simulation.firing() < len(sent) / 2


def test_alerts_flap_and_are_refreshed() -> None:
    sent = play(Simulation(5), 4000, 1)
    firings = Counter(key for key, told in sent.items() for _ in {began for began, _ in told})
    refreshed = [key for key, told in sent.items() if Counter(told).most_common(1)[0][1] > 1]
    assert max(firings.values()) > 2
    assert refreshed


def test_a_day_goes_round() -> None:
    assert [hour_at(0), hour_at(16 * 60), hour_at(24 * 60)] == [8, 0, 8]


SEEN = Seen(
    number=IGNORED_EVERY + 1, team="data", severity="SEV1", age=5, acknowledged_age=None, notes=0, by_hand=False,
    supplied=False, raised=False,
)  # fmt: skip


def test_people_take_their_time_and_then_acknowledge() -> None:
    assert not acts(SEEN)
    assert [act.verb for act in acts(replace(SEEN, age=80))] == ["acknowledge"]
    assert not acts(replace(SEEN, age=80, number=IGNORED_EVERY))
    assert [act.verb for act in acts(replace(SEEN, age=320, number=IGNORED_EVERY))] == ["acknowledge"]


def test_people_note_once_what_they_do() -> None:
    at_work = replace(SEEN, age=100, acknowledged_age=40)
    assert [act.verb for act in acts(at_work)] == ["note"]
    assert not acts(replace(at_work, notes=1))
    later = replace(at_work, acknowledged_age=300)
    verbs = [[act.verb for act in acts(replace(later, supplied=True, notes=notes))] for notes in range(5)]
    assert verbs == [["note"], ["note"], ["supplier-note"], ["note"], []]
    assert [act.verb for act in acts(replace(later, notes=3, by_hand=True))] == ["resolve"]


@pytest.fixture
def home(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # twenty-six people
    accounts.ensure_first_administrator(
        actor=ACTOR, now=clock.now(), username="admin", email="", password="an administrator's words"
    )


@pytest.mark.usefixtures("home")
def test_filling_twice_is_filling_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = parse({"STEWARD_DATA": str(tmp_path)})
    state = fill.ensure(env)
    assert fill.ensure(env) == state
    assert capsys.readouterr().out.count(state.password) == 2
    assert (tmp_path / "demo.json").stat().st_mode & 0o077 == 0
    assert configuration.services(ACTOR).count() == 40
    assert configuration.items(ACTOR).count() == len(list(estate.items()))
    assert incidents.active(ACTOR).count() == 0 < incidents.incidents(ACTOR).count()
    assert all(line.shifts for line in oncall.board(ACTOR, clock.now()))
    assert people.organisations(ACTOR).filter(kind="supplier").count() == 3
    assert str(people.home_organisation()) == estate.NAME


@pytest.mark.usefixtures("home")
def test_an_alert_of_each_team_pages_somebody(tmp_path: Path) -> None:
    fill.ensure(parse({"STEWARD_DATA": str(tmp_path)}))
    configuration.forget()
    for plan in estate.SERVICES:
        labels = {
            "alertname": "X",
            "team": plan.team,
            "service": plan.slug,
            "severity": "critical",
            "env": "production",
        }
        (outcome,) = triage.try_labels(system("test"), labels, clock.now()).outcomes
        assert (outcome.service, outcome.severity) == (plan.name, "SEV2")
        assert outcome.pages[0].people
    configuration.forget()


@pytest.mark.usefixtures("home")
def test_a_real_organisation_is_left_alone(tmp_path: Path) -> None:
    accounts.create_user(actor=ACTOR, now=clock.now(), username="kim", name="Kim", role="viewer")
    with pytest.raises(Trouble, match="already holds an organisation"):
        fill.ensure(parse({"STEWARD_DATA": str(tmp_path)}))
