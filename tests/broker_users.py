"""Broker users with exactly the rights that Herald states, on a test's virtual host."""

from __future__ import annotations

import hashlib
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


NAMED = "herald-test-"  # how names begin that configurations of tests hold


@contextmanager
def broker_user(
    management_url: str, amqp_url: str, vhost: str, rights: Rights, name: str | None = None
) -> Iterator[BrokerUser]:
    """Give the broker a user for the time of a block.

    One that is named may be another test's at the same time, on a virtual host of its own: only its
    rights end with the block.
    """
    password = _password(management_url, name) if name else uuid.uuid4().hex
    user = name or f"test-{uuid.uuid4().hex[:12]}"
    _put(management_url, f"users/{user}", {"password": password, "tags": ""})
    where = f"{quote(vhost, safe='')}/{user}"
    try:
        permissions = {
            "configure": rights.configure,
            "write": rights.write,
            "read": rights.read,
        }
        _put(management_url, f"permissions/{where}", permissions)
        for topic in rights.topics:
            keys = {"exchange": topic.exchange, "write": topic.write, "read": topic.read}
            _put(management_url, f"topic-permissions/{where}", keys)
        yield BrokerUser(user, str(URL(amqp_url).with_user(user).with_password(password)))
    finally:
        path = f"permissions/{where}" if name else f"users/{user}"
        call("DELETE", f"{management_url}/api/{path}")
        if name:
            call("DELETE", f"{management_url}/api/topic-permissions/{where}")


def forget_named_users(management_url: str) -> None:
    """Delete the users that tests named, once no test runs any more."""
    for user in json.loads(call("GET", f"{management_url}/api/users").body or b"[]"):
        if user["name"].startswith(NAMED):
            call("DELETE", f"{management_url}/api/users/{user['name']}")


def _password(management_url: str, name: str) -> str:
    """Make the same password in every process; the URL holds the administrator's."""
    return hashlib.sha256(f"{management_url} {name}".encode()).hexdigest()


def _put(management_url: str, path: str, body: dict[str, str]) -> None:
    answer = call("PUT", f"{management_url}/api/{path}", json.dumps(body).encode())
    assert answer.status in {201, 204}, answer
