"""Commands to erase a recipient, at the door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from herald.config.loading import load_configuration
from router.commands import Envelope, ErasureRequest, Rejection
from router.parsing.control import read_erase

CONFIGURATION = load_configuration(
    Path(__file__).parents[2] / "behaviour" / "router" / "herald.toml"
).file
OPERATOR, OWN = "herald-test-operator", "herald-test-own"


def read(
    user: str | None = None, message_id: str | None = "m", **fields: Any
) -> ErasureRequest | Rejection:
    body = {"to": {"phone": "+1 555 000 2222", "email": "Ada@Example.COM"}} | fields
    envelope = Envelope(
        body=json.dumps(body).encode(),
        routing_key="recipient.erase",
        message_id=message_id,
        user=user,
    )
    return read_erase(envelope, CONFIGURATION)


def test_addresses_are_in_one_form() -> None:
    """They are what messages to them were accepted with."""
    asked = read()
    assert isinstance(asked, ErasureRequest)
    assert asked.addresses == ["+15550002222", "Ada@example.com"]
    assert asked.tenant == "default"


def test_its_id_is_made_of_its_command() -> None:
    """The same command is the same erasure, and no other tenant's."""
    first, again, other = read(), read(), read(tenant="other")
    assert isinstance(first, ErasureRequest)
    assert isinstance(again, ErasureRequest)
    assert isinstance(other, ErasureRequest)
    assert first.id == again.id != other.id


@pytest.mark.parametrize(
    ("user", "tenant", "allowed"),
    [
        (None, "default", True),  # names no users: anybody may
        (None, "closed", False),
        ("another", "closed", False),
        (OWN, "closed", True),
        (OPERATOR, "closed", True),
        (OWN, None, False),
        (None, None, False),
        (OPERATOR, None, True),
    ],
)
def test_who_may(user: str | None, tenant: str | None, *, allowed: bool) -> None:
    """A tenant's users for their own, operators for any and for all."""
    read_as = read(user, tenant=tenant)
    assert isinstance(read_as, ErasureRequest) is allowed
    if isinstance(read_as, Rejection):
        assert read_as.field == "tenant"


def test_a_command_without_a_name_is_refused() -> None:
    """Twice the same bytes may be two erasures; without a name nobody could say."""
    refused = read(message_id=None)
    assert isinstance(refused, Rejection)
    assert refused.field == "id"
