"""Which addresses a user's link may lead to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.files.addresses import NAT64, is_allowed

PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::808:808")
PRIVATE = (
    "0.0.0.0",  # noqa: S104  nothing is bound to it
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.9.9.9",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "2002:a00:1::1",
    "2002:808:808::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "not an address",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    """Also that of an IPv4 host as an IPv6-only network sees it."""
    assert is_allowed(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_all_others_are_refused(address: str) -> None:
    """In every form in which an IPv6 address hides an IPv4 one."""
    assert not is_allowed(address)


def test_an_operator_opens_networks_of_their_own() -> None:
    """Those and no others."""
    opened = (ip_network("10.1.0.0/16"), ip_network("fd12::/16"))
    assert is_allowed("10.1.2.3", opened)
    assert is_allowed("::ffff:10.1.2.3", opened)
    assert is_allowed("fd12::7", opened)
    assert not is_allowed("10.2.0.1", opened)


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "fd00:ec2::254"])
def test_no_network_opens_the_metadata_of_clouds(address: str) -> None:
    """They hand out credentials."""
    assert not is_allowed(address, (ip_network("0.0.0.0/0"), ip_network("::/0")))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_is_allowed_is_global_for_python_too(address: IPv4Address | IPv6Address) -> None:
    """Its own tables come from the same registries."""
    if is_allowed(str(address)) and address not in NAT64:
        assert address.is_global


@given(st.ip_addresses(v=4))
def test_an_ipv6_form_is_judged_as_what_it_stands_for(address: IPv4Address) -> None:
    """A mapped one and one behind NAT64."""
    allowed = is_allowed(str(address))
    assert is_allowed(f"::ffff:{address}") is allowed
    assert is_allowed(str(NAT64[int(address)])) is allowed
