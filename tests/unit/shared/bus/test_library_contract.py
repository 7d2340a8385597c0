"""What Herald relies on inside FastStream, aio-pika, aiormq and pamqp.

When one of these fails after an upgrade, read `herald/bus/library_internals.py` first.
"""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aio_pika
import aiormq
import pytest
from aiormq.abc import ChannelFrame
from aiormq.base import Base
from faststream._internal.broker.registrator import Registrator
from faststream.rabbit import RabbitBroker
from faststream.rabbit.subscriber.config import RabbitSubscriberConfig
from faststream.rabbit.subscriber.specification import RabbitSubscriberSpecification
from faststream.rabbit.subscriber.usecase import RabbitSubscriber
from pamqp import decode

from herald.bus import library_internals

ROOT = Path(__file__).parents[4]
INTERNALS = ROOT / "shared/herald/bus/library_internals.py"
LIBRARIES = re.compile(r"^(import|from) (faststream|aio_pika|aiormq|pamqp)\b", re.MULTILINE)
INTERNAL = re.compile(
    r"SLF001|super\(\)\._(?!_)|faststream\._|faststream\.rabbit\.(?!prometheus)|ChannelFrame|write_queue"
    r"|\.confirmations|delivery_tag_|\bMETHODS\b|TABLE_MAPPING"
)


def _product_files() -> list[Path]:
    return [
        path
        for folder in ("shared", "services", "deploy", "docs")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != INTERNALS and LIBRARIES.search(path.read_text())
    ]


def test_internals_are_used_in_one_module() -> None:
    """Elsewhere the libraries are used by their public names."""
    files = _product_files()
    assert ROOT / "shared/herald/bus/connection_keeper.py" in files
    assert INTERNAL.search(INTERNALS.read_text())
    uses = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in files
        if (found := INTERNAL.search(path.read_text()))
    ]
    assert uses == []


@pytest.mark.parametrize("name", ["faststream", "aiormq", "pamqp"])
def test_libraries_whose_internals_are_used_are_pinned(name: str) -> None:
    """Each is required in exactly the version that is tested."""
    project = tomllib.loads((ROOT / "shared/pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    [pinned] = [line for line in wanted if re.match(rf"{name}(\[\w+])?==", line)]
    assert pinned.split("==")[1] == version(name)


def _parameters(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def test_faststream_subscriber_has_the_shape_that_is_subclassed() -> None:
    """Start, stop and the constructor are where the batch subscriber overrides them."""
    assert _parameters(RabbitSubscriber) == ["config", "specification", "calls"]
    assert _parameters(RabbitSubscriber.start) == _parameters(RabbitSubscriber.stop) == ["self"]
    assert _parameters(RabbitSubscriberSpecification.get_payloads) == ["self"]
    names = {field.name for field in fields(RabbitSubscriberConfig)}
    assert {"no_reply", "queue", "exchange", "_ack_policy", "_outer_config"} <= names
    assert _parameters(Registrator.subscriber) == ["self", "subscriber", "persistent"]


def test_faststream_broker_starts_and_stops_where_it_is_overridden() -> None:
    """Its subscribers are listed, and stopping one that never connected stops only those."""
    assert inspect.iscoroutinefunction(RabbitBroker.start)
    assert _parameters(RabbitBroker.stop) == ["self", "exc_type", "exc_val", "exc_tb"]
    assert list(RabbitBroker().subscribers) == []


async def test_a_faststream_broker_that_never_connected_stops() -> None:
    """Ours never does: it has a connection of its own."""
    await RabbitBroker().stop()


def test_aio_pika_shows_the_connection_under_its_own() -> None:
    """Channels are opened on it."""
    assert "transport" in aio_pika.abc.AbstractConnection.__annotations__
    assert "connection" in inspect.signature(aio_pika.abc.UnderlayConnection).parameters
    frames = inspect.signature(aiormq.Connection.channel).parameters["frame_buffer_size"]
    assert frames.kind is not inspect.Parameter.VAR_KEYWORD


def _used_of_a_channel() -> set[str]:
    """Read from the module which attributes of an aiormq channel it uses."""
    return {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(library_internals)))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "channel"
    }


@pytest.mark.parametrize("attribute", sorted(_used_of_a_channel()))
def test_aiormq_channel_keeps_its_state_where_it_is_used(attribute: str) -> None:
    """Publishing puts its own futures into the channel's books."""
    is_kept = re.search(rf"self\.{attribute}\b[^=]*=", inspect.getsource(aiormq.Channel.__init__))
    assert is_kept or hasattr(Base, attribute)


def test_aiormq_frame_is_bytes_and_a_drain() -> None:
    """A write is a payload, whether it closes, and who waits for it to leave."""
    assert [field.name for field in fields(ChannelFrame)] == [
        "payload",
        "should_close",
        "drain_future",
    ]


def test_pamqp_decodes_through_its_tables() -> None:
    """Lenient decoders take the place of pamqp's in these tables."""
    assert {"timestamp", "shortstr", "table"} <= decode.METHODS.keys()
    assert b"T" in decode.TABLE_MAPPING
    assert "METHODS.get" in inspect.getsource(decode.by_type)
