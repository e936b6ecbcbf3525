"""What goes wrong at the demo's insurer: each story is a handful of alerts with the times at which they fire.

Times are seconds after the story begins. The numbers and names in the texts are made up with the story's own random
numbers, so that the same seed tells the same story.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from steward.cli.demo import estate

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """One alert of a story and when it fires."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    faults: tuple[Fault, ...]


def fault(name: str, severity: str, item: str, summary: str, *spans: Span, service: str = "", **more: str) -> Fault:
    """An alert as Prometheus would send it; service, team, tier and environment come from the estate."""
    slug = service or next(plan.service for plan in _ITEMS if plan.name == item)
    plan = estate.service(slug)
    labels = {
        "alertname": name, "severity": severity, "service": slug, "team": plan.team, "tier": str(plan.tier),
        "env": more.pop("env", "production"), "instance": item, **more,
    }  # fmt: skip
    return Fault({key: value for key, value in labels.items() if value}, {"summary": summary}, spans)


_ITEMS = tuple(estate.items())


def uploads_rejected(rng: Random) -> Story:
    """Slow object storage: documents cannot be stored, the portal rejects uploads, scanning piles up."""
    last = rng.uniform(260, 380)
    slow = rng.randint(900, 2600)
    return Story("uploads rejected", (
        fault("StorageLatencyHigh", "critical", "object-storage-appliance-02",
              f"Writes take {slow} ms on object storage (normal: 40 ms)", (0, last)),
        fault("StorageLatencyHigh", "warning", "object-storage-appliance-03",
              f"Writes take {slow // 3} ms on object storage (normal: 40 ms)", (12, last - 10)),
        fault("RequestsTimingOut", "critical", "document-store-application-01",
              f"{rng.randint(18, 44)} % of writes to the document store time out", (25, last + 20)),
        fault("UploadsRejected", "emergency", "claims-portal-application-01",
              f"Claims intake rejects {rng.randint(31, 62)} % of uploads", (45, last + 30)),
        fault("ErrorRateHigh", "critical", "claims-portal-container-02",
              f"{rng.randint(7, 15)} % of requests to the claims portal fail", (50, last + 32)),
        fault("QueueGrowing", "warning", "scanning-application-01",
              f"{rng.randint(300, 900)} scanned pages wait to be stored", (90, last + 75)),
        fault("UploadErrors", "warning", "member-app-application-01",
              "Members see “try again later” when they send a receipt", (70, last + 40)),
    ))  # fmt: skip


def host_lost(rng: Random) -> Story:
    """A hypervisor stops; everything that ran on it goes down within seconds and comes back elsewhere."""
    number = rng.randint(1, estate.HYPERVISORS)
    host = f"virtualisation-hypervisor-{number:02}"
    guests = [plan.name for plan in _ITEMS if plan.runs_on == host]
    back = rng.uniform(110, 170)
    down = [
        fault("InstanceDown", "critical", guest, f"{guest} does not answer", (8 + rng.uniform(0, 9), back + 15 * place))
        for place, guest in enumerate(guests)
    ]
    return Story("hypervisor lost", (
        fault("HostDown", "critical", host, f"{host} does not answer; {len(guests)} machines ran on it",
              (0, back + rng.uniform(120, 240))),
        *down,
        fault("CapacityLow", "warning", "virtualisation-cluster-01",
              "One more lost host would leave machines without room", (30, back + rng.uniform(150, 250))),
    ))  # fmt: skip


def replication_lag(rng: Random) -> Story:
    lag = rng.randint(90, 900)
    end = rng.uniform(200, 420)
    return Story("replication lag", (
        fault("ReplicationLag", "critical", "policy-db-database-02", f"The replica is {lag} s behind", (0, end)),
        fault("SlowQueries", "warning", "policy-db-database-01",
              f"{rng.randint(20, 70)} queries run longer than 5 s", (20, end - 30)),
        fault("LatencyHigh", "warning", "policy-admin-application-01",
              "Opening a contract takes 6 s (normal: 0.8 s)", (55, end + 25)),
        fault("AnswersStale", "warning", "eligibility-application-01",
              "Eligibility answers are older than 5 minutes", (80, end + 15)),
    ))  # fmt: skip


