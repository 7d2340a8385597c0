"""`herald send`: send one message and say what the router answered, and what became of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Literal

import typer
from pydantic import TypeAdapter, ValidationError

from herald.cli.composing import compose, read_command
from herald.cli.environment import (
    EXIT_FAILED,
    EXIT_USAGE,
    JsonOption,
    TenantOption,
    amqp_url,
    fail,
    run,
    trace_of_environment,
)
from herald.cli.event_lines import print_event
from herald.client import Answer, Client, EventStream, NoAnswerError, Progress, Until
from herald.client.progress import ProgressByMessage
from herald.contracts.durations import Duration
from herald.contracts.events import MessageData
from herald.contracts.vocabulary import CommandAnswer, Lane, MessageStatus, Outcome

Wait = Literal["accepted", "sent", "delivered", "read", "outcome"]


def send(
    file: Annotated[
        str | None, typer.Argument(help="A SendMessage as JSON; - for stdin. Flags win over it.")
    ] = None,
    *,
    phone: Annotated[str | None, typer.Option(help="E.164, e.g. +15550000001.")] = None,
    email: Annotated[str | None, typer.Option()] = None,
    whatsapp: Annotated[str | None, typer.Option(help="If it is not the phone.")] = None,
    name: Annotated[str | None, typer.Option(help="The recipient's name.")] = None,
    text: Annotated[str | None, typer.Option()] = None,
    subject: Annotated[
        str | None, typer.Option(help="An e-mail's: without one none is sent.")
    ] = None,
    html: Annotated[str | None, typer.Option()] = None,
    route: Annotated[str | None, typer.Option(help="A configured route.")] = None,
    via: Annotated[
        list[str] | None, typer.Option(help="A channel to try; again for the next one.")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The idempotency key.")] = None,
    id: Annotated[str | None, typer.Option(help="The message's id, a UUID.")] = None,  # noqa: A002
    sender: Annotated[str | None, typer.Option(help="A configured sender.")] = None,
    category: Annotated[str | None, typer.Option(help="otp, transactional or marketing.")] = None,
    ttl: Annotated[str | None, typer.Option(help="Give up after, e.g. 10m.")] = None,
    send_at: Annotated[str | None, typer.Option(help="ISO 8601 with an offset.")] = None,
    in_reply_to: Annotated[
        str | None, typer.Option(help="An inbound event's id, or the provider's of it.")
    ] = None,
    metadata: Annotated[list[str] | None, typer.Option(help="NAME=VALUE; may repeat.")] = None,
    lane: Annotated[Lane, typer.Option()] = Lane.NORMAL,
    wait: Annotated[Wait, typer.Option(help="How far to wait.")] = "accepted",
    timeout: Annotated[
        str, typer.Option(help="How long --wait may take, the answer included.")
    ] = "60s",
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Send one message. With --wait, exit 1 if it failed and 3 if it did not get there in time.

    TRACEPARENT and TRACESTATE name the trace that it is part of, if they are set.
    """
    flags = {
        "phone": phone, "email": email, "whatsapp": whatsapp, "name": name, "text": text,
        "subject": subject, "html": html, "key": key, "id": id, "route": route, "sender": sender,
        "category": category, "ttl": ttl, "send_at": send_at,
        "in_reply_to": in_reply_to,
    }  # fmt: skip
    command = compose(
        read_command(file) if file else {}, flags, via=via or (), metadata=metadata or ()
    )
    run(_send(command, lane, wait, seconds(timeout), tenant, as_json=as_json))


def seconds(timeout: str) -> float:
    """Read `--timeout`, or end with 2."""
    try:
        return TypeAdapter(Duration).validate_python(timeout).total_seconds()
    except ValidationError:
        raise fail(f"--timeout {timeout}: write it like 30s or 5m", EXIT_USAGE) from None


async def _send(
    command: dict[str, Any],
    lane: Lane,
    until: Wait,
    patience: float,
    tenant: str,
    *,
    as_json: bool,
) -> None:
    async with (
        Client(
            amqp_url(), tenant=tenant, name="herald send", trace_context=trace_of_environment
        ) as herald,
        herald.events(f"message.*.{tenant}") as events,  # before the command: nothing is missed
    ):
        ends = asyncio.get_running_loop().time() + patience
        with _interrupted("no answer yet; to be sure send it again under the same --key"):
            answer = await herald.send(command, lane=lane, timeout_seconds=patience)
        if not as_json:
            typer.echo(_in_words(answer))
        progress = Progress(message_id=answer.message_id)
        if until != "accepted":
            with _interrupted(f"stopped watching; {answer.message_id} goes on"):
                progress = await _follow(events, answer, until, patience, ends, show=not as_json)
    if as_json:
        typer.echo(json.dumps(_document(answer, progress)))
    if progress.outcome not in {None, Outcome.SUCCEEDED}:
        raise typer.Exit(EXIT_FAILED)


async def _follow(
    events: EventStream, answer: Answer, until: Until, patience: float, ends: float, *, show: bool
) -> Progress:
    """Show a message's events until it got that far.

    Raises:
        NoAnswerError: it did not until the loop's time `ends`, which is `patience` after sending.
    """
    known = ProgressByMessage()
    progress = known.note_state(answer.message_id, answer.status, answer.outcome)
    try:
        async with asyncio.timeout_at(ends):
            while not progress.reached(until):
                event = await anext(events)
                if event.subject != answer.message_id or not isinstance(event.data, MessageData):
                    continue
                progress = known.note_event(event.data)
                if show:
                    print_event(event)
    except TimeoutError:
        raise NoAnswerError(
            f"{answer.message_id} is {progress.status}, not {until}, after {patience:g} s; "
            f"herald timeline {answer.message_id} shows how it goes on"
        ) from None
    return progress


@contextmanager
def _interrupted(said: str) -> Iterator[None]:
    """Say where Ctrl-C left the message."""
    try:
        yield
    except asyncio.CancelledError:
        typer.echo(said, err=True)
        raise


def _in_words(answer: Answer) -> str:
    if answer.answer is CommandAnswer.ACCEPTED:
        return f"accepted   {answer.message_id}  {' -> '.join(answer.channels)}"
    state = " ".join(filter(None, (answer.status, answer.outcome)))
    return f"{answer.answer:<10} {answer.message_id}  it is {state}"


def _document(answer: Answer, progress: Progress) -> dict[str, Any]:
    return {
        "answer": answer.answer,
        "message_id": answer.message_id,
        "idempotency_key": answer.idempotency_key,
        "channels": list(answer.channels),
        "status": max(
            answer.status or progress.status, progress.status, key=list(MessageStatus).index
        ),
        "outcome": progress.outcome or answer.outcome,
    }
