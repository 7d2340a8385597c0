"""`herald topology`: declare the bus on a broker, or see how a broker differs from it."""

from __future__ import annotations

import asyncio
import json
import os

import typer
from aio_pika.exceptions import AMQPError

from herald.bus import declaration
from herald.bus.errors import ManagementError, TopologyConflictError
from herald.cli.environment import JsonOption, configuration, fail, required
from herald.topology import topology_for

topology = typer.Typer(
    help="Declare the bus, or check it. HERALD_RABBITMQ_MANAGEMENT_URL, with credentials, adds "
    "policies and a full comparison.",
    no_args_is_help=True,
)


@topology.command("apply")
def apply(as_json: JsonOption = False) -> None:
    """Declare exchanges, queues and bindings for the channels of herald.toml. Safe to run again."""
    wanted = topology_for(configuration().file.channels)
    try:
        asyncio.run(
            declaration.apply(required("HERALD_AMQP_URL"), wanted, management_url=_management_url())
        )
    except TopologyConflictError as error:
        raise fail(f"the broker holds other arguments: {error}") from None
    except (AMQPError, OSError, ManagementError) as error:
        raise fail(f"RabbitMQ refused or could not be reached: {type(error).__name__}") from None
    typer.echo(
        json.dumps(
            {
                "exchanges": [exchange.name for exchange in wanted.exchanges],
                "queues": [queue.name for queue in wanted.queues],
            }
        )
        if as_json
        else f"{len(wanted.exchanges)} exchanges and {len(wanted.queues)} queues are in place"
    )


@topology.command("check")
def check(as_json: JsonOption = False) -> None:
    """Print how the broker differs from the topology, a line each; exit with 1 if it does."""
    wanted = topology_for(configuration().file.channels)
    try:
        drift = asyncio.run(
            declaration.check(required("HERALD_AMQP_URL"), wanted, management_url=_management_url())
        )
    except (AMQPError, OSError, ManagementError) as error:
        raise fail(f"RabbitMQ refused or could not be reached: {type(error).__name__}") from None
    if as_json:
        typer.echo(json.dumps({"differences": [str(difference) for difference in drift]}))
    else:
        for difference in drift:
            typer.echo(str(difference))
    if drift:
        raise fail(f"{len(drift)} differences")
    if not as_json:
        typer.echo("no differences")


def _management_url() -> str | None:
    return os.environ.get("HERALD_RABBITMQ_MANAGEMENT_URL") or None
