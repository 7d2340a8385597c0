"""Operators' commands at the door: only from whom the configuration names."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from herald.config.file import HeraldFile
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.topology import RESEND_KEY
from router.commands import Envelope, Rejection
from router.parsing.control import read_operator
from unit.router.offering import CONFIGURATION, DOCUMENT

OPERATED = HeraldFile.model_validate_json(json.dumps({**DOCUMENT, "operators": {"users": ["ops"]}}))
NOBODYS = CONFIGURATION
GOOD = {"id": str(uuid4())}


def _read(
    body: object, user: str | None, configuration: HeraldFile = OPERATED
) -> ResendMessage | Rejection:
    envelope = Envelope(body=json.dumps(body).encode(), routing_key=RESEND_KEY, user=user)
    return read_operator(envelope, configuration, ResendMessage)


def test_an_operator_may_ask() -> None:
    """The broker's word for a named user is enough."""
    read = _read(GOOD, "ops")
    assert isinstance(read, ResendMessage)
    assert str(read.id) == GOOD["id"]


@pytest.mark.parametrize("user", ["team-a", "OPS", "", None])
def test_nobody_else_is(user: str | None) -> None:
    """Another user, or a command that names none, is refused by the field `user`."""
    read = _read(GOOD, user)
    assert isinstance(read, Rejection)
    assert read.field == "user"
    assert "not an operator" in read.reason


@pytest.mark.parametrize("user", ["ops", None])
def test_without_operators_nobody_may(user: str | None) -> None:
    """The rejection says that the configuration names none."""
    read = _read(GOOD, user, NOBODYS)
    assert isinstance(read, Rejection)
    assert (read.field, read.reason) == ("user", "not an operator: [operators] names no users")


def test_an_unknown_client_learns_nothing_of_the_fields() -> None:
    """Who may not ask gets that answer, whatever else is wrong."""
    read = _read({"nonsense": 1}, "team-a")
    assert isinstance(read, Rejection)
    assert read.field == "user"


BAD = [
    ({}, "", "give id or idempotency_key"),
    ({"id": "7"}, "id", "valid UUID"),
    ({**GOOD, "ttl": "5m"}, "ttl", "no such field"),
    ({**GOOD, "force": "yes"}, "force", "boolean"),
]


@pytest.mark.parametrize(("body", "field", "reason"), BAD)
def test_bad_input_names_its_field(body: object, field: str, reason: str) -> None:
    """As for every other command."""
    read = _read(body, "ops")
    assert isinstance(read, Rejection)
    assert read.field == field
    assert reason in read.reason
