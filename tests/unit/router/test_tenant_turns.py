"""Whose turn a command is taken in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from herald.bus.deliveries import Delivery
from router.tenant_turns import TenantTurns
from unit.router.offering import CONFIGURATION

TURN_OF = TenantTurns(CONFIGURATION)


@pytest.mark.parametrize(
    ("body", "user", "turn"),
    [
        ({"tenant": "closed", "metadata": {"tenant": "default"}}, "ops", "closed"),
        ({}, None, "default"),
        ({"tenant": "closed"}, "another", "unknown"),
        ({"tenant": "closed"}, None, "unknown"),
        ({"tenant": "nobody"}, None, "unknown"),
        ({"tenant": 3}, None, "unknown"),
        ([], None, "unknown"),
    ],
)
def test_a_command_is_taken_in_its_tenants_turn(body: Any, user: str | None, turn: str) -> None:
    """Nobody takes another tenant's turns, and made-up tenants share one."""
    assert TURN_OF(Delivery(body=json.dumps(body).encode(), user_id=user)) == turn


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 10_000, b"\xff"])
def test_what_can_not_be_read_has_the_turn_of_what_is_refused(body: bytes) -> None:
    """It is refused by whoever reads it."""
    assert TURN_OF(Delivery(body=body)) == "unknown"
