"""Everything Herald uses of FastStream, aiormq and pamqp that they do not document.

Nowhere else. All three are pinned exactly, and a test of this module fails when one of these moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import aiormq
from aiormq.abc import ChannelFrame
from faststream._internal.broker.registrator import Registrator
from faststream._internal.endpoint.subscriber.call_item import CallsCollection
from faststream.middlewares import AckPolicy
from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitQueue
from faststream.rabbit.subscriber.config import (
    RabbitSubscriberConfig,
    RabbitSubscriberSpecificationConfig,
)
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from faststream.specification.asyncapi.message import get_model_schema
from pamqp import decode
from pydantic import BaseModel, create_model

Decoder = Callable[[bytes], tuple[int, Any]]


# FastStream: a subscriber that its broker starts, stops and documents, and that consumes by itself.


class _Specification(RabbitSubscriberSpecification):
    """Documents the payload of one message; FastStream would document a list of them."""

    __slots__ = ("models",)

    models: Sequence[type[BaseModel]]

    def get_payloads(self) -> list[tuple[dict[str, Any], str]]:
        return [(_schema(model), model.__name__) for model in self.models]


class RegisteredSubscriber(RabbitSubscriber):
    """FastStream's subscriber without its consuming: `start` and `stop` are a subclass's."""

    def __init__(
        self,
        broker: RabbitBroker,
        queue: RabbitQueue,
        exchange: RabbitExchange,
        *,
        models: Sequence[type[BaseModel]],
        title: str,
        description: str,
    ) -> None:
        config = RabbitSubscriberConfig(
            no_reply=True,
            queue=queue,
            exchange=exchange,
            _ack_policy=AckPolicy.MANUAL,
            _outer_config=broker.config,  # type: ignore[arg-type]  # a composition that stands for it
        )
        specification = _Specification(
            _outer_config=config._outer_config,  # noqa: SLF001
            specification_config=RabbitSubscriberSpecificationConfig(
                title_=title,
                description_=description,
                include_in_schema=True,
                queue=queue,
                exchange=exchange,
            ),
            calls=CallsCollection[Any](),
        )
        specification.models = tuple(models)
        super().__init__(config, specification, CallsCollection[Any]())
        self.graceful_timeout_seconds = broker.config.graceful_timeout or 0.0
        Registrator.subscriber(broker, self)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return get_model_schema(create_model("", payload=(model, ...)))


# aiormq: its connection's queue of bytes to write, and what it knows of a channel.


def max_content_bytes(channel: aiormq.Channel) -> int:
    """Return how many bytes of a body or of properties fit in one frame."""
    return channel.max_content_size


def has_consumer(channel: aiormq.Channel, tag: str) -> bool:
    """Whether a consumer is known; one that the broker cancelled is not."""
    return tag in channel.consumers


def has_written_all(channel: aiormq.Channel) -> bool:
    """Whether nothing is queued on a channel's connection: aiormq writes as it takes."""
    return channel.write_queue.empty()


async def write(channel: aiormq.Channel, payload: bytes) -> None:
    """Queue bytes to be written on a channel's connection; they may be several frames."""
    await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))


async def written(channel: aiormq.Channel) -> None:
    """Wait until everything queued so far has left."""
    gone = channel.create_future()
    await channel.write_queue.put(ChannelFrame(payload=b"", should_close=False, drain_future=gone))
    await gone


# pamqp: the tables by which it decodes properties.


def replace_decoders(*, timestamp: Decoder, short_text: Decoder, headers: Decoder) -> None:
    """Decode message properties with these, in this process."""
    methods: dict[str, Any] = decode.METHODS
    methods["timestamp"] = timestamp
    methods["shortstr"] = short_text
    methods["table"] = headers
    decode.TABLE_MAPPING[b"T"] = timestamp
