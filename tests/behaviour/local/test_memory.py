"""What a stack remembers between runs."""

from __future__ import annotations

import socket
from pathlib import Path

from herald_local.saved_state import recall, with_ports

NAMES = ("ingress", "router", "sandbox")


def test_a_stack_keeps_its_ports_and_secrets(tmp_path: Path) -> None:
    """A later run finds the ports and derives the secrets of the first one."""
    first = with_ports(tmp_path, recall(tmp_path), NAMES)
    later = with_ports(tmp_path, recall(tmp_path), NAMES)
    assert later == first
    assert later.secret("smtp password") == first.secret("smtp password")
    assert len(set(first.ports.values())) == len(NAMES)


def test_a_port_that_something_else_took_is_replaced(tmp_path: Path) -> None:
    """A remembered port is given up when it is not free, and only that one."""
    first = with_ports(tmp_path, recall(tmp_path), NAMES)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first.ports["router"]))
        stranger.listen()
        later = with_ports(tmp_path, recall(tmp_path), NAMES)
    assert later.ports["router"] != first.ports["router"]
    assert later.ports["ingress"] == first.ports["ingress"]


def test_two_stacks_share_no_secret(tmp_path: Path) -> None:
    """Each stack has a seed of its own, and each purpose a secret of its own."""
    one, two = recall(tmp_path / "one"), recall(tmp_path / "two")
    assert one.secret("rabbitmq") != two.secret("rabbitmq")
    assert one.secret("rabbitmq") != one.secret("postgresql")


def test_what_is_remembered_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else reads the seed."""
    with_ports(tmp_path, recall(tmp_path), NAMES)
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600
