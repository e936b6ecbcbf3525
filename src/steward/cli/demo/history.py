"""What happened at the insurer in the days before the demo, as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Past:
    """An incident that is over. Times are minutes; ``notes`` are written one after the other in between."""

    hours_ago: float
    service: str
    severity: str
    title: str
    acknowledged: float
    resolved: float
    notes: tuple[str, ...]


PAST = (
    Past(70.5, "backup", "SEV3", "Restore trial of the document store failed", 12, 145, (
        "The trial machine had too small a disk. Enlarged, started again.", "Second trial restored everything.")),
    Past(63.0, "branch-network", "SEV2", "Kilbride branch offline", 4, 96, (
        "Router has power, line is dark. Ticket with the carrier.", "Carrier found a cut cable on their side.")),
    Past(52.2, "billing", "SEV3", "Reminder letters went out twice to 212 members", 9, 180, (
        "The run was started by hand while the schedule was also on.", "Letter to those members agreed with the desk.")),
    Past(47.6, "member-app", "SEV2", "App shows other language after update", 3, 41, (
        "Rolled back to the release before.",)),
    Past(40.1, "claims-db", "SEV1", "Claims database read-only after failover", 2, 34, (
        "The old primary came back and both wanted the address. Fenced the old one.",
        "Claims processing is catching up, about 900 claims waiting.")),
    Past(31.4, "partner-gateway", "SEV2", "Pharmacies get certificate errors", 5, 58, (
        "Intermediate certificate missing since last night's renewal.",)),
    Past(26.0, "warehouse", "SEV3", "Nightly load 90 minutes late", 22, 130, (
        "One long query of the reporting team held the lock. Agreed on a window.",)),
    Past(22.3, "telephony", "SEV2", "Recordings missing for yesterday evening", 7, 210, (
        "Carrier's recorder was full. They made room.", "The recordings of two hours cannot be had back; noted for audit.")),
    Past(17.8, "identity", "SEV1", "Brokers cannot sign in", 1, 27, (
        "Broken attribute mapping after the change of 18:00. Undone.",)),
    Past(13.2, "email", "SEV3", "Mail to one large customer is delayed", 15, 75, (
        "Their filter took our new address for unknown. They have listed it.",)),
    Past(9.5, "scanning", "SEV3", "Scanner 3 produces empty pages", 11, 64, ("Sensor cleaned.",)),
    Past(6.1, "payments", "SEV2", "Direct debits of the morning not confirmed", 4, 49, (
        "The bank answered late; all 3 118 confirmed now.",)),
    Past(3.4, "virtualisation", "SEV3", "Host 11 loses memory modules", 6, 88, (
        "Machines moved away, host in maintenance, supplier brings modules tomorrow.",)),
)  # fmt: skip

# Said by people while they work: when they look, what they find, what they did. By team.
LOOK = {
    "applications": ("Looking at the last release and the error log.", "Errors began ten minutes ago; no release since noon."),
    "data": ("Looking at locks and replication.", "Checking what runs on the database right now."),
    "platform": ("Looking at the hosts and the storage latency.", "Checking which machines are affected."),
    "network": ("Looking at the line and the routers on both ends.", "Traces from both sides running."),
    "integration": ("Looking at the gateway's log.", "Comparing with the partner's status page."),
    "desk": ("Calling two of the members who reported it.", "Collecting examples from the queue."),
}  # fmt: skip
FOUND = {
    "applications": ("One dependency answers slowly; the pool is exhausted.", "Restarting the worst instances one by one."),
    "data": ("A long report blocks the replica. Asked its owner to stop it.", "Moved the report to the replica."),
    "platform": ("A controller rebuilds; latency goes down as it ends.", "Machines are starting on other hosts."),
    "network": ("The carrier sees errors too and has opened a ticket.", "Moved traffic to the second line."),
    "integration": ("The partner confirms trouble on their side.", "Raised the timeout until they are done."),
    "desk": ("Same pattern in nine calls; banner on the portal is set.", "Members are told to try again later."),
}  # fmt: skip
FIXED = (
    "Better since two minutes. Watching.",
    "Numbers are back to normal; leaving it open until the last alert is gone.",
    "Handing over notes for the review.",
)
# What members and staff tell the desk.
REPORTED = (
    ("intranet", "SEV4", "Staff cannot open the leave form"),
    ("member-app", "SEV3", "Members report a blank card in the app"),
    ("printing", "SEV4", "Printer on the second floor prints in pink"),
    ("crm", "SEV3", "Notes of the last call are not shown"),
    ("telephony", "SEV3", "Callers hear the music twice"),
)
SUPPLIER_SAYS = (
    "We see it on our side as well; an engineer is on it.",
    "Our ticket is open, next word in 30 minutes.",
    "Fixed on our side. Please confirm.",
)
