"""`herald erase`: have all that Herald knows of a recipient erased."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from herald.cli.environment import (
    EXIT_USAGE,
    JsonOption,
    amqp_url,
    fail,
    run,
    utf8,
)
from herald.cli.send import seconds
from herald.client import Client, NoAnswerError
from herald.contracts.identifiers import UNKNOWN_TENANT


def erase(
    phone: Annotated[str | None, typer.Option(help="The recipient's number, in E.164.")] = None,
    email: Annotated[str | None, typer.Option(help="The recipient's e-mail address.")] = None,
    address: Annotated[
        list[str] | None, typer.Option(metavar="CHANNEL=ADDRESS", help="An address on any channel.")
    ] = None,
    tenant: Annotated[
        str,
        typer.Option(
            "--tenant", envvar="HERALD_TENANT", callback=utf8, help="Whose recipient it is."
        ),
    ] = "default",
    all_tenants: Annotated[
        bool, typer.Option("--all-tenants", help="Every tenant's; takes an operator's broker user.")
    ] = False,
    timeout: Annotated[str, typer.Option(help="How long to wait until it is done.")] = "60s",
    as_json: JsonOption = False,
) -> None:
    """Erase a recipient, stop what is under way to them, and wait until it is done.

    Exit 3 if it is not in time: it goes on all the same.
    """
    given = recipient_of(phone, email, address)
    whose = UNKNOWN_TENANT if all_tenants else tenant
    erasure, erased = run(_erase(given, whose, seconds(timeout)))
    if as_json:
        typer.echo(json.dumps({"erasure_id": erasure, "erased": erased}))
        return
    typer.echo(f"erased  {erasure}")
    for table, number in erased.items():
        typer.echo(f"{number:>7}  {table}")


def recipient_of(phone: str | None, email: str | None, address: list[str] | None) -> dict[str, Any]:
    """Write the options as the `to` of a command."""
    to: dict[str, Any] = {"phone": phone, "email": email, "addresses": _by_channel(address or ())}
    given = {name: value for name, value in to.items() if value}
    if not given:
        raise fail("give --phone, --email or --address", EXIT_USAGE)
    return given


def _by_channel(pairs: list[str] | tuple[str, ...]) -> dict[str, str]:
    addresses: dict[str, str] = {}
    for pair in pairs:
        channel, separator, address = pair.partition("=")
        if not separator:
            raise fail(f"--address {pair}: write CHANNEL=ADDRESS", EXIT_USAGE)
        addresses[channel] = address
    return addresses


async def _erase(to: dict[str, Any], tenant: str, patience: float) -> tuple[str, dict[str, int]]:
    async with Client(amqp_url(), tenant=tenant, name="herald erase") as herald:
        erasure = (await herald.erase(to)).erasure_id or ""
        try:
            return erasure, await herald.wait_erased(erasure, timeout_seconds=patience)
        except NoAnswerError as error:
            waits_for = "router.erasures says what it waits for"
            raise NoAnswerError(f"{erasure}: {error}; {waits_for}") from None
