"""FastStream's names for the topology: what a service subscribes to and publishes on.

Declared by nobody but `herald topology apply`, hence `declare=False` on everything.
"""

from __future__ import annotations

from faststream.rabbit import ExchangeType, QueueType, RabbitExchange, RabbitQueue

from herald.contracts.topology import topology_for

_TYPES = {exchange.name: ExchangeType(exchange.kind) for exchange in topology_for(()).exchanges}


def existing_queue(name: str, routing_key: str = "") -> RabbitQueue:
    """Name a queue that exists; `routing_key` is what AsyncAPI shows as its address."""
    return RabbitQueue(name, queue_type=QueueType.QUORUM, declare=False, routing_key=routing_key)


def existing_exchange(name: str) -> RabbitExchange:
    """Name an exchange that exists; one that each channel has is direct."""
    return RabbitExchange(name, type=_TYPES.get(name, ExchangeType.DIRECT), declare=False)
