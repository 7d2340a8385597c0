"""`herald explain`: say what would become of a message, and send nothing."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from herald.cli.composing import read_command
from herald.cli.environment import (
    JsonOption,
    TenantOption,
    amqp_url,
    run,
    trace_of_environment,
)
from herald.cli.plan_lines import plan_lines
from herald.cli.send import seconds
from herald.client import Client
from herald.contracts.plans import PlannedData
from herald.contracts.vocabulary import Lane


def explain(
    file: Annotated[str, typer.Argument(help="A SendMessage as JSON; - for stdin.")],
    lane: Annotated[Lane, typer.Option()] = Lane.NORMAL,
    timeout: Annotated[str, typer.Option(help="How long the answer may take.")] = "15s",
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Say what would become of a message: steps, accounts, waits, content, cost. Nothing is sent.

    Exit 2 if it would be refused, 3 without an answer in time.
    """
    plan = run(_explain(read_command(file), lane, tenant, seconds(timeout)))
    if as_json:
        typer.echo(plan.model_dump_json(exclude_none=True))
        return
    for line in plan_lines(plan):
        typer.echo(line)


async def _explain(
    command: dict[str, Any], lane: Lane, tenant: str, patience: float
) -> PlannedData:
    async with Client(
        amqp_url(), tenant=tenant, name="herald explain", trace_context=trace_of_environment
    ) as herald:
        return await herald.explain(command, lane=lane, timeout_seconds=patience)
