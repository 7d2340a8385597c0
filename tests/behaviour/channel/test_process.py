"""`python -m channel_sms` as a process: killed in the middle of a call, and what signals do to it.

Its provider is a server of the test's own that responds when the test lets it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest_asyncio
from aiohttp import BasicAuth, web

from behaviour.bus.rabbit import until
from behaviour.channel.world import World, attempt_id, configure
from secret_files import write_secrets

START_SECONDS = 60  # a process begins late on a busy machine


@dataclass(slots=True)
class Api:
    """Twilio, as far as this test goes."""

    base_url: str = ""
    token: str = "secret"  # all others are refused
    refused: int = 0
    callbacks: list[str] = field(default_factory=list)
    may_respond: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, request: web.Request) -> web.Response:
        form = await request.post()
        if BasicAuth.decode(request.headers["Authorization"]).password != self.token:
            self.refused += 1
            return web.json_response({"code": 20003}, status=401)
        self.callbacks.append(str(form["StatusCallback"]))
        await self.may_respond.wait()
        return web.json_response({"sid": f"SM{len(self.callbacks)}"}, status=201)


@pytest_asyncio.fixture
async def api() -> AsyncIterator[Api]:
    """Give a server that takes messages."""
    served = Api()
    application = web.Application()
    application.router.add_post("/{path:.*}", served.create)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    served.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def process(
    world: World, api: Api, command: Sequence[str] = ("channel_sms",)
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the SMS worker as a process; kill it at the end if it still runs."""
    config = configure(world.folder, rate="1000/s", timeout="5s", base_url=api.base_url)
    environment = {
        **os.environ,
        "HERALD_AMQP_URL": world.rabbit.amqp_url,
        "HERALD_POSTGRES_DSN": world.dsn,
        "HERALD_CONFIG": str(config),
        "HERALD_OPERATIONS_PORT": str(free_port()),
    }
    with (world.folder / "log").open("wb") as log:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, env=environment, stderr=log
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def test_killed_in_the_middle_of_a_call(world: World, api: Api) -> None:
    """Nobody knows how the call ended, so it is reported unknown and never made again."""
    attempt = attempt_id()
    async with process(world, api) as worker:
        await world.send(attempt)
        await until(lambda: api.callbacks, within_seconds=START_SECONDS)
        worker.send_signal(signal.SIGKILL)
        await worker.wait()
    api.may_respond.set()
    row = await world.row(attempt)
    assert row is not None
    assert row["state"] == "started"
    abandoned = attempt_id()
    await world.abandon(abandoned)
    async with process(world, api):
        [receipt] = await world.receipts(1)
        assert receipt["attempt_id"] == abandoned  # the other's lease lives: it might be slow
        assert await world.receipts_so_far() == []
        await world.end_lease(attempt)
        [receipt] = await world.receipts(1)
    assert (receipt["status"], receipt["failure"]["code"]) == ("unknown", "lease_ended")
    assert len(api.callbacks) == 1
    callback = api.callbacks[0].partition("#")[0]
    assert callback.endswith(f"/webhooks/twilio/main?attempt={attempt}")


async def test_sigterm_ends_it_in_good_order(world: World, api: Api) -> None:
    """Stopped during its calls, it finishes and reports them, and then ends."""
    attempts = [attempt_id() for _ in range(10)]
    async with process(world, api) as worker:
        await world.send(*attempts)
        await until(lambda: len(api.callbacks) == 10, within_seconds=START_SECONDS)
        worker.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)  # it is stopping when its calls end
        api.may_respond.set()
        async with asyncio.timeout(20):
            assert await worker.wait() == 0
    receipts = await world.receipts(10)
    assert {receipt["status"] for receipt in receipts} == {"accepted"}
    assert {receipt["attempt_id"] for receipt in receipts} == set(attempts)
    assert len(api.callbacks) == 10
    assert await world.unsettled() == 0


async def test_a_second_signal_ends_it_at_once(world: World, api: Api) -> None:
    """Who asks twice does not wait for the work in hand, which stays unsettled."""
    async with process(world, api) as worker:
        await world.send(attempt_id())
        await until(lambda: api.callbacks, within_seconds=START_SECONDS)
        worker.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGINT)
        async with asyncio.timeout(2):  # the call in hand may take 5 s
            assert await worker.wait() in {-signal.SIGTERM, -signal.SIGINT}
    async with asyncio.timeout(10):
        while await world.unsettled() != 1:  # noqa: ASYNC110  the broker notices the lost link
            await asyncio.sleep(0.05)


async def test_sighup_ends_nothing(world: World, api: Api) -> None:
    """It says that a restart is needed, goes on with its work, and still ends in good order."""
    attempt = attempt_id()
    log = world.folder / "log"
    async with process(world, api) as worker:
        await world.send(attempt)
        await until(lambda: api.callbacks, within_seconds=START_SECONDS)
        worker.send_signal(signal.SIGHUP)
        await until(lambda: b'"service.reload_ignored"' in log.read_bytes())
        api.may_respond.set()
        [receipt] = await world.receipts(1)
        assert receipt["attempt_id"] == attempt
        worker.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGHUP)
        async with asyncio.timeout(20):
            assert await worker.wait() == 0
    assert b'"channel.stopped"' in log.read_bytes()


async def test_the_command_runs_the_same_worker(world: World, api: Api) -> None:
    """`herald channel run sms` makes the calls of the channel until it is asked to stop."""
    attempt = attempt_id()
    api.may_respond.set()
    async with process(world, api, ("herald.cli", "channel", "run", "sms")) as worker:
        await world.send(attempt)
        await until(lambda: api.callbacks, within_seconds=START_SECONDS)
        [receipt] = await world.receipts(1)
        assert (receipt["attempt_id"], receipt["status"]) == (attempt, "accepted")
        worker.send_signal(signal.SIGTERM)
        async with asyncio.timeout(20):
            assert await worker.wait() == 0


async def test_a_replaced_key_heals_its_account(world: World, api: Api) -> None:
    """An account whose key was refused works again once its file holds the new one."""
    api.may_respond.set()
    api.token = "new"
    async with process(world, api):
        await world.send(attempt_id())
        await until(lambda: api.refused, within_seconds=START_SECONDS)
        [receipt] = await world.receipts(1)
        assert receipt["failure"]["class"] == "auth"
        write_secrets(world.folder / "twilio.toml", 'auth_tokens = ["new"]\n')
        async with asyncio.timeout(30):
            while receipt["status"] != "accepted":
                await asyncio.sleep(1)
                await world.send(attempt_id())
                [receipt] = await world.receipts(1)
    assert api.refused == 1
