"""Every cause of "not paged", through the real pipeline: the verdict names it, and the way shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from steward.estate.configuration import actions as estate
from steward.estate.configuration import queries as configuration
from steward.response.incidents import actions as incident_actions
from steward.response.notifications.tests.conftest import Mails
from steward.response.oncall.tests.factories import schedule
from steward.response.receipts.tests.factories import engine, of_incident, receipt, said, sentence, silence, stages
from steward.response.shadow import actions as shadow
from steward.response.suppression import actions as suppression
from steward.response.triage import actions
from steward.response.triage.tests.factories import (
    ADMIN,
    NOW,
    actor,
    change,
    default_route,
    fire,
    incidents,
    minutes,
    notify,
    policy,
    process,
    resolve,
    route,
    service,
    user,
    wait,
)
from steward.signals.alerts.models import Alert, Source

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


def paging_route(*steps: Any, **changes: Any) -> Any:
    """A route whose policy pages Ann unless told otherwise."""
    return route(policy_id=policy(*(steps or (notify(user("Ann")), wait(5)))).pk, **changes)


def test_silenced() -> None:
    paging_route()
    made = silence()
    fired = fire()
    code, text = said(fired.alert_id)
    assert code == "held"
    assert text == f"Nobody was paged: silence #{made.pk} “db maintenance” held it until 13:00:00."
    found = receipt(fired.alert_id)
    assert stages(found)[-2:] == [("passed", "passed"), ("silence", "held")]
    step = found.steps[-1]
    assert step.rule is not None and (step.rule.kind, step.rule.id) == ("silence", made.pk)
    assert "db maintenance" in step.why


def test_silenced_until_it_was_over() -> None:
    paging_route()
    silence()
    fired = fire()
    resolve(at=NOW + minutes(5))
    code, text = said(fired.alert_id, NOW + minutes(6))
    assert code == "held" and text.endswith("It was over at 12:05:00, while it was held.")


def test_in_maintenance() -> None:
    covered = service(name="Covered")
    estate.update_service(actor=ADMIN, now=NOW, service_id=covered.pk, match_labels={"service": "c"})
    paging_route()
    work = suppression.Work(title="Upgrade", plan=suppression.Plan(NOW, NOW + minutes(60)), service_ids=(covered.pk,))
    window = suppression.create_window(actor=ADMIN, now=NOW, work=work)
    fired = fire(service="c")
    code, text = said(fired.alert_id)
    assert code == "held"
    assert text == f"Nobody was paged: maintenance window #{window.pk} “Upgrade” held it until 13:00:00."
    assert ("enriched", "service") in stages(receipt(fired.alert_id))


def test_inhibited() -> None:
    paging_route(group_by=["..."])
    actions.save_inhibition(
        actor=ADMIN, now=NOW, name="Worse wins", source='severity="critical"', target='severity="warning"',
        equal=["host"],
    )  # fmt: skip
    fire("HostDown", host="a")
    muted = fire("Slow", host="a", severity="warning")
    code, text = said(muted.alert_id)
    assert (code, text) == ("held", "Nobody was paged: inhibition rule “Worse wins” held it.")
    step = receipt(muted.alert_id).steps[-1]
    assert step.stage == "inhibition" and step.rule is not None and step.rule.version == 1
    assert step.rule.configuration > 0


def test_flapping() -> None:
    actions.save_settings(actor=ADMIN, now=NOW, flap_changes=4, flap_window=600, flap_quiet=300)
    route(reopen_minutes=60)
    for number in range(3):
        fire(at=NOW + 20 * number * SECOND)
        last = resolve(at=NOW + (20 * number + 10) * SECOND)
    code, text = said(last.alert_id, NOW + minutes(1))
    assert (code, text) == ("held", "Nobody was paged: flap detection held it until 12:05:50.")
    assert ("flapping", "held") in stages(receipt(last.alert_id))


def test_muted_at_this_time() -> None:
    noon = [{"times": [{"start_time": "12:00", "end_time": "13:00"}]}]
    actions.save_interval(actor=ADMIN, now=NOW, name="noon", spec=noon)
    made = paging_route(name="Day", mute_times=["noon"])
    fired = fire()
    code, text = said(fired.alert_id)
    assert (code, text) == ("held", "Nobody was paged: the times of route “Day” held it until 13:00:00.")
    rule = receipt(fired.alert_id).steps[-1].rule
    assert rule is not None and (rule.kind, rule.id) == ("route", made.pk)


def test_a_symptom() -> None:
    database = estate.create_service(actor=ADMIN, now=NOW, name="Database", match_labels={"service": "db"})
    shop = estate.create_service(actor=ADMIN, now=NOW, name="Shop", match_labels={"service": "shop"})
    estate.add_relation(
        actor=ADMIN, now=NOW, kind="depends_on", source_service_id=shop.pk, target_service_id=database.pk
    )
    configuration.forget()
    route()
    fire("DbDown", service="db")
    symptom = fire("ShopSlow", service="shop")
    ref = incidents()[0].ref
    code, text = said(symptom.alert_id)
    assert (code, text) == ("symptom", f"Nobody was paged for it alone: it is a symptom of {ref} (Shop → Database).")
    joined = next(each for each in receipt(symptom.alert_id).steps if each.code == "symptom")
    assert dict(joined.facts)["path"] == ("Shop", "Database")


def test_a_route_without_a_policy() -> None:
    route(name="Quiet")
    fired = fire()
    code, text = said(fired.alert_id)
    ref = incidents()[0].ref
    assert (code, text) == ("no-policy", f"Nobody was paged: route “Quiet” opened {ref} without an escalation policy.")


def test_a_source_in_shadow_mode() -> None:
    paging_route()
    source = Source.objects.create(name="Prometheus", key_digest="d" * 64, key_prefix="p", kind="alertmanager")
    shadow.set_mode(actor=ADMIN, now=NOW, source_id=source.pk, mode="shadow")
    fired = fire()
    code, text = said(fired.alert_id)
    ref = incidents()[0].ref
    assert (code, text) == ("shadow", f"Nobody is paged for {ref}: the source of its alerts is in shadow mode.")


def test_a_route_that_only_records() -> None:
    route(opens_incident=False)
    fired = fire()
    assert said(fired.alert_id) == ("recorded", "Nobody was paged: its route only records and opens no incident.")


def test_no_route_takes_it_is_the_default_route_that_pages_nobody() -> None:
    default = default_route()
    fired = fire("Else")
    code, text = said(fired.alert_id)
    assert code == "waiting" and text == "Nobody is paged yet: it waits for others of its group until 12:00:30."
    engine(NOW + 31 * SECOND)
    code, text = said(fired.alert_id, NOW + minutes(1))
    assert code == "no-policy" and default.name in text
    assert ("waited", "waited") in stages(receipt(fired.alert_id))


def test_it_was_over_before_its_group_had_waited() -> None:
    paging_route(group_wait=60)
    fired = fire()
    resolve(at=NOW + 20 * SECOND)
    code, text = said(fired.alert_id, NOW + minutes(2))
    assert code == "ended-waiting"
    assert text == "Nobody was paged: it was over at 12:00:20, before an incident was opened."


def test_silenced_while_its_group_waited() -> None:
    """What holds it then is a decision of its own, with its rule."""
    paging_route(group_wait=60)
    fired = fire()
    made = silence()
    engine(NOW + minutes(1))
    code, text = said(fired.alert_id, NOW + minutes(1))
    assert code == "held" and f"silence #{made.pk}" in text
    codes = [(each.stage, each.code) for each in receipt(fired.alert_id, NOW + minutes(1)).steps]
    assert codes.index(("outcome", "waiting")) < codes.index(("silence", "held"))
    assert Alert.objects.get().decisions.count() == 2


def test_what_was_silenced_in_an_incident_is_held_by_a_decision_and_judged_anew() -> None:
    paging_route()
    fired = fire()
    made = silence()
    engine(NOW)
    assert "Nobody is paged for" in said(fired.alert_id)[1]
    later = NOW + minutes(10)
    suppression.expire_silence(actor=ADMIN, now=later, silence_id=made.pk)
    engine(later)
    outcomes = list(Alert.objects.get().decisions.order_by("id").values_list("outcome", "round"))
    assert outcomes == [("opened", 0), ("silence", 1), ("joined", 2)]


def test_it_joined_an_acknowledged_incident() -> None:
    ann = user("Ann")
    route(group_by=[], policy_id=policy(notify(ann)).pk)
    fire("A")
    incident = incidents()[0]
    incident_actions.acknowledge(actor=actor(ann), now=NOW + minutes(1), incident_id=incident.pk)
    late = fire("B", at=NOW + minutes(2))
    code, text = said(late.alert_id, NOW + minutes(3))
    assert code == "joined-acknowledged"
    assert text == f"Nobody was paged: it joined {incident.ref}, which Ann had acknowledged at 12:01:00."


def test_nobody_on_call(mails: Mails) -> None:
    rota = schedule(user("Ann"), name="Primary")
    rota.layers.all().delete()
    paging_route(notify(rota), wait(5))
    fired = fire()
    engine()
    code, text = said(fired.alert_id)
    assert (code, text) == ("nobody", "Nobody was paged: Nobody is on call for Primary.")
    failed = [each for each in receipt(fired.alert_id).steps if each.stage == "escalation" and each.tone == "down"]
    assert [each.values["text"] for each in failed] == [
        "Nobody is on call for Primary.", "No administrator can be reached either. Give one a contact method."
    ]  # fmt: skip


def test_no_contact_method(mails: Mails) -> None:
    paging_route(notify(user("Mute", email="")), wait(5))
    fired = fire()
    engine()
    code, text = said(fired.alert_id)
    assert code == "unreachable"
    assert text.startswith("Mute was to be paged at 12:00:00, and nothing reaches them: Mute has no contact method")


def test_the_channel_failed(mails: Mails) -> None:
    mails.answers = ["554 no such mailbox"] * 9
    paging_route()
    fired = fire()
    engine()
    code, text = said(fired.alert_id)
    assert code == "failed" and text.startswith("Ann was not reached: the page of 12:00:00 failed.")
    assert "554" in text
    assert ("delivery", "failed") in stages(receipt(fired.alert_id))


def test_a_quiet_storm() -> None:
    made = paging_route(group_by=["instance"], storm_groups=3)
    process(*[change("Down", instance=f"i{n}") for n in range(10)])
    silence('alertname="Down"')
    engine(NOW)
    storm = incidents()[0]
    found = of_incident(storm.ref)
    assert found.verdict.code in {"quiet", "called-off"}
    assert f"Nobody is paged for {storm.ref} since 12:00:00: all that fires in it is held." in sentence(found)
    late = fire("Down", at=NOW + SECOND, instance="i99")
    assert said(late.alert_id)[0] == "held"
    assert made.name in storm.title


def test_a_late_alert_of_a_storm() -> None:
    paging_route(group_by=["instance"], storm_groups=3)
    process(*[change("Down", instance=f"i{n}") for n in range(10)])
    late = fire("Down", at=NOW + SECOND, instance="i99")
    code, text = said(late.alert_id)
    assert code == "storm" and text.startswith("Nobody was paged for it alone: it is part of the storm INC-")
