"""The demo's organisation: a regional health insurer, as plain data. Nobody and nothing in it is real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NAME = "Riverbend Health Insurance"
DOMAIN = "riverbend.example"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can sign in. Customers' and suppliers' people name their organisation."""

    username: str
    name: str
    role: str
    team: str = ""
    organisation: str = ""
    time_zone: str = "Europe/Dublin"

    @property
    def email(self) -> str:
        return f"{self.username}@{self.organisation + '.example' if self.organisation else DOMAIN}"


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """A team with its schedule and its route."""

    slug: str
    name: str
    description: str
    time_zone: str
    group_by: tuple[str, ...]
    wait_minutes: int


@dataclass(frozen=True, slots=True)
class ServicePlan:
    slug: str
    name: str
    tier: int
    team: str
    profile: str
    description: str
    depends_on: tuple[str, ...] = ()
    supplier: str = ""


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """A configuration item; an alert belongs to it by its ``instance`` label."""

    type: str
    name: str
    service: str
    environment: str
    runs_on: str = ""


TEAMS = (
    TeamPlan("desk", "Service desk", "First contact for staff, members and brokers.", "Europe/Dublin", ("service",), 10),
    TeamPlan("applications", "Applications", "Claims, policies, billing, the member app.", "Europe/Dublin",
             ("service",), 3),
    TeamPlan("data", "Data", "Databases, warehouse, reporting and models.", "Europe/Madrid", ("service",), 5),
    TeamPlan("platform", "Platform", "Virtual machines, containers, storage and backup.", "Asia/Shanghai",
             ("service", "alertname"), 5),
    TeamPlan("network", "Network", "Core, branches, internet edge and telephony.", "America/New_York",
             ("service", "site"), 5),
    TeamPlan("integration", "Integration", "Sign-in, partner gateway, payments and messages.", "Europe/Dublin",
             ("service",), 3),
)  # fmt: skip

SUPPLIERS = {
    "cobaltridge": "Cobalt Ridge Hosting",
    "fernway": "Fernway Carrier Services",
    "lindenbrook": "Lindenbrook Software",
}
CUSTOMERS = {"saltmarsh": "Saltmarsh Port Authority", "alderline": "Alderline Logistics"}

PEOPLE = (
    Person("maeve", "Maeve", "lead"),
    Person("oskar", "Oskar", "auditor"),
    Person("petra", "Petra", "viewer"),
    Person("aoife", "Aoife", "agent", "desk"),
    Person("bruno", "Bruno", "agent", "desk"),
    Person("celia", "Celia", "responder", "desk"),
    Person("ines", "Ines", "responder", "applications"),
    Person("tomas", "Tomas", "responder", "applications"),
    Person("ronan", "Ronan", "responder", "applications"),
    Person("hanna", "Hanna", "lead", "applications"),
    Person("lucia", "Lucia", "responder", "data", time_zone="Europe/Madrid"),
    Person("mateo", "Mateo", "responder", "data", time_zone="Europe/Madrid"),
    Person("nuria", "Nuria", "lead", "data", time_zone="Europe/Madrid"),
    Person("wei", "Wei", "responder", "platform", time_zone="Asia/Shanghai"),
    Person("jun", "Jun", "responder", "platform", time_zone="Asia/Shanghai"),
    Person("lan", "Lan", "lead", "platform", time_zone="Asia/Shanghai"),
    Person("dana", "Dana", "responder", "network", time_zone="America/New_York"),
    Person("felix", "Felix", "responder", "network", time_zone="America/New_York"),
    Person("grace", "Grace", "responder", "integration"),
    Person("viktor", "Viktor", "responder", "integration"),
    Person("yusuf", "Yusuf", "lead", "integration"),
    Person("cobalt-noc", "Cobalt Ridge operations", "supplier", organisation="cobaltridge"),
    Person("fernway-noc", "Fernway network desk", "supplier", organisation="fernway"),
    Person("linden-support", "Lindenbrook support", "supplier", organisation="lindenbrook"),
    Person("saltmarsh-hr", "Saltmarsh staff office", "customer", organisation="saltmarsh"),
    Person("alderline-hr", "Alderline staff office", "customer", organisation="alderline"),
)

