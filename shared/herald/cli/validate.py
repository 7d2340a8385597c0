"""`herald validate`: check a SendMessage before anything is sent, without a broker."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from herald.cli.composing import read_command
from herald.cli.environment import EXIT_USAGE, JsonOption, TenantOption, configuration, fail
from herald.client.errors import in_words_of
from herald.config.file import HeraldFile
from herald.config.steps import Skipped, UnusableError, end_of, usable_steps
from herald.contracts.commands import MAX_COMMAND_BYTES, SendMessage
from herald.contracts.validation_errors import validation_errors_of

Problems = list[tuple[str, str]]  # the field at fault, and the reason

NO_CONFIGURATION = (
    "only its shape was checked: there is no herald.toml here and HERALD_CONFIG names none"
)


def validate(
    file: Annotated[str, typer.Argument(help="A SendMessage as JSON; - for stdin.")],
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Check a message's shape, and its route, accounts and content by herald.toml.

    Exit 2 if it would be refused, with each field at fault. No broker is needed.
    """
    document = {"tenant": tenant, **read_command(file)}
    command, problems = _read(document)
    file_of_herald = _configuration()
    channels: list[str] = []
    skipped: Skipped = ()
    if command is not None and file_of_herald is not None:
        channels, skipped, problems = check(command, file_of_herald, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps(_as_json(problems, channels, skipped, file_of_herald is not None)))
    elif not problems:
        _say(channels, skipped, is_whole=file_of_herald is not None)
    if problems:
        raise fail("\n".join(f"invalid: {in_words_of(one)}" for one in problems), EXIT_USAGE)


def check(
    command: SendMessage, file: HeraldFile, now: datetime
) -> tuple[list[str], Skipped, Problems]:
    """Return the channels that may be tried, the steps left out, and what is at fault."""
    try:
        if command.tenant not in file.tenants:
            raise UnusableError("tenant", "no such tenant")
        steps, skipped = usable_steps(command, file)
        end_of(command, file, now)
    except UnusableError as error:
        return [], (), [(error.field, error.reason)]
    return [usable.step.channel for usable in steps], skipped, []


def _read(document: dict[str, Any]) -> tuple[SendMessage | None, Problems]:
    body = json.dumps(document).encode()
    if len(body) > MAX_COMMAND_BYTES:
        return None, [("", f"larger than {MAX_COMMAND_BYTES // 1024} KiB")]
    try:
        return SendMessage.model_validate_json(body), []
    except ValidationError as error:
        return None, validation_errors_of(error)


def _configuration() -> HeraldFile | None:
    named = os.environ.get("HERALD_CONFIG")
    return configuration().file if named or Path("herald.toml").exists() else None


def _say(channels: list[str], skipped: Skipped, *, is_whole: bool) -> None:
    typer.echo(f"valid      {' -> '.join(channels)}".rstrip())
    for step, reason in skipped:
        typer.echo(f"left out   step {step}: {reason}")
    if not is_whole:
        typer.echo(NO_CONFIGURATION, err=True)


def _as_json(
    problems: Problems, channels: list[str], skipped: Skipped, is_whole: bool
) -> dict[str, Any]:
    return {
        "valid": not problems,
        "errors": [{"field": at, "reason": reason} for at, reason in problems],
        "channels": channels,
        "left_out": [{"step": step, "reason": reason} for step, reason in skipped],
        "configuration": is_whole,
    }