def branch_flaps(rng: Random) -> Story:
    branch = rng.choice(estate.BRANCHES)
    at, spans = 0.0, []
    for _ in range(rng.randint(3, 6)):
        up = at + rng.uniform(12, 35)
        spans.append((at, up))
        at = up + rng.uniform(10, 30)
    return Story("branch line flaps", (
        fault("LineDown", "critical", f"branch-{branch}-line", f"The line to {branch.title()} is down",
              *spans, site=branch),
        fault("PacketLoss", "warning", f"branch-{branch}-router",
              f"{rng.randint(4, 22)} % of packets to {branch.title()} are lost", (8, at + 30), site=branch),
    ))  # fmt: skip


def sign_in_fails(rng: Random) -> Story:
    end = rng.uniform(150, 300)
    return Story("sign-in fails", (
        fault("SignInErrors", "emergency", "identity-application-01",
              f"{rng.randint(12, 40)} % of sign-ins fail", (0, end)),
        fault("SessionsDropped", "critical", "member-app-application-01", "Members are signed out of the app",
              (18, end + 10)),
        fault("ErrorRateHigh", "critical", "broker-portal-application-01", "Brokers cannot open offers",
              (22, end + 14)),
        fault("CallsWaiting", "warning", "telephony-router-01",
              f"{rng.randint(25, 80)} callers wait, longest {rng.randint(9, 24)} min", (60, end + 90)),
    ))  # fmt: skip


def bad_deploy(rng: Random) -> Story:
    slug = rng.choice(("member-app", "claims-portal", "broker-portal", "enrolment", "provider-directory"))
    name = estate.service(slug).name
    end = rng.uniform(100, 210)
    pods = [
        fault("ContainerRestarting", "warning", f"{slug}-container-{n:02}",
              f"{slug}-container-{n:02} restarted {rng.randint(3, 9)} times in 5 minutes",
              (rng.uniform(0, 15), end + rng.uniform(0, 20)))
        for n in range(1, 5)
    ]  # fmt: skip
    return Story("bad deploy", (
        fault("ErrorRateHigh", "critical", f"{slug}-application-01",
              f"{rng.randint(5, 30)} % of requests to {name} fail since the last release", (10, end)),
        *pods,
    ))  # fmt: skip


def consumer_lag(rng: Random) -> Story:
    end = rng.uniform(160, 320)
    return Story("messages pile up", (
        fault("ConsumerLag", "warning", "message-bus-cluster-01",
              f"{rng.randint(4, 90)} 000 messages wait for claims processing", (0, end)),
        fault("QueueGrowing", "warning", "claims-processing-queue-01", "Claims wait longer than 10 minutes",
              (40, end + 30)),
    ))  # fmt: skip


def partner_silent(rng: Random) -> Story:
    end = rng.uniform(140, 260)
    return Story("partners time out", (
        fault("PartnerTimeouts", "critical", "partner-gateway-application-01",
              f"{rng.randint(20, 55)} % of calls from clinics time out", (0, end)),
        fault("LatencyHigh", "warning", "eligibility-application-01", "Eligibility answers take 9 s (normal: 0.6 s)",
              (15, end + 12)),
        fault("LineErrors", "warning", "internet-edge-line-01", "Errors on the carrier's line", (5, end - 20)),
    ))  # fmt: skip


def batch_late(rng: Random) -> Story:
    late = rng.randint(25, 70)
    return Story("batch late", (
        fault("BatchLate", "warning", "billing-job-01", f"The premium run is {late} min late", (0, rng.uniform(180, 300))),
        fault("LoadLate", "warning", "warehouse-job-01", f"The nightly load is {late - 10} min late",
              (20, rng.uniform(200, 330))),
        fault("ReportLate", "info", "reporting-job-01", "Morning reports will be late", (60, rng.uniform(220, 340))),
    ))  # fmt: skip


