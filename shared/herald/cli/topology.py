"""`herald topology`: declare the bus on a broker, or see how a broker differs from it.

What declares it brings an HTTP library along, so it is imported late: other commands start sooner.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import typer

from herald.bus.errors import ManagementError, TopologyConflictError
from herald.cli.environment import (
    EXIT_UNSEEN,
    JsonOption,
    amqp_url,
    configuration,
    fail,
    management_url,
    run,
)
from herald.cli.permissions import permissions
from herald.client.connection import explained
from herald.config.broker_permissions import broker_users
from herald.contracts.topology import topology_for
from herald.service.server_variables import MANAGEMENT

_NAMED = 5  # of what can't be seen; --json names all

topology = typer.Typer(
    help=f"Declare the bus, or check it. {MANAGEMENT}, with credentials, adds "
    "policies and a full comparison.",
    no_args_is_help=True,
)
topology.command()(permissions)

_T = TypeVar("_T")


@topology.command("apply")
def apply(as_json: JsonOption = False) -> None:
    """Declare exchanges, queues and bindings for the channels of herald.toml. Safe to run again."""
    from herald.bus import declaration  # noqa: PLC0415  see above

    wanted, url = topology_for(configuration().file.channels), amqp_url()
    run(_explained(url, declaration.apply(url, wanted, management_url=management_url())))
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
    """Print how the broker differs from the topology, a line each; exit with 1 if it does.

    Without HERALD_RABBITMQ_MANAGEMENT_URL bindings, policies and users' permissions can't be seen,
    nor the arguments of what the broker's user may not configure: it says so, and exits with 3 if
    that is all. Permissions are seen by administrators alone.
    """
    from herald.bus import checking  # noqa: PLC0415  see above

    file, url = configuration().file, amqp_url()
    checked_for = checking.check(
        url,
        topology_for(file.channels),
        users=broker_users(file),
        management_url=management_url(),
    )
    found = run(_explained(url, checked_for))
    differences = [str(difference) for difference in found.differences]
    if as_json:
        typer.echo(json.dumps({"differences": differences, "unseen": found.unseen}))
    else:
        for line in differences:
            typer.echo(line)
    if differences:
        raise fail(f"{len(differences)} differences{_but_unseen(found.unseen)}")
    if found.unseen:
        raise fail(f"no differences seen{_but_unseen(found.unseen)}", EXIT_UNSEEN)
    if not as_json:
        typer.echo("no differences")


def _but_unseen(unseen: Sequence[str]) -> str:
    if not unseen:
        return ""
    named = ", ".join(unseen[:_NAMED])
    more = f" and {len(unseen) - _NAMED} more" if len(unseen) > _NAMED else ""
    instead = "with this" if os.environ.get(MANAGEMENT) else "without"
    return f"; {instead} {MANAGEMENT} not seen: {named}{more}"


async def _explained(url: str, work: Awaitable[_T]) -> _T:
    """Do it; end with 1 and one line that says what went wrong."""
    try:
        with explained(url):
            return await work
    except TopologyConflictError as error:
        raise fail(f"the broker holds other arguments: {error}") from None
    except ManagementError as error:
        raise fail(f"{MANAGEMENT}: {error}") from None
