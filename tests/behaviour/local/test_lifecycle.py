"""A whole stack: started, started again, restored after a crash, stopped."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from herald_local import lifecycle, processes, services
from herald_local.errors import LocalError
from herald_local.names import Names, names_of
from herald_local.programs import run
from herald_local.servers import GivenServers, Servers
from herald_local.stack import Stack
from herald_local.web import call


@pytest.fixture(scope="module")
def given(servers: Servers, management_url: str) -> GivenServers:
    """Give servers for this module's stacks, each of which makes its own room there."""
    return GivenServers(
        amqp_url=servers.amqp_url,
        management_url=management_url,
        postgres_dsn=servers.postgres_dsn,
    )


@pytest.fixture(scope="module")
def running(home: Path, given: GivenServers) -> Iterator[Stack]:
    """Give a running stack."""
    with lifecycle.running_stack(home / "lifecycle", given) as stack:
        yield stack


def _pids(stack: Stack) -> dict[str, int | None]:
    return {name: processes.running_pid(stack.home, name) for name in services.NAMES}


def test_a_second_start_changes_nothing(running: Stack, given: GivenServers) -> None:
    """Starting what runs is free: the same processes at the same addresses."""
    before = _pids(running)
    assert None not in before.values()
    assert lifecycle.start(running.home, given, die_with_parent=True) == running
    assert _pids(running) == before


def test_a_start_after_a_crash_restores_the_stack(running: Stack, given: GivenServers) -> None:
    """When services have died, the next start brings them back at the same addresses."""
    services.kill(running, ["router", "ingress"])
    assert not services.is_ready(running, "router")
    assert lifecycle.start(running.home, given, die_with_parent=True) == running
    assert all(services.is_ready(running, name) for name in services.NAMES)


def test_a_paused_account_keeps_no_stack_from_starting(running: Stack, given: GivenServers) -> None:
    """Services say that they have one, and are ready."""
    herald = [str(Path(sys.executable).parent / "herald"), "account"]
    environment = dict(os.environ) | running.environment
    run([*herald, "pause", "twilio-main"], environment=environment)
    try:
        services.kill(running, ["channel-sms"])
        assert lifecycle.start(running.home, given, die_with_parent=True) == running
        assert services.is_ready(running, "channel-sms")
    finally:
        run([*herald, "resume", "twilio-main"], environment=environment)


def test_a_shell_reads_every_address_from_the_env_file(running: Stack) -> None:
    """The exports survive a shell, and the AMQP URL has no query string."""
    for name, wanted in (
        ("env", running.environment),
        (lifecycle.ADMINISTRATORS_ENV, running.administrators_environment),
    ):
        script = f". '{running.home / name}' && env"
        lines = run(["/bin/sh", "-c", script], environment={}).splitlines()
        read = dict(line.split("=", 1) for line in lines)
        assert read.items() >= wanted.items()
        assert "?" not in read["HERALD_AMQP_URL"]


def test_a_start_that_fails_says_why_and_leaves_nothing_running(
    home: Path, given: GivenServers
) -> None:
    """A database that is away is named, and no process of the stack stays."""
    nowhere = dataclasses.replace(given, postgres_dsn="postgresql://postgres@127.0.0.1:9/postgres")
    with pytest.raises(LocalError, match="PostgreSQL"):
        lifecycle.start(home / "hopeless", nowhere, die_with_parent=True)
    assert processes.recorded(home / "hopeless") == []


def test_a_service_that_ends_is_named_and_nothing_is_left(
    home: Path, given: GivenServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names it alone, with the end of its log; users, roles and all else are gone."""
    broken = tuple(
        services.Service("ingress", "no_such_package", user="ingress")
        if service.name == "ingress"
        else service
        for service in services.SERVICES
    )
    monkeypatch.setattr(services, "SERVICES", broken)
    with (
        pytest.raises(LocalError, match="No module named no_such_package") as caught,
        lifecycle.running_stack(home / "broken", given),
    ):
        pass
    assert "ingress is not ready: it has ended" in str(caught.value)
    assert "router is not ready" not in str(caught.value)
    assert processes.recorded(home / "broken") == []
    assert left_on(given, names_of(home / "broken", given)) == []


def left_on(given: GivenServers, names: Names) -> list[str]:
    """List what a stack that has ended left on servers that are not its own."""
    known = ("users", names.users.values()), ("vhosts", [names.virtual_host])
    left = [
        name
        for kind, wanted in known
        for row in json.loads(call("GET", f"{given.management_url}/api/{kind}").body)
        if (name := row["name"]) in wanted
    ]
    with psycopg.connect(given.postgres_dsn or "") as connection:
        found = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
            " UNION SELECT datname FROM pg_database WHERE datname = %s",
            [list(names.roles.all), names.database],
        )
        return left + [row[0] for row in found]
