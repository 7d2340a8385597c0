"""The `herald` command."""

from __future__ import annotations

import typer

from herald.cli.config import config
from herald.cli.migrate import migrate
from herald.cli.topology import topology

application = typer.Typer(
    name="herald",
    help="Operate a Herald. Settings come from the environment: HERALD_AMQP_URL, "
    "HERALD_POSTGRES_DSN, HERALD_CONFIG.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.command("migrate")(migrate)
application.add_typer(topology, name="topology")
application.add_typer(config, name="config")


def main() -> None:
    """Run the command line."""
    application()
