"""A broker that has run out of memory: it goes on delivering, and takes nothing any more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from herald_local.rabbitmq_node import RabbitmqNode
from herald_local.rabbitmq_programs import find_or_install

CONTROL_SECONDS = 60
NO_MEMORY, ENOUGH = "1", "1GiB"


@contextmanager
def out_of_memory(node: RabbitmqNode) -> Iterator[None]:
    """Raise the broker's memory alarm for the time of a `with` block."""
    _allow(node, NO_MEMORY)
    try:
        yield
    finally:
        _allow(node, ENOUGH)


def _allow(node: RabbitmqNode, memory: str) -> None:
    control = find_or_install().server.with_name("rabbitmqctl")
    subprocess.run(
        [str(control), "set_vm_memory_high_watermark", "absolute", memory],
        env=node.environment,
        check=True,
        capture_output=True,
        timeout=CONTROL_SECONDS,
    )
