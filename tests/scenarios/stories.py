"""The scenarios. Times are seconds; a notification may come a second late (Alertmanager runs on a real clock)."""

from __future__ import annotations

from tests.scenarios.timeline import Push, Scenario, Silence, Want

LATE = 0.9


def want(at: float, firing: int, receiver: str = "team") -> Want:
    return Want(receiver, at - 0.1, at + LATE, firing)


def alert(name: str, **labels: str) -> dict[str, str]:
    return {"alertname": name, **labels}


ONE = "route: {receiver: team, group_by: [alertname], group_wait: 2s, group_interval: 4s, repeat_interval: 1h}"
REPEAT = "route: {receiver: team, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 5s}"
A = {"a1": alert("A", instance="1"), "a2": alert("A", instance="2"), "a3": alert("A", instance="3")}
HOST = {
    "host": alert("HostDown", instance="1"),
    "disk": alert("DiskFull", instance="1"),
    "far": alert("DiskFull", instance="2"),
}
INHIBIT = """
route: {receiver: team, group_by: ['...'], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
inhibit_rules:
- {source_matchers: [alertname = HostDown], target_matchers: [alertname =~ "Disk.*"], equal: [instance]}
"""
TREE = """
route:
  receiver: other
  group_by: [alertname]
  group_wait: 1s
  group_interval: 3s
  repeat_interval: 1h
  routes:
  - matchers: [team = db]
    receiver: db
    continue: true
  - matchers: [severity = critical]
    receiver: critical
    group_wait: 2s
    routes:
    - {matchers: [env = prod], receiver: prod}
"""
BOTH = """
route: {receiver: team, group_by: ['...'], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
inhibit_rules:
- {source_matchers: [kind =~ "s|both"], target_matchers: [kind =~ "t|both"], equal: [zone]}
"""
KINDS = {kind: alert(kind.title(), kind=kind, zone="z") for kind in ("s", "t", "both")} | {
    "both2": alert("Both2", kind="both", zone="z")
}

STORIES = (
    Scenario(
        "the group wait gathers what comes in it", ONE, A,
        [Push(0, ["a1"]), Push(1, ["a2"])], [want(2, 2)], 4,
    ),
    Scenario(
        "what joins later is told at the group interval", ONE, A,
        [Push(0, ["a1"]), Push(3, ["a2"]), Push(4, ["a3"])], [want(2, 1), want(6, 3)], 12,
    ),
    Scenario(
        "nothing new, nothing told", ONE, A,
        [Push(0, ["a1"]), Push(3, ["a1"]), Push(7, ["a1"])], [want(2, 1)], 12,
    ),
    Scenario(
        "what ends within the group wait is not told", ONE, A,
        [Push(0, ["a1"]), Push(1, ["a1"], resolved=True)], [], 6,
    ),
    Scenario(
        "groups are told apart", ONE, {"a": alert("A"), "b": alert("B")},
        [Push(0, ["a"]), Push(1, ["b"])], [want(2, 1), want(3, 1)], 5,
    ),
    Scenario(
        "a reminder at the first look after the repeat interval", REPEAT, A,
        [Push(0, ["a1"])], [want(1, 1), want(7, 1), want(13, 1)], 14.5,
    ),
    Scenario(
        "news count as a reminder", REPEAT, A,
        [Push(0, ["a1"]), Push(4, ["a2"])], [want(1, 1), want(5, 2), want(11, 2)], 13.5,
    ),
    Scenario(
        "no reminder of what has ended", REPEAT, A,
        [Push(0, ["a1"]), Push(4, ["a1"], resolved=True)], [want(1, 1)], 10,
    ),
    Scenario(
        "a group that is over begins anew", REPEAT, A,
        [Push(0, ["a1"]), Push(2, ["a1"], resolved=True), Push(8, ["a1"])], [want(1, 1), want(9, 1)], 12,
    ),
    Scenario(
        "what fires after a group is over does not wait for its reminder", ONE, A,
        [Push(0, ["a1"]), Push(3, ["a1"], resolved=True), Push(8, ["a2"])], [want(2, 1), want(10, 1)], 12,
    ),
    Scenario(
        "silenced alerts are not told", ONE, A,
        [Silence(0, 'instance="1"', 60), Push(0.5, ["a1", "a2"])], [want(2.5, 1)], 8,
    ),
    Scenario(
        "all silenced, nothing told", ONE, A,
        [Silence(0, "alertname=A", 60), Push(0.5, ["a1", "a2"])], [], 8,
    ),
    Scenario(
        "a source of an inhibition mutes its target", INHIBIT, HOST,
        [Push(0, ["host"]), Push(0.3, ["disk", "far"])], [want(1, 1), want(1.3, 1)], 6,
    ),
    Scenario(
        "what explains an alert may come in the group wait", INHIBIT, HOST,
        [Push(0, ["disk"]), Push(0.5, ["host"])], [want(1.5, 1)], 5,
    ),
    Scenario(
        "an ended source mutes no more", INHIBIT, HOST,
        [Push(0, ["host"]), Push(0.3, ["disk"]), Push(2, ["host"], resolved=True)],
        [want(1, 1), Want("team", 1.9, 4.4, 1)], 7,
    ),
    Scenario(
        "what matches both sides is muted by what is only a source", BOTH, KINDS,
        [Push(0, ["both", "both2"]), Push(2.5, ["t"])], [want(1, 1), want(1, 1)], 6,
    ),
    Scenario(
        "a source mutes what matches both sides", BOTH, KINDS,
        [Push(0, ["s"]), Push(0.3, ["both", "t"])], [want(1, 1)], 5,
    ),
    Scenario(
        "a tree of routes with continue", TREE,
        {
            "db": alert("Slow", team="db", severity="critical", env="prod"), "info": alert("Note", severity="info"),
            "crit": alert("Down", severity="critical", env="dev"),
        },
        [Push(0, ["db", "info", "crit"])],
        [want(1, 1, "db"), want(2, 1, "prod"), want(1, 1, "other"), want(2, 1, "critical")], 6,
        ("other", "db", "critical", "prod"),
    ),
)  # fmt: skip
