"""The AsyncAPI document of what the bus kit declares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from faststream import AsyncAPI
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from herald.bus.brokers import Broker
from herald.bus.deliveries import Delivery
from herald.bus.entities import existing_exchange, existing_queue
from herald.bus.publishing import declare_publication
from herald.bus.subscribers import subscribe_batches
from herald.contracts import topology
from herald.contracts.vocabulary import Lane

URL = "amqp://user:hunter2@broker.example.com/vhost"


class Attempt(BaseModel):
    """News of an attempt."""

    attempt_id: str


class Inbound(BaseModel):
    """A recipient's message."""

    text: str


async def _ignore(_batch: Sequence[Delivery]) -> None: ...


def _document(broker: Any) -> dict[str, Any]:
    text = AsyncAPI(broker, title="t", version="1").to_specification().to_json()
    assert "hunter2" not in text
    document: dict[str, Any] = json.loads(text)
    return document


def _subscribed(*models: type[BaseModel]) -> dict[str, Any]:
    broker = Broker(URL, app_id="router", role="consuming")
    subscribe_batches(
        broker,
        existing_queue(topology.receipts_queue(Lane.NORMAL), "attempt.*"),
        _ignore,
        prefetch=400,
        max_batch=200,
        payload_models=models,
        title="receipts",
        description="News from channels and ingress.",
        exchange=existing_exchange(topology.RECEIPTS),
        registry=CollectorRegistry(),
    )
    return _document(broker)


def test_batch_subscription_documents_one_message() -> None:
    """The payload is one message's model, not a list of them."""
    document = _subscribed(Attempt)
    channel = document["channels"]["receipts"]
    assert channel["bindings"]["amqp"]["queue"]["name"] == "router.receipts.normal"
    assert channel["description"] == "News from channels and ingress."
    schema = document["components"]["schemas"]["Attempt"]
    assert (schema["type"], list(schema["properties"])) == ("object", ["attempt_id"])


def test_batch_subscription_documents_every_model() -> None:
    """A queue of several kinds of message documents each of them."""
    document = _subscribed(Attempt, Inbound)
    assert {"Attempt", "Inbound"} <= set(document["components"]["schemas"])
    assert "oneOf" in json.dumps(document)


def test_publication_is_documented() -> None:
    """What `Publisher` sends is listed although FastStream does not send it."""
    broker = Broker(URL, app_id="router", role="publishing")
    declare_publication(
        broker,
        existing_exchange(topology.EVENTS),
        "message.{what}.{tenant}",
        Attempt,
        title="message events",
        description="What happens to messages.",
        mandatory=False,
    )
    document = _document(broker)
    [operation] = document["operations"].values()
    assert operation["action"] == "send"
    channel = document["channels"]["message events"]
    assert channel["address"] == "message.{what}.{tenant}"
    assert channel["bindings"]["amqp"]["exchange"]["name"] == "herald.events"
    assert "Attempt" in document["components"]["schemas"]
