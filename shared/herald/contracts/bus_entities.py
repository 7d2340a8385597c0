"""What a bus is made of: exchanges, queues, bindings and policies. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["topic", "direct", "fanout"] = "topic"
    alternate: str | None = None  # the exchange that takes what no binding matches

    @property
    def arguments(self) -> dict[str, str | int]:
        """The arguments it is declared with."""
        return {} if self.alternate is None else {"alternate-exchange": self.alternate}


@dataclass(frozen=True, slots=True)
class Queue:
    """A durable quorum queue. What a policy can change later is no argument."""

    name: str
    delivery_limit: int = 20  # rolling restarts count as deliveries too, so never small
    dead_letters_to: str | None = None  # the exchange of what is rejected or delivered too often

    @property
    def arguments(self) -> dict[str, str | int]:
        """The arguments it is declared with."""
        arguments: dict[str, str | int] = {
            "x-queue-type": "quorum",
            "x-delivery-limit": self.delivery_limit,
            "x-overflow": "reject-publish",
        }
        if self.dead_letters_to is not None:
            arguments |= {
                "x-dead-letter-exchange": self.dead_letters_to,
                "x-dead-letter-routing-key": self.name,
                "x-dead-letter-strategy": "at-least-once",
            }
        return arguments


@dataclass(frozen=True, slots=True, order=True)
class Binding:
    """A queue's binding to an exchange."""

    exchange: str
    routing_key: str
    queue: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy of the broker on queues; only a management URL can set it."""

    name: str
    pattern: str
    definition: Mapping[str, str | int] = field(default_factory=dict)
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything that must exist on the broker."""

    exchanges: tuple[Exchange, ...]
    queues: tuple[Queue, ...]
    bindings: tuple[Binding, ...]
    policies: tuple[Policy, ...]
