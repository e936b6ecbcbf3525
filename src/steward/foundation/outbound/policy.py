"""Which addresses may be called. Pure: no sockets, no settings, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

VARIABLE = "STEWARD_OUTBOUND_ALLOW"

KINDS = {
    "loopback": gettext_lazy("a loopback address"),
    "private": gettext_lazy("a private address"),
    "link-local": gettext_lazy("a link-local address"),
    "carrier-nat": gettext_lazy("a carrier-grade NAT address"),
    "metadata": gettext_lazy("a cloud metadata address"),
    "multicast": gettext_lazy("a multicast address"),
    "unspecified": gettext_lazy("an unspecified address"),
    "reserved": gettext_lazy("a reserved address"),
}
# What ``allow_private`` opens. The rest (multicast, reserved, unspecified) is never a sensible place for a call, and
# metadata addresses hand out the machine's own credentials, so those must be listed one by one.
PRIVATE_KINDS = frozenset({"loopback", "private", "link-local", "carrier-nat"})

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Google, Azure, OpenStack, DigitalOcean, Hetzner
        "169.254.170.2",  # AWS container credentials
        "169.254.170.23",  # AWS pod identity
        "169.254.0.23",  # Tencent Cloud
        "100.100.100.200",  # Alibaba Cloud
        "100.96.0.96",  # Volcano Engine
        "192.0.0.192",  # Oracle Cloud, old images
        "168.63.129.16",  # Azure wire server: a public number that only answers inside
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",  # Google Cloud over IPv6
        "fd00:42::42",  # Scaleway
    )
)

# Own tables instead of ipaddress' is_private: what that covers differs between Python releases.
_V4 = tuple(
    (IPv4Network(network), kind)
    for network, kind in (
        ("0.0.0.0/8", "unspecified"),
        ("127.0.0.0/8", "loopback"),
        ("10.0.0.0/8", "private"),
        ("172.16.0.0/12", "private"),
        ("192.168.0.0/16", "private"),
        ("169.254.0.0/16", "link-local"),
        ("100.64.0.0/10", "carrier-nat"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("198.18.0.0/15", "reserved"),
        ("198.51.100.0/24", "reserved"),
        ("203.0.113.0/24", "reserved"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6 = tuple(
    (IPv6Network(network), kind)
    for network, kind in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fc00::/7", "private"),
        ("fec0::/10", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("2001::/23", "reserved"),  # Teredo, ORCHID, benchmarking: tunnels and labels, not hosts to call
        ("2001:db8::/32", "reserved"),
        ("3fff::/20", "reserved"),
    )
)
_V6_PUBLIC = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = (IPv6Network("::ffff:0:0:0/96"), IPv6Network("::/96"), _NAT64)  # translated, compatible, NAT64


def classify(address: Address) -> str | None:
    """The kind of special address this is, or None for an ordinary public one. Tunnels are not looked into."""
    table: Iterable[tuple[Network, str]] = _V4 if isinstance(address, IPv4Address) else _V6
    for network, kind in table:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _V6_PUBLIC and address not in _NAT64:
        return "reserved"
    return None


def embedded(address: Address) -> Iterator[IPv4Address]:
    """Every IPv4 address that a router or the host could unwrap from this IPv6 address."""
    if not isinstance(address, IPv6Address) or int(address) <= 1:  # :: and ::1 carry no IPv4 address
        return
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _LAST_32_BITS):
        yield low
    if (int(address) >> 32) & 0xFDFFFFFF == 0x5EFE:  # ISATAP interface identifier, universal or local
        yield low
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def clean_host(host: str) -> str:
    """A host name in the one form that names are compared in."""
    host = host.strip().strip("[]").rstrip(".").lower()
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


@dataclass(frozen=True)
class OutboundPolicy:
    """What the operator allows beside public addresses.

    A name in ``allow_hosts`` (exact, or ``*.example.internal``) may point anywhere but at a metadata address.
    A metadata address is only allowed by a network of exactly that one address.
    """

    allow_networks: tuple[Network, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    allow_private: bool = False

    @classmethod
    def parse(cls, entries: Iterable[str], *, allow_private: bool = False) -> OutboundPolicy:
        """Build the policy from the entries of ``STEWARD_OUTBOUND_ALLOW``; raises ValueError for a broken network."""
        networks: list[Network] = []
        hosts: list[str] = []
        for entry in (raw.strip() for raw in entries):
            if not entry:
                continue
            try:
                networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                if "/" in entry:
                    raise
                hosts.append(clean_host(entry))
        return cls(tuple(networks), tuple(hosts), allow_private)

    def host_allowed(self, host: str) -> bool:
        """Whether the operator listed this name."""
        name = clean_host(host)
        return any(
            name == wanted or (wanted.startswith("*.") and name.endswith(wanted[1:]))
            for wanted in map(clean_host, self.allow_hosts)
        )

    def verdict(self, address: Address, *, host: str = "") -> str | None:
        """The kind for which this address is refused, or None when it may be called."""
        if isinstance(address, IPv6Address):
            address = address.ipv4_mapped or IPv6Address(int(address))  # the second form drops a zone such as %eth0
        inner = list(embedded(address))
        listed = self.host_allowed(host) if host else False
        for candidate in (address, *inner):
            if candidate in METADATA and not self._listed_exactly(candidate):
                return "metadata"
        if listed or self._in_networks(address):
            return None
        kinds = [classify(candidate) for candidate in inner if not self._in_networks(candidate)]
        kinds.append(None if inner and address in _NAT64 else classify(address))
        for kind in kinds:
            if kind is not None and not (self.allow_private and kind in PRIVATE_KINDS):
                return kind
        return None

    def check_address(self, ip: str | Address, *, host: str = "") -> None:
        """Raise Refused unless ``ip`` may be called. ``host`` is the name that led there, for ``allow_hosts``."""
        try:
            address = ip_address(ip) if isinstance(ip, str) else ip
        except ValueError:
            raise Refused(_("“%(ip)s” is not an IP address.") % {"ip": ip}, reason="invalid") from None
        kind = self.verdict(address, host=host)
        if kind is None:
            return
        name = clean_host(host)
        where = f"{name} ({address})" if name and name != str(address) else str(address)
        wanted = str(address) if kind == "metadata" or not name else name
        raise Refused(
            _("%(where)s is %(kind)s; Steward does not call those. If this is intended, add “%(wanted)s” to %(var)s.")
            % {"where": where, "kind": KINDS[kind], "wanted": wanted, "var": VARIABLE},
            reason=kind,
        )

    def _in_networks(self, address: Address) -> bool:
        return any(address in network for network in self.allow_networks)

    def _listed_exactly(self, address: Address) -> bool:
        return any(network.num_addresses == 1 and address in network for network in self.allow_networks)
