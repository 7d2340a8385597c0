"""`herald channel`: run a channel's worker.

A worker brings the bus and the database along, so they are imported late: other commands start
sooner.
"""

from __future__ import annotations

from typing import Annotated

import typer

from herald.cli.environment import EXIT_USAGE, configuration, fail

channel = typer.Typer(help="Run a channel's worker.", no_args_is_help=True)


@channel.callback()
def _group() -> None:
    """Keep `run` a command's name: a group of one command would be that command."""


@channel.command()
def run(
    name: Annotated[str, typer.Argument(help="A channel that herald.toml has accounts for.")],
) -> None:
    """Make the calls of a channel, until SIGTERM or SIGINT.

    Its settings are a service's: HERALD_AMQP_URL, HERALD_POSTGRES_DSN, HERALD_CONFIG,
    HERALD_OPERATIONS_HOST and HERALD_OPERATIONS_PORT, HERALD_LOG_FORMAT.
    """
    from herald.cli.channel_worker import run_worker  # noqa: PLC0415  see above

    channels = configuration().file.channels
    if name not in channels:
        raise fail(f"no account serves {name}; channels: {', '.join(channels)}", EXIT_USAGE)
    run_worker(name)