def payment_file(rng: Random) -> Story:
    end = rng.uniform(120, 240)
    return Story("payment file rejected", (
        fault("FileRejected", "critical", "file-transfer-job-01",
              f"The bank rejected the payment file ({rng.randint(200, 4000)} payments)", (0, end)),
        fault("PaymentsStuck", "critical", "payments-application-01", "Payments wait for a new file", (15, end + 20)),
    ))  # fmt: skip


def certificate_ends(rng: Random) -> Story:
    slug = rng.choice(("claims-portal", "member-app", "broker-portal", "enrolment"))
    return Story("certificate ends", (
        fault("CertificateExpires", "warning", f"{slug}-certificate-01",
              f"The certificate of {estate.service(slug).name} expires in {rng.randint(2, 13)} days",
              (0, rng.uniform(200, 400))),
    ))  # fmt: skip


def staging_noise(rng: Random) -> Story:
    slug = rng.choice(("claims-portal", "identity", "billing", "payments", "policy-admin"))
    return Story("staging noise", (
        fault("ErrorRateHigh", "critical", f"{slug}-staging", f"{estate.service(slug).name} fails in staging",
              (0, rng.uniform(60, 300)), env="staging"),
    ))  # fmt: skip


# name, severity, summary: things that happen to single machines every day
_EVERYDAY = (
    ("CpuHigh", "warning", "{item} is busy: {n} % over 10 minutes"),
    ("MemoryLow", "warning", "{item} has {m} % of its memory free"),
    ("DiskFilling", "warning", "{item}: a volume will be full in {m} hours"),
    ("ClockDrift", "info", "{item}: clock {n} ms off"),
    ("UpdatesPending", "info", "{item}: {m} updates wait for a restart"),
    ("JobFailed", "warning", "{item}: a scheduled job failed"),
)


def everyday(rng: Random) -> Story:
    item = rng.choice([plan for plan in _ITEMS if plan.type in {"vm", "database", "volume", "job"}])
    name, severity, text = rng.choice(_EVERYDAY)
    summary = text.format(item=item.name, n=rng.randint(86, 99), m=rng.randint(2, 9))
    start = rng.uniform(0, 10)
    env = "" if item.environment == "production" else item.environment
    one = fault(name, severity, item.name, summary, (start, start + rng.uniform(60, 260)), env=env or "production")
    return Story("everyday", (one,))


# Each story and how likely it is by night (22–6), in the morning rush (7–10), and by day.
STORIES: tuple[tuple[Callable[[Random], Story], tuple[int, int, int]], ...] = (
    (everyday, (6, 8, 8)),
    (staging_noise, (1, 2, 3)),
    (uploads_rejected, (0, 2, 2)),
    (host_lost, (1, 1, 1)),
    (replication_lag, (2, 2, 2)),
    (branch_flaps, (1, 3, 2)),
    (sign_in_fails, (0, 4, 1)),
    (bad_deploy, (1, 1, 3)),
    (consumer_lag, (1, 2, 2)),
    (partner_silent, (1, 2, 2)),
    (batch_late, (5, 1, 0)),
    (payment_file, (1, 1, 2)),
    (certificate_ends, (1, 1, 1)),
)


def part_of_day(hour: float) -> int:
    """Index into the likelihoods: 0 night, 1 morning rush, 2 day."""
    if 7 <= hour < 10:
        return 1
    return 2 if 6 <= hour < 22 else 0


def choose(rng: Random, hour: float) -> Story:
    """A story that fits the hour."""
    part = part_of_day(hour)
    tell = rng.choices([story for story, _ in STORIES], [weights[part] for _, weights in STORIES])[0]
    return tell(rng)
