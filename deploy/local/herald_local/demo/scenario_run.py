"""One run of a scenario: its message, its events, what is not as expected. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4

from herald.contracts.events import HeraldEvent, InboundData, MessageData, family_and_what
from herald_local.demo.scenarios import SCENARIOS, Scenario
from herald_local.names import OWN_CHANNELS
from herald_local.provision import PROXY_ADDRESS


def all_runs() -> list[ScenarioRun]:
    """Return a run of every scenario for each of its recipients."""
    wanted = [scenario for scenario in SCENARIOS for _ in range(scenario.recipients)]
    return [ScenarioRun(it, number, uuid4().hex[:8]) for number, it in enumerate(wanted, start=1)]


class Taken(NamedTuple):
    """A request that the sandbox accepted."""

    channel: str
    peer: str | None  # the address it came from


@dataclass(slots=True)
class ScenarioRun:
    """One run of a scenario."""

    scenario: Scenario
    number: int
    tag: str  # distinguishes it from earlier runs on the stack
    seen: list[str] = field(default_factory=list)
    outcome: str | None = None
    has_reply: bool = False  # the recipient wrote back

    @property
    def key(self) -> str:
        """The idempotency key of its message."""
        return f"demo-{self.tag}-{self.number}"

    @property
    def phone(self) -> str:
        """A number of its own, within those reserved for fiction."""
        return f"+1555{self.number:03}{self.scenario.digits}"

    @property
    def chat(self) -> str:
        """The same number, as channels without a package call a recipient."""
        return self.phone.removeprefix("+")

    @property
    def email(self) -> str:
        """An address of its own."""
        return f"{self.scenario.mailbox}+{self.tag}.{self.number}@example.com"

    def command(self, now: datetime) -> dict[str, Any]:
        """Return the body of its SendMessage."""
        extra = dict(self.scenario.command)
        wait = extra.pop("send_in_seconds", None)
        if wait is not None:
            extra["send_at"] = (now + timedelta(seconds=wait)).astimezone(UTC).isoformat()
        return {
            "idempotency_key": self.key,
            "to": {
                "phone": self.phone,
                "email": self.email,
                "addresses": dict.fromkeys(OWN_CHANNELS, self.chat),
                "name": "Ada",
            },
            "content": {
                "text": f"Hello Ada, this is Herald's demo: {self.scenario.says}",
                "overrides": {"email": {"subject": "Herald's demo"}},
            },
            "metadata": {"scenario": self.scenario.name},
            **extra,
        }

    def record(self, event: HeraldEvent) -> None:
        """Record an event of its message or recipient."""
        what, data = family_and_what(event.type)[1], event.data
        if isinstance(data, InboundData):
            self.has_reply = True
            return
        channel = data.channel if isinstance(data, MessageData) else None
        self.seen.append(f"{what} {channel}" if channel else what)
        if isinstance(data, MessageData) and data.terminal:
            self.outcome = data.outcome

    @property
    def is_over(self) -> bool:
        """Whether every expected event was seen."""
        ended = self.outcome is not None and self.scenario.events <= set(self.seen)
        return ended and self.has_reply >= self.scenario.inbound

    def problems(self, requests: Sequence[Taken]) -> list[str]:
        """Say what is not as expected; `requests` are those that the sandbox accepted."""
        found: list[str] = []
        if self.outcome != self.scenario.outcome:
            found.append(f"outcome {self.outcome}, expected {self.scenario.outcome}")
        missing = self.scenario.events - set(self.seen)
        if missing:
            found.append(f"not seen: {', '.join(sorted(missing))}")
        channels = [request.channel for request in requests]
        if tuple(channels) != self.scenario.requests:
            found.append(
                f"providers took requests on {channels}, expected {list(self.scenario.requests)}"
            )
        peers = {request.peer for request in requests}
        if self.scenario.is_proxied and PROXY_ADDRESS is not None and peers != {PROXY_ADDRESS}:
            found.append(f"requests came from {peers}, expected the proxy's {PROXY_ADDRESS}")
        if self.scenario.inbound and not self.has_reply:
            found.append("the recipient's reply was not seen")
        return found
