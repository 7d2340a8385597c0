"""`python -m ingress` as an operator starts it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import configure, public_key_of
from ingress.spool.database import SpoolDatabase

# mounts `$1` read-only, for what follows alone
READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'


async def start(environment: dict[str, str], *prefix: str) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HERALD_")}
    return await asyncio.create_subprocess_exec(
        *prefix,
        sys.executable,
        "-m",
        "ingress",
        env={**clean, **environment},
        stderr=asyncio.subprocess.PIPE,
    )


async def problems_of(process: asyncio.subprocess.Process) -> list[str]:
    """Wait until a service has given up; return what its last log line says."""
    _, said = await process.communicate()
    assert process.returncode == 2, said
    line = json.loads(said.splitlines()[-1])
    assert (line["event"], line["service"]) == ("service.not_started", "ingress")
    problems: list[str] = line["problems"]
    return problems


async def test_settings_are_checked_first() -> None:
    """Without a broker's URL it says so and exits with 2."""
    process = await start({})
    assert await problems_of(process) == ["HERALD_AMQP_URL: not set"]


async def test_secrets_are_checked_at_start(tmp_path: Path) -> None:
    """A secrets file that is missing is named with its account, and the exit is 2."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "twilio.toml").unlink()
    url = "amqp://guest:guest@127.0.0.1:1/"
    process = await start({"HERALD_AMQP_URL": url, "HERALD_CONFIG": str(path)})
    [problem] = await problems_of(process)
    assert "accounts.twilio-main.secrets_file: No such file or directory" in problem


async def test_a_spool_is_asked_for_where_one_is_needed(tmp_path: Path) -> None:
    """With a provider that does not retry, no directory or a bad one ends the start with 2."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    environment = {"HERALD_AMQP_URL": "amqp://127.0.0.1:1/", "HERALD_CONFIG": str(path)}
    [problem] = await problems_of(await start(environment))
    assert problem.startswith("HERALD_SPOOL_DIR: not set; twilio would not send again")
    process = await start({**environment, "HERALD_SPOOL_DIR": str(path / "spool")})
    assert await problems_of(process) == [f"HERALD_SPOOL_DIR: {path}/spool: Not a directory"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
async def test_a_spool_on_a_read_only_volume_ends_the_start(tmp_path: Path) -> None:
    """An earlier process kept its files there; this one could keep nothing."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    spool = tmp_path / "spool"
    SpoolDatabase(spool, 1_000_000).close()
    environment = {
        "HERALD_AMQP_URL": "amqp://127.0.0.1:1/",
        "HERALD_CONFIG": str(path),
        "HERALD_SPOOL_DIR": str(spool),
    }
    process = await start(
        environment, "unshare", "--mount", "sh", "-c", READ_ONLY, "sh", str(spool)
    )
    assert await problems_of(process) == [f"HERALD_SPOOL_DIR: {spool}: Read-only file system"]


async def test_it_serves_until_stopped(
    rabbit: Rabbit, tmp_path: Path, unused_tcp_port_factory: Callable[[], int]
) -> None:
    """It starts, connects, and on SIGTERM closes everything, then ends with 0."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    process = await start(
        {
            "HERALD_AMQP_URL": rabbit.amqp_url,
            "HERALD_CONFIG": str(path),
            "HERALD_HTTP_PORT": str(unused_tcp_port_factory()),
            "HERALD_OPERATIONS_PORT": str(unused_tcp_port_factory()),
            "HERALD_SPOOL_DIR": str(tmp_path / "spool"),
        }
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(20):
            line = b""
            while b'"bus.connected"' not in line:
                line = await process.stderr.readline()
                assert line, "it ended by itself"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            rest = await process.stderr.read()
            assert await process.wait() == 0
        assert b'"ingress.stopped"' in rest
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
