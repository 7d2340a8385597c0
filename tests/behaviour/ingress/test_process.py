"""`python -m ingress` as an operator starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import configure, public_key_of


async def start(environment: dict[str, str]) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HERALD_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ingress",
        env={**clean, **environment},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_settings_are_checked_first() -> None:
    """Without a broker's URL it says so and exits with 2."""
    process = await start({})
    _, said = await process.communicate()
    assert (process.returncode, said) == (2, b"HERALD_AMQP_URL: not set\n")


async def test_secrets_are_checked_at_start(tmp_path: Path) -> None:
    """A secrets file that is missing is named with its account, and the exit is 2."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    (tmp_path / "twilio.toml").unlink()
    url = "amqp://guest:guest@127.0.0.1:1/"
    process = await start({"HERALD_AMQP_URL": url, "HERALD_CONFIG": str(path)})
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"accounts.twilio-main.secrets_file: No such file or directory" in said


async def test_a_spool_is_asked_for_where_one_is_needed(tmp_path: Path) -> None:
    """With a provider that does not retry, no directory or a bad one ends the start with 2."""
    path = configure(tmp_path, public_key_of(ec.generate_private_key(ec.SECP256R1())))
    environment = {"HERALD_AMQP_URL": "amqp://127.0.0.1:1/", "HERALD_CONFIG": str(path)}
    process = await start(environment)
    _, said = await process.communicate()
    assert process.returncode == 2
    assert said.startswith(b"HERALD_SPOOL_DIR: not set; twilio would not send again")
    process = await start({**environment, "HERALD_SPOOL_DIR": str(path / "spool")})
    _, said = await process.communicate()
    expected = f"HERALD_SPOOL_DIR: {path}/spool: Not a directory\n"
    assert (process.returncode, said.decode()) == (2, expected)


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
