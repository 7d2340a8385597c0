"""Users and passwords changed beside a running Herald, as docs/rotation.md says."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
import pytest
from psycopg import sql
from yarl import URL

from broker_users import BrokerUser, broker_user
from herald.contracts.rights import Rights
from herald_local import ports, services
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

OLD, NEW = "channel-sms-2", "channel-sms-3"  # replicas, before and after the change


@pytest.fixture
def grown(stack: Stack) -> Iterator[Stack]:
    """Give the stack with room for two more workers; they are stopped afterwards."""
    grown = replace(stack, ports={**stack.ports, OLD: ports.free_port(), NEW: ports.free_port()})
    try:
        yield grown
    finally:
        services.kill(grown, [OLD, NEW])


@contextmanager
def user_with_all_rights(stack: Stack) -> Iterator[BrokerUser]:
    """Make a user with all rights in the stack's virtual host."""
    url = stack.servers.amqp_url
    vhost = unquote(URL(url).raw_path.removeprefix("/")) or "/"
    rights = Rights(configure=".*", write=".*", read=".*")
    with broker_user(str(stack.servers.management_url), url, vhost, rights) as made:
        yield made


@contextmanager
def database_role(stack: Stack) -> Iterator[tuple[str, str]]:
    """Make a role that may what the owner of Herald's tables may; give its name and DSN."""
    name = f"rotated_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(stack.servers.postgres_dsn, autocommit=True) as admin:
        [owner] = admin.execute(
            "SELECT tableowner FROM pg_tables WHERE (schemaname, tablename) = ('channel', 'sends')"
        ).fetchone() or ("",)
        made = sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret' IN ROLE {}")
        admin.execute(made.format(sql.Identifier(name), sql.Identifier(owner)))
        try:
            dsn = URL(stack.servers.postgres_dsn).with_user(name).with_password("secret")
            yield name, str(dsn)
        finally:
            end_role(admin, name)


def end_role(admin: psycopg.Connection[Any], name: str) -> None:
    """Let a role log in no more, and end its sessions."""
    admin.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))


def configuration(stack: Stack, folder: Path) -> Path:
    """Write the stack's configuration so that a service's broker user may be any."""
    text = re.sub(r"(?ms)^\[services\]\n.*?(?=^\[|\Z)", "", stack.config.read_text())
    text = text.replace('"secrets/', f'"{stack.home}/secrets/')
    path = folder / "herald.toml"
    path.write_text(text)
    return path


def checks(stack: Stack, name: str) -> dict[str, str]:
    """Ask a replica for its readiness."""
    answer = call("GET", f"{stack.operations_url(name)}/readyz")
    said: dict[str, str] = json.loads(answer.body)["checks"] if answer.status else {}
    return said


def test_users_and_roles_are_changed_while_both_are_valid(grown: Stack, tmp_path: Path) -> None:
    """A replica with the new ones is ready before the old ones end; one with the old says so."""
    config = {"HERALD_CONFIG": str(configuration(grown, tmp_path))}
    with (
        user_with_all_rights(grown) as old,
        user_with_all_rights(grown) as new,
        database_role(grown) as (old_role, old_dsn),
        database_role(grown) as (_, new_dsn),
        psycopg.connect(grown.servers.postgres_dsn, autocommit=True) as admin,
    ):
        for name, url, dsn in ((OLD, old.url, old_dsn), (NEW, new.url, new_dsn)):
            changes = config | {"HERALD_AMQP_URL": url, "HERALD_POSTGRES_DSN": dsn}
            services.launch(grown, name, die_with_parent=True, changes=changes)
        services.wait_ready(grown, [OLD, NEW])
        call("DELETE", f"{grown.servers.management_url}/api/users/{old.name}")
        end_role(admin, old_role)
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            " AND usesysid NOT IN (SELECT oid FROM pg_roles)",
            ["herald-channel-sms"],
        )
        wait_until(
            lambda: all(
                "refuses the user or its password" in checks(grown, OLD).get(check, "")
                for check in ("broker", "database")
            ),
            timeout_seconds=30,
            complaint=lambda: f"in vain: {checks(grown, OLD)}",
        )
        assert services.is_ready(grown, NEW)
        services.stop(grown, [OLD, NEW])
