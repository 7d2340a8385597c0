"""Broker users with exactly the rights that Herald states, on a test's virtual host."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from yarl import URL

from herald.contracts.rights import Rights
from herald_local.web import call


@dataclass(frozen=True, slots=True)
class BrokerUser:
    """A user, and the URL it connects with."""

    name: str
    url: str


@contextmanager
def broker_user(
    management_url: str, amqp_url: str, vhost: str, rights: Rights, name: str | None = None
) -> Iterator[BrokerUser]:
    """Give the broker a user for the time of a block."""
    name = name or f"test-{uuid.uuid4().hex[:12]}"
    password = uuid.uuid4().hex
    _put(management_url, f"users/{name}", {"password": password, "tags": ""})
    try:
        where = f"{quote(vhost, safe='')}/{name}"
        permissions = {
            "configure": rights.configure,
            "write": rights.write,
            "read": rights.read,
        }
        _put(management_url, f"permissions/{where}", permissions)
        for topic in rights.topics:
            keys = {"exchange": topic.exchange, "write": topic.write, "read": topic.read}
            _put(management_url, f"topic-permissions/{where}", keys)
        yield BrokerUser(name, str(URL(amqp_url).with_user(name).with_password(password)))
    finally:
        call("DELETE", f"{management_url}/api/users/{name}")


def _put(management_url: str, path: str, body: dict[str, str]) -> None:
    answer = call("PUT", f"{management_url}/api/{path}", json.dumps(body).encode())
    assert answer.status in {201, 204}, answer
