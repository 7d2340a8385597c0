"""The client: send, cancel, wait, follow events."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from herald.client.answers import Answer
from herald.client.base_client import BaseClient
from herald.client.commanding import (
    PUBLISH_SECONDS,
    Command,
    cancel_command,
    erase_command,
    publish,
    send_command,
    suppress_command,
)
from herald.client.errors import NoAnswerError, RejectedError
from herald.client.progress import MAX_MESSAGES, Progress, ProgressByMessage, Until
from herald.client.stream import EventStream
from herald.contracts.commands import SendMessage
from herald.contracts.events import CommandData, HeraldEvent, MessageData
from herald.contracts.identifiers import UNKNOWN_TENANT
from herald.contracts.plans import PlannedData
from herald.contracts.topology import command_event_key, message_event_key
from herald.contracts.vocabulary import Lane

ANSWER_SECONDS = 10.0
_FAMILIES = ("message", "command", "inbound", "account", "recipient")


class Client(BaseClient):
    """Talks to Herald over RabbitMQ, for one tenant. Use it as an async context manager.

    It connects again by itself. Answers and events come on a queue of its own, which outlives a
    lost connection for a minute; what somebody still waits for is asked again after every loss.

    Commands carry the URL's user as `user_id`, for tenants that take commands of their `users`
    alone. `names_user=False`: the broker knows the user under another name (OAuth 2, say).

    `trace_context` is called for each command and returns the headers of the caller's span, as
    OpenTelemetry's `inject` writes them (`traceparent`, `tracestate`): Herald continues that trace.
    """

    def __init__(
        self,
        amqp_url: str,
        *,
        tenant: str = "default",
        name: str = "client",
        names_user: bool = True,
        trace_context: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        super().__init__(
            amqp_url,
            name=name,
            names_user=names_user,
            prefix=tenant,
            patterns=[message_event_key("*", tenant), command_event_key("*", tenant)],
            # for a tenant nobody configured; who may read one tenant's events alone does without
            optional=[command_event_key("rejected", UNKNOWN_TENANT)],
        )
        self._tenant = tenant
        self._trace_context = trace_context
        self._progress = ProgressByMessage()
        self._changed = asyncio.Condition()
        self._sends: OrderedDict[str, Command] = OrderedDict()  # by message id, the newest
        self._erased: OrderedDict[str, dict[str, int]] = OrderedDict()  # by erasure, the newest
        self._waited: Counter[str] = Counter()  # by message id: how many wait

    async def publish(
        self,
        message: SendMessage | Mapping[str, Any],
        *,
        lane: Lane = Lane.NORMAL,
        timeout_seconds: float = PUBLISH_SECONDS,
    ) -> str:
        """Put a message on the bus and return the command's id once the broker has confirmed.

        Its answer comes as an event. The id is the AMQP message id, and the correlation id of
        every event about the message.

        Raises:
            RejectedError: the command is not well-formed; nothing was published.
            PublishFailedError: not confirmed in time, or refused.
            TopologyMissingError: the broker has no `herald.commands`.
        """
        command = self._traced(send_command(message, self._tenant, lane))
        await publish(self._connection, command, timeout_seconds)
        return command.message_id

    async def send(
        self,
        message: SendMessage | Mapping[str, Any],
        *,
        lane: Lane = Lane.NORMAL,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Send a message and return the router's answer: accepted, or a duplicate.

        Raises:
            RejectedError: with the invalid field; nothing is sent.
            NoAnswerError: confirmed, but not answered in time; it will be.
            PublishFailedError, TopologyMissingError: as `publish`.
        """
        command = self._traced(send_command(message, self._tenant, lane))
        if command.is_dry_run:
            raise RejectedError([("dry_run", "not a message to send: explain it instead")])
        answer = await self._open.ask(command, timeout_seconds)
        self._sends[answer.message_id] = command
        while len(self._sends) > MAX_MESSAGES:
            self._sends.popitem(last=False)
        return answer

    async def explain(
        self,
        message: SendMessage | Mapping[str, Any],
        *,
        lane: Lane = Lane.NORMAL,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> PlannedData:
        """Return what would become of a message, and send nothing.

        Raises:
            RejectedError: it would be refused; with the invalid field.
            NoAnswerError, PublishFailedError, TopologyMissingError: as `send`.
        """
        command = send_command(message, self._tenant, lane, dry_run=True)
        return await self._open.ask_plan(self._traced(command), timeout_seconds)

    async def cancel(
        self,
        *,
        id: str | UUID | None = None,  # noqa: A002  the contract's word
        idempotency_key: str | None = None,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Take a message back; the answer is accepted, or too_late.

        Raises:
            RejectedError: there is no such message, or neither or both names are given.
            NoAnswerError, PublishFailedError, TopologyMissingError: as `send`.
        """
        command = cancel_command(self._tenant, id, idempotency_key)
        return await self._open.ask(self._traced(command), timeout_seconds)

    async def erase(
        self,
        to: Mapping[str, Any],
        *,
        id: str | UUID | None = None,  # noqa: A002  the contract's word
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Have all that Herald knows of a recipient erased; `to` holds their addresses.

        The answer says that it will be done, `wait_erased` that it is. A client of the tenant
        `unknown` erases every tenant's data, if its user is an operator.

        Raises:
            RejectedError: an address is not well-formed, or this user may not ask it.
            NoAnswerError, PublishFailedError, TopologyMissingError: as `send`.
        """
        tenant = None if self._tenant == UNKNOWN_TENANT else self._tenant
        command = self._traced(erase_command(tenant, to, id))
        return await self._open.ask(command, timeout_seconds)

    async def suppress(
        self,
        to: Mapping[str, Any],
        *,
        channel: str | None = None,
        category: str | None = None,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Send a recipient no more messages; `to` holds their addresses.

        On every channel and of every category, where none is named.

        Raises:
            RejectedError: an address is not well-formed, or this user may not ask it.
            NoAnswerError, PublishFailedError, TopologyMissingError: as `send`.
        """
        command = suppress_command(self._tenant, to, channel, category)
        return await self._open.ask(self._traced(command), timeout_seconds)

    async def unsuppress(
        self,
        to: Mapping[str, Any],
        *,
        channel: str | None = None,
        category: str | None = None,
        timeout_seconds: float = ANSWER_SECONDS,
    ) -> Answer:
        """Let a recipient get messages again, whatever they were suppressed for.

        Raises:
            RejectedError, NoAnswerError, PublishFailedError, TopologyMissingError: as `suppress`.
        """
        command = suppress_command(self._tenant, to, channel, category, lifts=True)
        return await self._open.ask(self._traced(command), timeout_seconds)

    async def wait_erased(
        self, erasure_id: str, *, timeout_seconds: float | None = None
    ) -> dict[str, int]:
        """Wait until an erasure asked by this client is complete; return what went, by table.

        Raises:
            NoAnswerError: it is not in time; it goes on.
        """
        try:
            async with asyncio.timeout(timeout_seconds), self._changed:
                await self._changed.wait_for(lambda: erasure_id in self._erased)
        except TimeoutError:
            raise NoAnswerError(f"not complete within {timeout_seconds:g} s; it goes on") from None
        return self._erased[erasure_id]

    async def wait(
        self,
        message_id: str,
        until: Until = "outcome",
        *,
        timeout_seconds: float | None = None,
    ) -> Progress:
        """Wait until a message got that far, or until it never will.

        Nothing is missed of messages sent through this client; of another's, only what happens
        from the first call of `send` or `wait` on is known.

        Raises:
            NoAnswerError: it did not come in time.
        """
        self._waited[message_id] += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._subscribe()
                async with self._changed:
                    await self._changed.wait_for(lambda: self._progress[message_id].reached(until))
        except TimeoutError:
            status = self._progress[message_id].status
            raise NoAnswerError(
                f"not {until} within {timeout_seconds:g} s; it is {status}"
            ) from None
        finally:
            self._waited[message_id] -= 1
            if not self._waited[message_id]:
                del self._waited[message_id]
        return self._progress[message_id]

    def events(self, *patterns: str, queue: str | None = None) -> EventStream:
        """Return a stream of events: `async for`, within `async with` for a firm beginning.

        `patterns` are routing keys of `herald.events` with `*` and `#`; all of the tenant's if
        none is given. `queue` names a queue of yours (`events.*`) instead: it keeps events while
        nobody consumes. Without it a queue is made, and deleted when the stream ends.
        """
        wanted = patterns or tuple(f"{family}.*.{self._tenant}" for family in _FAMILIES)
        return EventStream(self._connection, self._tenant, wanted, queue)

    def _traced(self, command: Command) -> Command:
        return command.within(self._trace_context())

    def _to_ask_again(self) -> Iterable[Command]:
        waited = [self._sends[name] for name in self._waited if name in self._sends]
        return (*self._open.commands, *waited)

    async def _take_in(self, event: HeraldEvent, correlation_id: str | None) -> None:
        data = event.data
        async with self._changed:
            if isinstance(data, MessageData):
                self._progress.note_event(data)
            elif isinstance(data, PlannedData):
                self._open.take_answer(correlation_id, event.type, data)
            elif isinstance(data, CommandData):
                if data.message_id is not None and data.status is not None:
                    self._progress.note_state(data.message_id, data.status, data.outcome)
                if data.erased is None:
                    self._open.take_answer(correlation_id, event.type, data)
                elif data.erasure_id is not None:
                    self._erased[data.erasure_id] = data.erased
                    while len(self._erased) > MAX_MESSAGES:
                        self._erased.popitem(last=False)
            self._changed.notify_all()