SERVICES = (
    ServicePlan("claims-portal", "Claims portal", 1, "applications", "web", "Members and providers send in claims.",
                ("claims-processing", "document-store", "identity", "load-balancing")),
    ServicePlan("claims-processing", "Claims processing", 1, "applications", "core", "Checks, prices and settles claims.",
                ("claims-db", "eligibility", "message-bus", "fraud-scoring")),
    ServicePlan("policy-admin", "Policy administration", 1, "applications", "core", "Contracts, cover and premiums.",
                ("policy-db", "message-bus", "virtualisation")),
    ServicePlan("member-app", "Member app", 1, "applications", "web", "Cards, claims and messages on the phone.",
                ("identity", "claims-portal", "policy-admin", "containers")),
    ServicePlan("payments", "Payments", 1, "integration", "core", "Payments to members and providers; direct debits.",
                ("billing", "file-transfer", "message-bus")),
    ServicePlan("identity", "Identity and sign-in", 1, "integration", "core", "Sign-in for members, brokers and staff.",
                ("dns", "certificates", "containers")),
    ServicePlan("telephony", "Call centre telephony", 1, "network", "network", "Lines, queues and recording.",
                ("core-network", "internet-edge", "crm"), "fernway"),
    ServicePlan("core-network", "Core network", 1, "network", "network", "Both data centres and what joins them."),
    ServicePlan("billing", "Billing", 2, "applications", "app", "Premium invoices and reminders.",
                ("policy-db", "correspondence")),
    ServicePlan("provider-directory", "Provider directory", 2, "applications", "web", "Doctors and clinics by area.",
                ("containers",)),
    ServicePlan("eligibility", "Eligibility check", 2, "integration", "app", "Answers clinics whether a visit is covered.",
                ("policy-db", "partner-gateway")),
    ServicePlan("partner-gateway", "Partner gateway", 2, "integration", "app", "The door for clinics and pharmacies.",
                ("internet-edge", "certificates")),
    ServicePlan("document-store", "Document store", 2, "platform", "app", "Scans, letters and receipts.",
                ("object-storage",)),
    ServicePlan("policy-db", "Policy database", 2, "data", "database", "The contracts' database and its replicas.",
                ("virtualisation", "object-storage")),
    ServicePlan("claims-db", "Claims database", 2, "data", "database", "The claims' database and its replicas.",
                ("virtualisation", "object-storage")),
    ServicePlan("message-bus", "Message bus", 2, "integration", "cluster", "Events between applications.",
                ("virtualisation",)),
    ServicePlan("virtualisation", "Virtualisation", 2, "platform", "hosts", "Hypervisors in both data centres.",
                ("core-network",), "cobaltridge"),
    ServicePlan("object-storage", "Object storage", 2, "platform", "storage", "Buckets for documents and backups.",
                ("core-network",), "cobaltridge"),
    ServicePlan("containers", "Container platform", 2, "platform", "cluster", "Where newer applications run.",
                ("virtualisation", "load-balancing")),
    ServicePlan("email", "E-mail", 2, "desk", "saas", "Mailboxes and calendars.", ("internet-edge",), "lindenbrook"),
    ServicePlan("branch-network", "Branch network", 2, "network", "branches", "Fourteen branches and their lines.",
                ("core-network",), "fernway"),
    ServicePlan("internet-edge", "Internet edge", 2, "network", "network", "Lines, firewalls and protection.",
                ("core-network",), "fernway"),
    ServicePlan("load-balancing", "Load balancing", 2, "network", "network", "Addresses in front of applications.",
                ("core-network",)),
    ServicePlan("warehouse", "Data warehouse", 2, "data", "database", "Nightly copies for reports and models.",
                ("claims-db", "policy-db", "object-storage")),
    ServicePlan("reporting", "Reporting", 3, "data", "app", "Figures for management and the regulator.",
                ("warehouse",)),
    ServicePlan("fraud-scoring", "Fraud scoring", 3, "data", "app", "Scores each claim before it is paid.",
                ("warehouse", "containers")),
    ServicePlan("correspondence", "Correspondence", 3, "applications", "app", "Letters, printed and sent.",
                ("document-store",), "lindenbrook"),
    ServicePlan("scanning", "Scanning and intake", 3, "applications", "app", "Paper claims become data.",
                ("document-store", "message-bus")),
    ServicePlan("broker-portal", "Broker portal", 3, "applications", "web", "Offers and contracts for brokers.",
                ("identity", "policy-admin")),
    ServicePlan("enrolment", "Enrolment", 3, "applications", "web", "New members join; busy in December.",
                ("policy-admin", "identity")),
    ServicePlan("crm", "Member relations", 3, "desk", "saas", "Every contact with a member.",
                ("identity",), "lindenbrook"),
    ServicePlan("backup", "Backup", 3, "platform", "storage", "Copies of everything, and trials of restoring.",
                ("object-storage",), "cobaltridge"),
    ServicePlan("dns", "DNS and DHCP", 3, "network", "app", "Names and addresses.", ("core-network",)),
    ServicePlan("certificates", "Certificates", 3, "integration", "small", "Issues and renews certificates.", ("dns",)),
    ServicePlan("file-transfer", "File transfer", 3, "integration", "app", "Files to banks and authorities.",
                ("internet-edge",)),
    ServicePlan("remote-access", "Remote access", 3, "network", "app", "Work from home.",
                ("internet-edge", "identity")),
    ServicePlan("intranet", "Intranet", 4, "desk", "small", "News and forms for staff.", ("containers",)),
    ServicePlan("hr", "Staff records", 4, "desk", "saas", "Contracts, leave and pay slips.", (), "lindenbrook"),
    ServicePlan("training", "Training environment", 4, "applications", "small", "A copy to practise on.",
                ("virtualisation",)),
    ServicePlan("printing", "Printing", 4, "desk", "small", "Printers in the head office and branches.", ()),
)  # fmt: skip

