"""`herald config`: look at the configuration."""

from __future__ import annotations

import json

import typer

from herald.cli.environment import EXIT_USAGE, JsonOption, configuration, fail
from herald.config.loading import ConfigurationError
from herald.config.read_tokens_file import load_read_tokens
from herald.config.session_keys import session_keys

config = typer.Typer(help="Look at the configuration.", no_args_is_help=True)


@config.callback()
def _group() -> None:
    """Keep `check` a sub-command though it is the only one."""


@config.command("check")
def check(as_json: JsonOption = False) -> None:
    """Read herald.toml and every secrets file it names; print every error and exit with 2."""
    loaded = configuration()
    errors: list[str] = []
    has_sessions = any(account.session is not None for account in loaded.file.accounts.values())
    for read in (
        lambda: loaded.secrets_for(list(loaded.file.accounts)),
        lambda: loaded.proxy_credentials_for(loaded.file.egress.members),
        loaded.masking_key,
        loaded.earlier_masking_keys,
        loaded.unsubscribe_keys,
        lambda: load_read_tokens(loaded),
        lambda: session_keys(loaded) if has_sessions else None,
    ):
        try:
            read()
        except ConfigurationError as error:
            errors.append(str(error))
    errors += [f"{loaded.path}: {line}" for line in loaded.file.tenants_that_can_send_nothing()]
    if errors:
        raise fail("\n".join(errors), EXIT_USAGE) from None
    file = loaded.file
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "path": str(loaded.path),
                    "tenants": sorted(file.tenants),
                    "accounts": sorted(file.accounts),
                    "channels": list(file.channels),
                    "routes": sorted(file.routes),
                }
            )
        )
        return
    typer.echo(
        f"{loaded.path}: {len(file.tenants)} tenants, {len(file.accounts)} accounts on "
        f"{', '.join(file.channels)}, {len(file.routes)} routes"
    )
