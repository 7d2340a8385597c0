"""Ingress while its broker is away, slow or without a topology."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from behaviour.bus.link import linked
from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import running_ingress, until_ready
from herald.topology import RECEIPTS_QUEUE

BODY = json.dumps(
    {
        "entry": [
            {
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "metadata": {"phone_number_id": "100000000000001"},
                            "statuses": [
                                {"id": "wamid.A", "status": "sent", "timestamp": "1768824000"}
                            ],
                        },
                    }
                ]
            }
        ]
    }
).encode()


async def test_ingress_starts_without_its_broker(tmp_path: Path) -> None:
    """Without a broker it is alive, not ready, and asks providers to come again at once."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with running_ingress(f"amqp://guest:guest@127.0.0.1:{port}/", tmp_path) as providers:
        await until_ready(providers, status=503)
        assert (await providers.call("/healthz", method="GET")).status == 200
        started = time.monotonic()
        answer = await providers.meta(BODY)
        assert (answer.status, int(answer.headers["retry-after"]) > 0) == (503, True)
        assert time.monotonic() - started < 1
        assert (await providers.meta(BODY, secret="wrong")).status == 401


async def test_ingress_comes_back_with_its_broker(rabbit: Rabbit, tmp_path: Path) -> None:
    """A lost connection means 503 until it is back; then the provider's next try arrives."""
    async with (
        linked(rabbit.amqp_url) as (link, amqp_url),
        running_ingress(amqp_url, tmp_path) as providers,
    ):
        await until_ready(providers)
        assert (await providers.meta(BODY)).status == 200
        link.cut()
        await until_ready(providers, status=503)
        assert (await providers.meta(BODY)).status == 503
        link.mend()
        await until_ready(providers)
        assert (await providers.meta(BODY)).status == 200
    ids = {message.message_id for message in await rabbit.drain(RECEIPTS_QUEUE)}
    assert len(ids) == 1


async def test_a_silent_broker_is_not_waited_for(rabbit: Rabbit, tmp_path: Path) -> None:
    """Without a confirm in time the answer is 503; the retry is the same fact again."""
    async with (
        linked(rabbit.amqp_url) as (link, amqp_url),
        running_ingress(amqp_url, tmp_path) as providers,
    ):
        await until_ready(providers)
        link.hold()
        started = time.monotonic()
        assert (await providers.meta(BODY)).status == 503
        assert time.monotonic() - started < 10  # Meta and Twilio wait longer than that
        link.release()
        assert (await providers.meta(BODY)).status == 200
    messages = await rabbit.drain(RECEIPTS_QUEUE)
    assert len({message.message_id for message in messages}) == 1
    assert len(messages) == 2  # what timed out arrived all the same


async def test_no_topology_is_our_trouble(amqp_url: str, rabbit: Rabbit, tmp_path: Path) -> None:
    """A receipt that no queue takes is 503, never a thank-you for something lost."""
    async with running_ingress(amqp_url, tmp_path) as providers:
        await until_ready(providers)
        await rabbit.delete_queue(RECEIPTS_QUEUE)
        assert (await providers.meta(BODY)).status == 503
