"""A few minutes in the life of a Herald in which everything that dashboards show happens.

Traffic of all lanes and channels, with every kind of recipient that the sandbox has; a worker that
is away for a while, an account that an operator pauses, a broker that hangs, callers who may not.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pika.exceptions import AMQPError

from e2e.client import Client, connected
from herald_local import processes, services
from herald_local.ports import LOOPBACK
from herald_local.programs import run
from herald_local.rabbitmq_node import NODE
from herald_local.stack import Stack
from herald_local.web import call

RUN_SECONDS = 150
PACE_SECONDS = 0.25  # between commands
HANG_SECONDS = 12  # of the broker: longer than ingress waits for a confirm before it spools

# What the sandbox does is chosen by a phone's last four digits (docs/sandbox.md), each with the
# weight at which it occurs here.
PHONES = {
    "1000": 60, "0001": 30, "0002": 14, "0003": 4, "0004": 4, "0005": 5, "0006": 3, "0007": 3,
    "0008": 3, "0009": 2, "0010": 1, "0011": 2, "0012": 3, "0013": 3, "0014": 2, "0015": 8,
    "0018": 2, "0019": 1, "0020": 3, "0022": 1, "0024": 2, "0026": 1, "0028": 3, "0029": 2,
}  # fmt: skip
MAILBOXES = {
    "delivered": 20, "read": 10, "clicked": 6, "hard-bounce": 3, "deferred": 2, "throttled": 1,
    "bounce-after-delivery": 1, "everything-fails": 1,
}  # fmt: skip
ROUTES = {
    "default": 60, "whatsapp": 12, "sms": 12, "email": 12, "email-smtp": 6, "whatsapp-twilio": 8,
    "learning": 8,
}  # fmt: skip
KEYS = {"message.send": 70, "message.send.urgent": 20, "message.send.bulk": 30}

_log = logging.getLogger(__name__)


class BusyRun:
    """Plays it on a stack whose private broker's processes are those of `servers_home`."""

    def __init__(self, stack: Stack, servers_home: Path) -> None:
        self._stack = stack
        self._servers_home = servers_home
        self._chosen = random.Random(7)  # noqa: S311  the same traffic each time
        self._over = threading.Event()

    def play(self) -> None:
        """Play all of it; returns when it is over."""
        due: list[tuple[float, Callable[[], None]]] = [
            (25, lambda: services.stop(self._stack, ["channel-email"])),
            (45, self._start_email),
            (55, lambda: self._account("pause")),
            (70, lambda: self._account("resume")),
            (85, self._hang_the_broker),
            (105, self._knock),
            (140, self._bad_credentials),
        ]
        started = time.monotonic()
        traffic = threading.Thread(target=self._traffic, daemon=True)
        traffic.start()
        try:
            for second, act in [*due, (RUN_SECONDS, lambda: None)]:
                time.sleep(max(0, started + second - time.monotonic()))
                act()
        finally:
            self._over.set()
            traffic.join(timeout=HANG_SECONDS)

    def _traffic(self) -> None:
        while not self._over.is_set():
            try:
                with connected(self._stack.amqp_url) as client:
                    while not self._over.wait(PACE_SECONDS):
                        client.publish(self._message(), _weighted(self._chosen, KEYS))
            except AMQPError:  # the broker hangs: connect again
                _log.info("the broker is away")

    def _message(self, digits: str | None = None, route: str | None = None) -> dict[str, Any]:
        phone = digits or _weighted(self._chosen, PHONES)
        mailbox = _weighted(self._chosen, MAILBOXES)
        key = uuid.uuid4().hex
        return {
            "idempotency_key": key,
            "route": route or _weighted(self._chosen, ROUTES),
            "to": {
                "phone": f"+1555{self._chosen.randrange(1000):03}{phone}",
                "email": f"{mailbox}+{key}@example.com",
            },
            "content": {"text": "Hello", "subject": "Hello"},
        }

    def _start_email(self) -> None:
        services.start(self._stack, ["channel-email"], die_with_parent=True)

    def _account(self, act: str) -> None:
        command = [sys.executable, "-m", "herald.cli", "account", act, "twilio-main"]
        run(command, environment=os.environ | self._stack.environment)

    def _hang_the_broker(self) -> None:
        """Let callbacks come while the broker takes nothing."""
        with connected(self._stack.amqp_url) as client:
            for _ in range(20):  # their callbacks come four seconds later
                client.publish(self._message("0015", "sms"))
        time.sleep(2)
        pid = processes.running_pid(self._servers_home, NODE)
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(HANG_SECONDS)
        finally:
            os.kill(pid, signal.SIGCONT)

    def _knock(self) -> None:
        """Send what is refused: commands, webhooks, requests; some no operator could publish."""
        with connected(self._stack.servers.amqp_url) as client:
            self._refused_commands(client)
        webhooks = f"{self._stack.ingress_url}/webhooks"
        for _ in range(5):
            call("POST", f"{webhooks}/whatsapp_cloud/wa-main", b"{}")
            call("POST", f"{webhooks}/twilio/nobody", b"a=b")
            call("GET", f"{self._stack.router_url}/messages", token="herald_wrong")
        with socket.create_connection((LOOPBACK, self._stack.ports["ingress"])) as plain:
            plain.sendall(b"HELLO\r\n\r\n")
            plain.recv(1000)

    def _refused_commands(self, client: Client) -> None:
        again = self._message("1000")
        for _ in range(3):
            client.publish(b'{"colour": "red"}')
            client.publish(b"not JSON", "message.send.bulk")
            client.publish(again)  # twice a duplicate
            client.publish(b"{}", "message.forget")
        later = self._message("1000") | {"send_at": "2099-01-01T00:00:00Z", "ttl": "1h"}
        client.publish(later)
        cancel = {"idempotency_key": later["idempotency_key"]}
        client.publish(cancel, "message.cancel")

    def _bad_credentials(self) -> None:
        with connected(self._stack.amqp_url) as client:
            for _ in range(3):
                client.publish(self._message("0023", "default"))


def _weighted(chosen: random.Random, weights: dict[str, int]) -> str:
    return chosen.choices(list(weights), list(weights.values()))[0]
