"""Who may command for which tenant, under which sender, route and id."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from herald.contracts.commands import CancelMessage
from herald.contracts.identifiers import UNKNOWN_TENANT, message_id_for
from router.commands import Candidate, Rejection
from router.parsing.control import read_cancel
from unit.router.offering import CONFIGURATION, envelope, offered, read, refused

MINE = {"tenant": "closed"}


@pytest.mark.parametrize("user", ["team-closed", "ops"])
def test_a_tenants_users_may_command(user: str) -> None:
    """The broker says who published, and the tenant names them."""
    candidate = read(replace(envelope(**MINE), user=user))
    assert isinstance(candidate, Candidate)
    assert candidate.envelope.context.user == user


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("team-b", "this broker user may not command for it"),
        (None, "a command without user_id may not command for it"),
        ("", "a command without user_id may not command for it"),
    ],
)
def test_nobody_else_may(user: str | None, reason: str) -> None:
    """What a command says of its tenant is not believed."""
    refusal = read(replace(envelope(**MINE), user=user))
    assert isinstance(refusal, Rejection)
    assert (refusal.field, refusal.reason) == ("tenant", reason)


def test_an_unknown_user_is_answered_where_the_tenant_does_not_hear_it() -> None:
    """The refusal goes to the user's own tenant, or to no tenant at all."""
    other_user = read(replace(envelope(**MINE), user="team-b"))
    other = read(replace(envelope(tenant="nobody"), user="ops"))
    assert isinstance(other_user, Rejection)
    assert isinstance(other, Rejection)
    assert other_user.tenant == UNKNOWN_TENANT
    assert other.tenant == "closed"


def test_a_tenant_without_users_is_open() -> None:
    """Where no users are configured any broker user commands, as before."""
    assert isinstance(read(replace(envelope(), user="anybody")), Candidate)


def test_a_cancel_is_a_command_too() -> None:
    """Nobody takes another tenant's message back."""
    body = json.dumps({"tenant": "closed", "idempotency_key": "key-1"}).encode()
    asked = replace(envelope(body), routing_key="message.cancel")
    assert isinstance(read_cancel(replace(asked, user="ops"), CONFIGURATION), CancelMessage)
    refusal = read_cancel(replace(asked, user="team-b"), CONFIGURATION)
    assert isinstance(refusal, Rejection)
    assert refusal.field == "tenant"


@pytest.mark.parametrize("field", ["sender", "route"])
def test_anothers_sender_or_route_is_as_good_as_none(field: str) -> None:
    """Nothing is said of names that other tenants have."""
    refusal = refused(**{field: "closed"})
    assert refusal.field == field
    assert refusal.reason.startswith(f"no such {field}; known: ")
    assert "closed" not in refusal.reason


def test_an_own_sender_and_route_may_be_named() -> None:
    """Whom sender and route name uses them."""
    candidate = read(replace(envelope(**MINE, sender="closed", route="closed"), user="ops"))
    assert isinstance(candidate, Candidate)
    assert candidate.message.plan.steps[0].sender == "+15550004444"


def test_nobody_takes_the_id_of_a_command_to_come() -> None:
    """Version 5 ids are computed of tenant and key, so anybody could compute another's."""
    refusal = refused(id=str(message_id_for("plain", "their-next-key")))
    assert refusal.field == "id"
    assert "version 5" in refusal.reason


def test_the_id_that_herald_would_give_may_be_given() -> None:
    """Who computes the id of the very command may say it."""
    own = message_id_for("default", "key-1")
    assert offered(id=str(own)).message.id == own


@pytest.mark.parametrize("given", [UUID(int=4, version=4), UUID(int=7), uuid5(UUID(int=1), "x")])
def test_ids_of_other_versions_are_the_producers(given: UUID) -> None:
    """A random id is nobody's to guess; a version 5 id of another namespace is refused, too."""
    found = read(envelope(id=str(given)))
    assert isinstance(found, Rejection) == (given.version == 5)
