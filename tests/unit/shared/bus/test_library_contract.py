"""What the bus kit relies on inside FastStream, aio-pika, aiormq and pamqp.

When one of these fails after an upgrade, read `herald/bus` before anything else.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from importlib.metadata import version
from typing import Any

import aiormq
import pytest
from aio_pika import RobustChannel, RobustConnection, connect_robust
from aiormq.abc import ChannelFrame
from faststream._internal.broker.registrator import Registrator
from faststream.rabbit import RabbitBroker
from faststream.rabbit.subscriber.config import RabbitSubscriberConfig
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from pamqp import decode


def test_faststream_is_the_version_the_kit_was_written_for() -> None:
    """Its internals are used, so its version is pinned."""
    assert version("faststream") == "0.7.8"


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_faststream_subscriber_has_the_shape_that_is_subclassed() -> None:
    """Start, stop, consume and the constructor are where the batch subscriber overrides them."""
    assert _parameters(RabbitSubscriber) == ["config", "specification", "calls"]
    assert _parameters(RabbitSubscriber.start) == _parameters(RabbitSubscriber.stop) == ["self"]
    assert _parameters(RabbitSubscriber._post_start) == ["self"]
    assert _parameters(RabbitSubscriberSpecification.get_payloads) == ["self"]
    names = {field.name for field in fields(RabbitSubscriberConfig)}
    assert {"no_reply", "queue", "exchange", "_ack_policy", "_outer_config"} <= names
    assert _parameters(Registrator.subscriber) == ["self", "subscriber", "persistent"]


def test_faststream_broker_has_what_connections_use() -> None:
    """The connection, its making and its channels are where the kit looks for them."""
    broker = RabbitBroker()
    assert broker._connection is None
    assert inspect.iscoroutinefunction(RabbitBroker._connect)
    assert {"url", "fail_fast", "reconnect_interval"} <= broker._connection_kwargs.keys()
    assert inspect.iscoroutinefunction(broker.config.channel_manager.get_channel)
    assert "connection_class" in inspect.getsource(connect_robust)


def test_aio_pika_has_what_recovery_uses() -> None:
    """The underlay, its reopening and its recovery go by the names the kit uses."""
    assert _parameters(RobustConnection._request_recovery) == ["self"]
    source = inspect.getsource(RobustChannel)
    assert "self.reopen_callbacks" in source
    assert "self._prefetch_count" in source
    assert isinstance(inspect.getattr_static(RobustChannel, "is_closed"), property)


@pytest.mark.parametrize(
    "attribute",
    [
        "confirmations",
        "message_id_delivery_tag",
        "delivery_tag",
        "write_queue",
        "max_content_size",
        "consumers",
        "on_consumer_cancel_callbacks",
    ],
)
def test_aiormq_channel_keeps_its_state_where_confirms_write_it(attribute: str) -> None:
    """Publishing puts its own futures into the channel's books."""
    assert re.search(rf"self\.{attribute}\b[^=]*=", inspect.getsource(aiormq.Channel.__init__))


def test_aiormq_frame_is_bytes_and_a_drain() -> None:
    """A write is a payload, whether it closes, and who waits for it to leave."""
    assert [field.name for field in fields(ChannelFrame)] == [
        "payload",
        "should_close",
        "drain_future",
    ]


def test_pamqp_decodes_through_its_tables() -> None:
    """Tolerant decoders take the place of pamqp's in these tables."""
    assert {"timestamp", "shortstr", "table"} <= decode.METHODS.keys()
    assert b"T" in decode.TABLE_MAPPING
    assert "METHODS.get" in inspect.getsource(decode.by_type)
