"""Which IP addresses a user's link may lead to: public ones, and those an operator names. Pure.

Sources: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890), as of 2025; cloud
providers' own documents for the addresses of their metadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network, RFC 791
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",  # loopback, RFC 1122
        "169.254.0.0/16",  # link-local, RFC 3927: clouds' metadata at 169.254.169.254
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # IETF protocol assignments, RFC 6890: Oracle's metadata
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # AMT, RFC 7450
        "192.88.99.0/24",  # 6to4 relays, RFC 7526
        "192.168.0.0/16",  # private use, RFC 1918
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112
    )
)
PUBLIC_6 = IPv6Network("2000::/3")  # all that is given out as global unicast, RFC 4291
NOT_PUBLIC_6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments, Teredo (RFC 4380) among them
        "2001:db8::/32",  # documentation, RFC 3849
        "2002::/16",  # 6to4 holds an IPv4 address, RFC 3056; given up by RFC 7526
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
)
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: every IPv4 address as an IPv6-only network sees it
# No network that an operator names opens these.
NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.169.254/32",  # AWS, Azure, Google Cloud, DigitalOcean, Hetzner: metadata
        "169.254.170.2/32",  # AWS ECS: credentials
        "169.254.170.23/32",  # AWS EKS: credentials
        "100.100.100.200/32",  # Alibaba Cloud: metadata
        "192.0.0.192/32",  # Oracle Cloud: metadata
        "168.63.129.16/32",  # Azure: the host's own services; a public address by its number
        "224.0.0.0/4",
        "255.255.255.255/32",
        "::/128",
        "fd00:ec2::254/128",  # AWS: metadata
        "fd00:ec2::23/128",  # AWS EKS: credentials
        "fd20:ce::254/128",  # Google Cloud: metadata
        "ff00::/8",
    )
)


def is_allowed(address: str, opened: Sequence[Network] = ()) -> bool:
    """Say whether a connection to an address may be made.

    `opened` are the networks beside the public ones. An IPv6 address that stands for an IPv4 one is
    judged as that.
    """
    try:
        found = _meant(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if _within(found, NEVER):
        return False
    return _is_public(found) or _within(found, opened)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _within(address, NOT_PUBLIC_4)
    return address in PUBLIC_6 and not _within(address, NOT_PUBLIC_6)


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in networks)
