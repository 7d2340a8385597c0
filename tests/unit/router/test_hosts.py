"""The names by which the read API is called."""

from __future__ import annotations

import pytest

from router.read_api.hosts import allowed_hosts, host_name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8002", "localhost"),
        ("router.herald.svc.:8002", "router.herald.svc"),
        ("127.0.0.1:8002", "127.0.0.1"),
        ("[::1]:8002", "::1"),
        ("[::1]", "::1"),
        ("", ""),
        ("localhost:evil", ""),
        ("localhost:80:80", ""),
        ("evil.example/localhost", "evil.example/localhost"),
    ],
)
def test_the_port_is_no_part_of_a_name(header: str, name: str) -> None:
    """Names are compared without it, whatever their case; an odd header has none."""
    assert host_name(header) == name


def test_loopback_is_always_allowed() -> None:
    """Whoever is on this machine calls it so; the others have to be configured."""
    allowed = allowed_hosts("127.0.0.1", ["router"])
    assert allowed == {"localhost", "127.0.0.1", "::1", "router"}


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::", ""])  # noqa: S104  refused here
def test_every_address_is_no_name(everywhere: str) -> None:
    """A listener on all addresses is called by none of them."""
    assert everywhere not in allowed_hosts(everywhere, [])


def test_a_listener_is_called_by_its_own_address() -> None:
    """What it listens on is a name it answers to."""
    assert "10.0.0.7" in allowed_hosts("10.0.0.7", [])
