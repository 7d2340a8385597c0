"""`herald token`: let somebody read at the router."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from herald.cli.environment import EXIT_USAGE, configuration, fail
from herald.config.loading import Configuration, ConfigurationError
from herald.config.read_tokens_file import read_again
from herald.config.validation_messages import describe
from herald.contracts.read_tokens import EVERY_TENANT, NewToken, new_token


def token(
    name: Annotated[str, typer.Argument(help="Whose token it is: say, a team's name.")],
    tenant: Annotated[
        list[str] | None, typer.Option("--tenant", help="A tenant it reads; may be repeated.")
    ] = None,
    operator: Annotated[
        bool, typer.Option("--operator", help="It reads every tenant, and dead letters.")
    ] = False,
) -> None:
    r"""Make a token for the read API and print it, once: only its digest is kept.

    The digest goes into the file that `\[read_api] tokens_file` of herald.toml names (made if it is
    missing), which routers read again within seconds; without such a setting it is shown.
    """
    if operator == bool(tenant):
        raise fail("give --tenant, or --operator", EXIT_USAGE)
    loaded = configuration()
    made = _made(loaded, name, tenant or [EVERY_TENANT])
    path = _tokens_file(loaded)
    if path is None:
        typer.echo(f"for the tokens file:\n{made.entry}", err=True)
    else:
        _append(loaded, path, name, made.entry)
        typer.echo(f"{path} knows it now as {name}", err=True)
    typer.echo(made.token)


def _made(loaded: Configuration, name: str, tenants: list[str]) -> NewToken:
    for tenant in tenants:
        if tenant != EVERY_TENANT and tenant not in loaded.file.tenants:
            raise fail(f"--tenant: herald.toml has no tenant {tenant!r}", EXIT_USAGE)
    try:
        return new_token(name, tenants)
    except ValidationError as error:
        raise fail(f"the name: {describe(error)[0]}", EXIT_USAGE) from None


def _tokens_file(loaded: Configuration) -> Path | None:
    name = loaded.file.read_api.tokens_file
    return loaded.path.parent / name if name is not None else None


def _append(loaded: Configuration, path: Path, name: str, entry: str) -> None:
    try:
        before = path.read_text() if path.exists() else ""
        if before and name in read_again(loaded).tokens:
            raise fail(f"{path} has a token named {name}: take it out first", EXIT_USAGE)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{_gap(before)}{entry}")
    except ConfigurationError as error:
        raise fail(str(error), EXIT_USAGE) from None
    except OSError as error:
        raise fail(f"{path}: {error.strerror}") from None


def _gap(before: str) -> str:
    """Return what keeps an entry a line away from what stands before it."""
    if not before:
        return ""
    return "\n" if before.endswith("\n") else "\n\n"
