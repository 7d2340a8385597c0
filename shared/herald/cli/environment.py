"""What the command line takes from the environment, and how it says that something is missing."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from herald.config.loading import Configuration, ConfigurationError, load_configuration

# Exit codes: 0 done, 1 it could not be done (say, a server is away), 2 wrong input.
EXIT_FAILED = 1
EXIT_USAGE = 2


def fail(message: str, code: int = EXIT_FAILED) -> typer.Exit:
    """Say what is wrong on stderr; raise what is returned."""
    typer.echo(message, err=True)
    return typer.Exit(code)


def required(name: str) -> str:
    """Return an environment variable, or end with 2 naming it."""
    value = os.environ.get(name)
    if not value:
        raise fail(f"{name} is not set", EXIT_USAGE)
    return value


def configuration() -> Configuration:
    """Read `herald.toml`, or end with 2 naming every error in it."""
    try:
        return load_configuration(Path(os.environ.get("HERALD_CONFIG", "herald.toml")))
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None
