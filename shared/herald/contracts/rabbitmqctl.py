"""Broker users' rights as the commands of RabbitMQ's own tool that give them. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from herald.contracts.rights import Rights

DEFAULT_VIRTUAL_HOST = "/"


def commands(user: str, rights: Rights, virtual_host: str = DEFAULT_VIRTUAL_HOST) -> Iterator[str]:
    """Return a command for each of a user's permissions; the user exists already."""
    here = "" if virtual_host == DEFAULT_VIRTUAL_HOST else f" -p {shlex.quote(virtual_host)}"
    name = shlex.quote(user)
    if rights.tags:
        yield f"rabbitmqctl set_user_tags {name} {' '.join(rights.tags)}"
    patterns = " ".join(map(_quoted, (rights.configure, rights.write, rights.read)))
    yield f"rabbitmqctl set_permissions{here} {name} {patterns}"
    for topic in rights.topics:
        keys = f"{_quoted(topic.write)} {_quoted(topic.read)}"
        yield f"rabbitmqctl set_topic_permissions{here} {name} {topic.exchange} {keys}"


def _quoted(pattern: str) -> str:
    return "'" + pattern.replace("'", "'\\''") + "'"
