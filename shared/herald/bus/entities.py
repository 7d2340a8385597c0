"""FastStream's names for the topology: what a service subscribes to and publishes on.

Declared by nobody but `herald topology apply`, hence `declare=False` on everything.
"""

from __future__ import annotations

from faststream.rabbit import ExchangeType, QueueType, RabbitExchange, RabbitQueue


def existing_queue(name: str, routing_key: str = "") -> RabbitQueue:
    """Name a queue that exists; `routing_key` is what AsyncAPI shows as its address."""
    return RabbitQueue(name, queue_type=QueueType.QUORUM, declare=False, routing_key=routing_key)


def existing_exchange(name: str) -> RabbitExchange:
    """Name a topic exchange that exists."""
    return RabbitExchange(name, type=ExchangeType.TOPIC, declare=False)
