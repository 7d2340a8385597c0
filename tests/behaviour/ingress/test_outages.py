"""Ingress while its broker is away, slow or without a topology."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import REGISTRY

from behaviour.bus.link import Link, linked
from behaviour.bus.rabbit import Rabbit
from behaviour.ingress.gateway import (
    ACCOUNT_SID,
    Providers,
    running_ingress,
    until_unready,
    until_well,
)
from herald.contracts.topology import receipts_queue
from herald.contracts.vocabulary import Lane

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


CALLBACK = [
    ("MessageSid", "SM" + "1" * 32),
    ("MessageStatus", "delivered"),
    ("AccountSid", ACCOUNT_SID),
]


def kept() -> float:
    """Return how many callbacks were kept so far."""
    labels = {"provider": "twilio", "account": "twilio-main", "outcome": "kept"}
    return REGISTRY.get_sample_value("herald_webhooks_total", labels) or 0.0


@asynccontextmanager
async def without_its_broker(rabbit: Rabbit, folder: Path) -> AsyncIterator[tuple[Link, Providers]]:
    """Give an ingress that the routers know, cut off its broker until its link is mended."""
    async with (
        linked(rabbit.amqp_url) as (link, amqp_url),
        running_ingress(amqp_url, folder) as providers,
    ):
        await until_well(providers)
        link.cut()
        await until_unready(providers)
        yield link, providers


async def test_ingress_starts_without_its_broker(tmp_path: Path, unused_tcp_port: int) -> None:
    """Without a broker it is alive, not ready, and answers providers 503 at once."""
    url = f"amqp://127.0.0.1:{unused_tcp_port}/"
    async with running_ingress(url, tmp_path, twilio="", spool=False) as providers:
        assert (await providers.operations("/readyz")).status == 503
        assert (await providers.operations("/healthz")).status == 200
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
        await until_well(providers)
        assert (await providers.meta(BODY)).status == 200
        link.cut()
        await until_unready(providers)
        assert (await providers.meta(BODY)).status == 503
        link.mend()
        await until_well(providers)
        assert (await providers.meta(BODY)).status == 200
    ids = {message.message_id for message in await rabbit.drain(receipts_queue(Lane.NORMAL))}
    assert len(ids) == 1


async def test_a_silent_broker_is_not_waited_for(rabbit: Rabbit, tmp_path: Path) -> None:
    """Without a confirm in time Meta gets 503, and Twilio's callback is kept.

    Both were published all the same; sent again, they are the same facts.
    """
    async with (
        linked(rabbit.amqp_url) as (link, amqp_url),
        running_ingress(amqp_url, tmp_path) as providers,
    ):
        await until_well(providers)
        link.hold()
        started = time.monotonic()
        answers = await asyncio.gather(providers.meta(BODY), providers.twilio(CALLBACK))
        assert [answer.status for answer in answers] == [503, 204]
        assert time.monotonic() - started < 10  # Meta and Twilio wait longer than that
        link.release()
        assert (await providers.meta(BODY)).status == 200
        await until_well(providers)
    messages = await rabbit.drain(receipts_queue(Lane.NORMAL))
    assert len({message.message_id for message in messages}) == 2
    assert len(messages) == 4


async def test_callbacks_that_do_not_come_again_are_kept(rabbit: Rabbit, tmp_path: Path) -> None:
    """Twilio gets its 204 while the broker is away; all of it arrives when the broker is back."""
    async with without_its_broker(rabbit, tmp_path) as (link, providers):
        before = kept()
        calls = [
            providers.twilio([("MessageSid", f"SM{n:032}"), *CALLBACK[1:]]) for n in range(100)
        ]
        assert {answer.status for answer in await asyncio.gather(*calls)} == {204}
        assert (await providers.meta(BODY)).status == 503
        ready = await providers.operations("/readyz")
        assert ready.status == 200  # webhooks must still be sent here
        assert "bytes wait for the bus" in json.loads(ready.body)["checks"]["spool"]
        assert kept() == before + 100
        link.mend()
        await until_well(providers)
    messages = await rabbit.drain(receipts_queue(Lane.NORMAL))
    assert len(messages) < 20  # several in each
    receipts = [receipt for message in messages for receipt in json.loads(message.body)]
    references = {receipt["references"][0] for receipt in receipts}
    assert references == {f"SM{n:032}" for n in range(100)}
    assert b"SM0000" not in (tmp_path / "spool" / "spool.sqlite").read_bytes()


async def test_what_was_kept_outlives_ingress(rabbit: Rabbit, tmp_path: Path) -> None:
    """What one ingress kept, the next one on the same directory puts on the bus."""
    async with without_its_broker(rabbit, tmp_path) as (_, providers):
        assert (await providers.twilio(CALLBACK)).status == 204
    async with running_ingress(rabbit.amqp_url, tmp_path) as providers:
        await until_well(providers)
    [message] = await rabbit.drain(receipts_queue(Lane.NORMAL))
    assert json.loads(message.body)["status"] == "delivered"


async def test_an_ingress_that_no_router_knows_keeps_nothing(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    """Started without a broker, it takes no callback: nobody would wait for what is on its disk."""
    async with running_ingress(f"amqp://127.0.0.1:{unused_tcp_port}/", tmp_path) as providers:
        assert (await providers.twilio(CALLBACK)).status == 503
        assert (await providers.operations("/readyz")).status == 503


async def test_no_topology_is_our_trouble(amqp_url: str, rabbit: Rabbit, tmp_path: Path) -> None:
    """A receipt that no queue takes is 503, never a 2xx for something lost."""
    async with running_ingress(amqp_url, tmp_path) as providers:
        await until_well(providers)
        await rabbit.delete_queue(receipts_queue(Lane.NORMAL))
        assert (await providers.meta(BODY)).status == 503
