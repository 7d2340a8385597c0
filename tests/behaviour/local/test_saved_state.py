"""What a stack keeps between runs."""

from __future__ import annotations

import socket
from pathlib import Path

from herald_local.saved_state import load_state, with_ports

NAMES = ("ingress", "router", "sandbox")


def test_a_stack_keeps_its_ports_and_secrets(tmp_path: Path) -> None:
    """A later run finds the ports and derives the secrets of the first one."""
    first = with_ports(tmp_path, load_state(tmp_path), NAMES)
    later = with_ports(tmp_path, load_state(tmp_path), NAMES)
    assert later == first
    assert later.secret("smtp password") == first.secret("smtp password")
    assert len(set(first.ports.values())) == len(NAMES)


def test_a_port_that_something_else_took_is_replaced(tmp_path: Path) -> None:
    """A saved port is given up when it is not free, and only that one."""
    first = with_ports(tmp_path, load_state(tmp_path), NAMES)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports["router"]))
        other.listen()
        later = with_ports(tmp_path, load_state(tmp_path), NAMES)
    assert later.ports["router"] != first.ports["router"]
    assert later.ports["ingress"] == first.ports["ingress"]


def test_two_stacks_share_no_secret(tmp_path: Path) -> None:
    """Each stack has a seed of its own, and each purpose a secret of its own."""
    one, two = load_state(tmp_path / "one"), load_state(tmp_path / "two")
    assert one.secret("rabbitmq") != two.secret("rabbitmq")
    assert one.secret("rabbitmq") != one.secret("postgresql")


def test_the_state_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else reads the seed."""
    with_ports(tmp_path, load_state(tmp_path), NAMES)
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
