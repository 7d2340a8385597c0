"""`herald config`: look at the configuration."""

from __future__ import annotations

import typer

from herald.cli.environment import EXIT_USAGE, configuration, fail
from herald.config.loading import ConfigurationError

config = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@config.callback()
def _group() -> None:
    """Keep `check` a sub-command though it is the only one."""


@config.command("check")
def check() -> None:
    """Read herald.toml and every secrets file it names; print every error and exit with 2."""
    loaded = configuration()
    try:
        loaded.secrets_for(list(loaded.file.accounts))
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None
    file = loaded.file
    typer.echo(
        f"{loaded.path}: {len(file.tenants)} tenants, {len(file.accounts)} accounts on "
        f"{', '.join(file.channels)}, {len(file.routes)} routes"
    )
