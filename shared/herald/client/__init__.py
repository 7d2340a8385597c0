"""The Python client: typed commands onto the bus, answers and events from it.

>>> async with Client("amqp://...") as herald:
...     answer = await herald.send({"to": {"phone": "+15550000001"}, "content": {"text": "Hi"}})
...     progress = await herald.wait(answer.message_id, until="delivered", timeout_seconds=60)
"""

from __future__ import annotations

from herald.client.answers import Answer
from herald.client.client import Client
from herald.client.errors import (
    ClientError,
    ConnectionFailedError,
    NoAnswerError,
    PublishFailedError,
    RejectedError,
    TopologyMissingError,
)
from herald.client.progress import Progress, Until
from herald.client.stream import EventStream

__all__ = [
    "Answer",
    "Client",
    "ClientError",
    "ConnectionFailedError",
    "EventStream",
    "NoAnswerError",
    "Progress",
    "PublishFailedError",
    "RejectedError",
    "TopologyMissingError",
    "Until",
]
