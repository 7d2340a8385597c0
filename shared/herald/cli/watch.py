"""`herald watch`: events as they come."""

from __future__ import annotations

from typing import Annotated

import typer

from herald.cli.environment import JsonOption, TenantOption, amqp_url, run, utf8
from herald.cli.event_lines import print_event
from herald.client import Client
from herald.contracts.events import HeraldEvent, family_and_what


def watch(
    what: Annotated[
        list[str] | None,
        typer.Option(help="Only these, e.g. delivered, failed, rejected, received; may repeat."),
    ] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only of these channels.")] = None,
    message: Annotated[
        str | None, typer.Option(help="Only of one message: its id or idempotency key.")
    ] = None,
    queue: Annotated[
        str | None,
        typer.Option(callback=utf8, help="Take (and acknowledge) events from this queue of yours."),
    ] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Show events as they come, until Ctrl-C."""

    def wanted(event: HeraldEvent) -> bool:
        data = event.data
        return (
            (not what or family_and_what(event.type)[1] in what)
            and (not channel or getattr(data, "channel", None) in channel)
            and (not message or message in {event.subject, getattr(data, "idempotency_key", None)})
        )

    async def follow() -> None:
        left = count
        async with (
            Client(amqp_url(), tenant=tenant, name="herald watch") as herald,
            herald.events(queue=queue) as events,
        ):
            typer.echo("watching; Ctrl-C ends", err=True)
            async for event in events:
                if not wanted(event):
                    continue
                if as_json:
                    typer.echo(event.model_dump_json())
                else:
                    print_event(event, named=True)
                left = None if left is None else left - 1
                if left == 0:
                    return

    run(follow())
