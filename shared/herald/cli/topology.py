"""`herald topology`: declare the bus on a broker, or see how a broker differs from it.

What declares it brings an HTTP library along, so it is imported late: other commands start sooner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable
from typing import TypeVar

import typer

from herald.bus.errors import ManagementError, TopologyConflictError
from herald.cli.environment import JsonOption, amqp_url, checked, configuration, fail, run
from herald.client.connection import explained
from herald.server_urls import HTTP
from herald.topology import topology_for

topology = typer.Typer(
    help="Declare the bus, or check it. HERALD_RABBITMQ_MANAGEMENT_URL, with credentials, adds "
    "policies and a full comparison.",
    no_args_is_help=True,
)

_T = TypeVar("_T")


@topology.command("apply")
def apply(as_json: JsonOption = False) -> None:
    """Declare exchanges, queues and bindings for the channels of herald.toml. Safe to run again."""
    from herald.bus import declaration  # noqa: PLC0415  see above

    wanted, url = topology_for(configuration().file.channels), amqp_url()
    run(_told(url, declaration.apply(url, wanted, management_url=_management_url())))
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
    from herald.bus import declaration  # noqa: PLC0415  see above

    wanted, url = topology_for(configuration().file.channels), amqp_url()
    drift = run(_told(url, declaration.check(url, wanted, management_url=_management_url())))
    if as_json:
        typer.echo(json.dumps({"differences": [str(difference) for difference in drift]}))
    else:
        for difference in drift:
            typer.echo(str(difference))
    if drift:
        raise fail(f"{len(drift)} differences")
    if not as_json:
        typer.echo("no differences")


async def _told(url: str, work: Awaitable[_T]) -> _T:
    """Do it; end with 1 and one line that says what went wrong."""
    try:
        with explained(url):
            return await work
    except TopologyConflictError as error:
        raise fail(f"the broker holds other arguments: {error}") from None
    except ManagementError as error:
        raise fail(f"HERALD_RABBITMQ_MANAGEMENT_URL: {error}") from None


def _management_url() -> str | None:
    name = "HERALD_RABBITMQ_MANAGEMENT_URL"
    url = os.environ.get(name)
    return checked(name, url, HTTP) if url else None
