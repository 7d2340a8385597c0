"""What the sandbox knows of a provider: its part of sandbox.toml, its routes, its words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.routing import Route

from sandbox.behaviours import Failure, Status
from sandbox.flow import Flow
from sandbox.throttling import Scope
from sandbox.webhooks import WebhookFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """A message that a recipient sends to us."""

    channel: str
    account: str
    sender: str  # as a recipient is named to the provider's API
    text: str
    fields: dict[str, Any] | None  # what else the provider's webhook says of it


class StandIn:
    """One provider with the accounts of one sandbox. What it does not need does nothing."""

    routes: Sequence[Route] = ()

    async def start(self) -> None:
        """Open what routes need."""

    async def stop(self) -> None:
        """Close it."""

    def reset(self) -> None:
        """Forget what is in memory."""

    def inbound(self, message: InboundMessage) -> WebhookFactory:
        """Make the webhook of a message that a recipient sent.

        Raises:
            LookupError: there is no such account, or the provider passes no messages on.
        """
        raise LookupError(f"no inbound messages on {message.channel} from this provider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """A provider's own words for what happens on one channel."""

    failures: Mapping[Failure, int | str]  # its error code, or its reply
    statuses: Collection[Status]  # that its webhooks report


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A provider: every module of `sandbox.providers` that the registry names ends with one."""

    name: str  # as in Herald's configuration; also of its part of sandbox.toml
    settings: Any  # the type of that part
    make: Callable[[Any, Flow], StandIn]  # with that part
    channels: Mapping[str, Vocabulary]
    throttles: Mapping[Scope, int | str]  # its code, or its reply, for calls that come too fast
    former_names: tuple[str, ...] = ()  # of its part of sandbox.toml, still read