BRANCHES = (
    "ashford", "birchwood", "calder", "dunmore", "eastgate", "foxley", "greenhill",
    "hartwell", "kilbride", "lowmoor", "millport", "norbury", "oakham", "penrose",
)  # fmt: skip

# How many items of which type a service of a profile has.
PROFILES: dict[str, tuple[tuple[str, int], ...]] = {
    "core": (("application", 2), ("vm", 5), ("database", 1), ("queue", 1)),
    "web": (("application", 1), ("container", 5), ("cache", 1), ("certificate", 1)),
    "app": (("application", 1), ("vm", 3), ("job", 1)),
    "small": (("application", 1), ("vm", 2)),
    "saas": (("application", 1), ("connector", 1)),
    "database": (("database", 3), ("vm", 3), ("volume", 3), ("job", 2)),
    "cluster": (("vm", 6), ("cluster", 1), ("volume", 2)),
    "hosts": (("hypervisor", 16), ("cluster", 2)),
    "storage": (("appliance", 4), ("volume", 6)),
    "network": (("switch", 4), ("router", 2), ("firewall", 2), ("line", 2)),
    "branches": (),
}
HYPERVISORS = 16


def items() -> Iterator[ItemPlan]:
    """All configuration items, always the same; virtual machines are spread over the hypervisors."""
    placed = 0
    for service in SERVICES:
        for kind, count in PROFILES[service.profile]:
            for number in range(1, count + 1):
                host = ""
                if kind == "vm":
                    host = f"virtualisation-hypervisor-{placed % HYPERVISORS + 1:02}"
                    placed += 1
                yield ItemPlan(kind, f"{service.slug}-{kind}-{number:02}", service.slug, _environment(service), host)
        if service.tier <= 2 and service.profile in {"core", "web", "app"}:
            yield ItemPlan("application", f"{service.slug}-staging", service.slug, "staging")
    for branch in BRANCHES:
        for kind in ("router", "line"):
            yield ItemPlan(kind, f"branch-{branch}-{kind}", "branch-network", "production")


def _environment(service: ServicePlan) -> str:
    return "training" if service.slug == "training" else "production"


def service(slug: str) -> ServicePlan:
    return _BY_SLUG[slug]


_BY_SLUG = {plan.slug: plan for plan in SERVICES}
