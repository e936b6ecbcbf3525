"""Every address that is not an ordinary public one is refused, in every spelling and every wrapping."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steward.foundation.outbound.errors import Refused
from steward.foundation.outbound.policy import OutboundPolicy, classify

CLOSED = OutboundPolicy()
SPECIAL_V4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
    "240.0.0.0/4",
]  # fmt: skip
SPECIAL_V6 = ["::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8", "2001:db8::/32", "2001::/23", "100::/64"]


def inside(networks: list[str]) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    return st.sampled_from([ip_network(network) for network in networks]).flatmap(
        lambda network: st.integers(0, network.num_addresses - 1).map(lambda offset: network[offset])
    )


def wrap_all(inner: IPv4Address) -> dict[str, IPv6Address]:
    low = int(inner)
    return {
        "mapped": IPv6Address((0xFFFF << 32) | low),
        "compatible": IPv6Address(low),
        "translated": IPv6Address((0xFFFF << 48) | low),
        "6to4": IPv6Address((0x2002 << 112) | (low << 80)),
        "nat64": IPv6Address((0x64FF9B << 96) | low),
        "teredo server": IPv6Address((0x20010000 << 96) | (low << 64)),
        "teredo client": IPv6Address((0x20010000 << 96) | (0x08080808 << 64) | (low ^ 0xFFFFFFFF)),
        "isatap": IPv6Address((0x2A00_1450 << 96) | (0x5EFE << 32) | low),
    }


def refused(policy: OutboundPolicy, address: IPv4Address | IPv6Address | str, host: str = "") -> str:
    with pytest.raises(Refused) as caught:
        policy.check_address(address, host=host)
    assert not caught.value.retryable
    return caught.value.reason


@given(inside(SPECIAL_V4 + SPECIAL_V6))
def test_every_special_address_is_refused(address: IPv4Address | IPv6Address) -> None:
    refused(CLOSED, address)


@given(inside(SPECIAL_V4))
def test_wrapping_in_ipv6_does_not_help(inner: IPv4Address | IPv6Address) -> None:
    assert isinstance(inner, IPv4Address)
    for address in wrap_all(inner).values():
        refused(CLOSED, address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_what_python_calls_private_is_never_allowed(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_link_local:
        refused(CLOSED, address)


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_ipv6_outside_global_unicast_is_refused(address: IPv6Address) -> None:
    usable = address in ip_network("2000::/3") or address in ip_network("64:ff9b::/96")
    if not usable and address.ipv4_mapped is None:
        refused(CLOSED, address)


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e"]
)
def test_public_addresses_pass(text: str) -> None:
    CLOSED.check_address(text)


@pytest.mark.parametrize("wrapping", ["mapped", "nat64", "6to4", "isatap"])
def test_public_address_inside_a_wrapping_in_use_passes(wrapping: str) -> None:
    CLOSED.check_address(wrap_all(IPv4Address("8.8.8.8"))[wrapping])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("127.0.0.1", "loopback"), ("::1", "loopback"), ("10.1.2.3", "private"), ("fd12::1", "private"),
        ("169.254.7.7", "link-local"), ("fe80::1%eth0", "link-local"), ("100.64.0.1", "carrier-nat"),
        ("169.254.169.254", "metadata"), ("fd00:ec2::254", "metadata"), ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"), ("::ffff:169.254.169.254", "metadata"), ("64:ff9b::a9fe:a9fe", "metadata"),
        ("224.0.0.1", "multicast"), ("ff02::1", "multicast"), ("0.0.0.0", "unspecified"), ("::", "unspecified"),
        ("255.255.255.255", "reserved"), ("::ffff:127.0.0.1", "loopback"), ("no address", "invalid"),
    ],
)  # fmt: skip
def test_reason(text: str, reason: str) -> None:
    assert refused(CLOSED, text) == reason


def test_message_names_the_variable_and_the_host() -> None:
    with pytest.raises(Refused, match=r"grafana\.internal \(10\.0\.0\.5\).*STEWARD_OUTBOUND_ALLOW"):
        CLOSED.check_address("10.0.0.5", host="grafana.internal")


@given(inside(["10.20.0.0/16"]), inside(["10.0.0.0/9", "192.168.0.0/16"]))
def test_an_allowed_network_opens_itself_and_nothing_else(
    within: IPv4Address | IPv6Address, other: IPv4Address | IPv6Address
) -> None:
    policy = OutboundPolicy.parse(["10.20.0.0/16"])
    policy.check_address(within)
    assert isinstance(within, IPv4Address)
    policy.check_address(wrap_all(within)["mapped"])
    policy.check_address(wrap_all(within)["nat64"])
    if other not in ip_network("10.20.0.0/16"):
        refused(policy, other)


def test_allowed_host_is_matched_as_a_whole_name() -> None:
    policy = OutboundPolicy.parse(["Grafana.Internal.", "*.lan.example", "bücher.example"])
    for host in ("grafana.internal", "GRAFANA.internal.", "a.b.lan.example", "xn--bcher-kva.example"):
        policy.check_address("10.0.0.5", host=host)
    for host in ("evil-grafana.internal", "grafana.internal.evil.example", "lan.example", ""):
        refused(policy, "10.0.0.5", host)


def test_metadata_opens_only_by_its_very_address() -> None:
    for policy in (
        OutboundPolicy(allow_private=True),
        OutboundPolicy.parse(["169.254.0.0/16", "0.0.0.0/0"]),
        OutboundPolicy.parse(["metadata.example"]),
    ):
        assert refused(policy, "169.254.169.254", "metadata.example") == "metadata"
        assert refused(policy, "::ffff:169.254.169.254", "metadata.example") == "metadata"
    OutboundPolicy.parse(["169.254.169.254"]).check_address("169.254.169.254")


def test_allow_private_leaves_the_senseless_ones_closed() -> None:
    policy = OutboundPolicy(allow_private=True)
    for text in ("127.0.0.1", "10.0.0.1", "fd00::1", "100.64.0.1", "169.254.1.1", "::ffff:10.0.0.1"):
        policy.check_address(text)
    for text in ("0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "2001:db8::1"):
        refused(policy, text)


def test_parse_refuses_a_broken_network() -> None:
    with pytest.raises(ValueError):
        OutboundPolicy.parse(["10.0.0.0/99"])


def test_classify_leaves_public_alone() -> None:
    assert classify(ip_address("93.184.216.34")) is None
