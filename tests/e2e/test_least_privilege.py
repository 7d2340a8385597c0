"""A whole Herald runs under its own users and roles: nothing of it is an administrator."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from typer.testing import CliRunner

from herald.cli.application import application
from herald_local import services
from herald_local.services import NAMES
from herald_local.stack import Stack
from herald_local.web import call

SERVICES = {name: services.service_of(name) for name in NAMES if name != "sandbox"}
SESSIONS = """
SELECT application_name, usename, rolsuper OR rolcreaterole OR rolcreatedb AS is_strong
FROM pg_stat_activity JOIN pg_roles ON rolname = usename
WHERE datname = current_database() AND application_name LIKE 'herald-%'
"""
PATIENCE_SECONDS = 20  # the management interface learns of connections within some seconds


def rows(stack: Stack, path: str) -> list[dict[str, Any]]:
    answer = call("GET", f"{stack.servers.management_url}/api/{path}")
    found: list[dict[str, Any]] = json.loads(answer.body)
    return found


def connections(stack: Stack) -> dict[str, set[str]]:
    """Return the users of each service's connections, by the name that it gives them."""
    users: dict[str, set[str]] = {}
    host = quote(stack.access.names.virtual_host, safe="")
    for row in rows(stack, f"vhosts/{host}/connections"):
        name = str(row.get("user_provided_name", "")).partition(" ")[0]
        if name.removeprefix("herald-") in SERVICES:
            users.setdefault(name.removeprefix("herald-"), set()).add(row["user"])
    return users


def test_each_service_is_its_own_broker_user(stack: Stack) -> None:
    """Whom it connects as has no tag, and so no rights beside its permissions."""
    wanted = {
        name: {stack.access.names.user(service.user)}
        for name, service in SERVICES.items()
        if service.user is not None
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (found := connections(stack)).keys() != wanted.keys():
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert found == wanted
    tags = {row["name"]: row["tags"] for row in rows(stack, "users")}
    assert not any(tags[user] for users in found.values() for user in users)


async def test_each_service_is_its_own_database_role(stack: Stack) -> None:
    """None is a superuser, or could make itself one."""
    connection = await asyncpg.connect(stack.servers.postgres_dsn)
    try:
        found = await connection.fetch(SESSIONS)
    finally:
        await connection.close()
    prefix = stack.access.names.roles.prefix
    assert {(row["application_name"], row["usename"]) for row in found} == {
        (f"herald-{name}", f"{prefix}_{service.role}")
        for name, service in SERVICES.items()
        if service.role is not None
    }
    assert not any(row["is_strong"] for row in found)


@pytest.mark.parametrize("name", NAMES)
def test_a_service_has_no_other_secret(stack: Stack, name: str) -> None:
    """Neither an administrator's nor another service's."""
    environment: Mapping[str, str] = services.environment(stack, name)
    urls = {key: text for key, text in environment.items() if "://" in text and "HERALD_" in key}
    service = services.service_of(name)
    wanted = {
        "HERALD_AMQP_URL": service.user and stack.access.amqp_url(service.user),
        "HERALD_POSTGRES_DSN": service.role and stack.access.postgres_dsn(service.role),
    }
    assert urls == {key: text for key, text in wanted.items() if text}


def herald(environment: Mapping[str, str], *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(application, arguments, env=dict(environment))
    return done.exit_code, done.output


def test_the_broker_is_as_the_commands_say(stack: Stack) -> None:
    """Users, permissions and topology: an administrator sees no difference."""
    said = herald(stack.administrators_environment, "topology", "check")
    assert said == (0, "no differences\n")


def test_whoever_works_with_the_stack_is_no_administrator(stack: Stack) -> None:
    """Its `env` file lets nobody migrate or change the bus."""
    for arguments in (("migrate",), ("topology", "apply")):
        code, said = herald(stack.environment, *arguments)
        assert code == 1, said
        assert "does not allow" in said or "may not" in said or "ACCESS_REFUSED" in said, said
