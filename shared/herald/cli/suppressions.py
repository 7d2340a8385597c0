"""`herald suppress`, `unsuppress` and `suppressions`: who gets no more messages."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from herald.cli.environment import JsonOption, TenantOption, amqp_url, run
from herald.cli.erase import recipient_of
from herald.cli.reading import post
from herald.client import Answer, Client

PhoneOption = Annotated[str | None, typer.Option(help="The recipient's number, in E.164.")]
EmailOption = Annotated[str | None, typer.Option(help="The recipient's e-mail address.")]
AddressOption = Annotated[
    list[str] | None, typer.Option(metavar="CHANNEL=ADDRESS", help="An address on any channel.")
]
ChannelOption = Annotated[
    str | None, typer.Option(help="Only on this channel; on every one if absent.")
]
CategoryOption = Annotated[
    str | None,
    typer.Option(help="Only messages of this category: otp, transactional, marketing."),
]


def suppress(
    *,
    phone: PhoneOption = None,
    email: EmailOption = None,
    address: AddressOption = None,
    channel: ChannelOption = None,
    category: CategoryOption = None,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Send a recipient no more messages."""
    to = recipient_of(phone, email, address)
    _say(run(_change(to, tenant, channel, category, lifts=False)), as_json=as_json)


def unsuppress(
    *,
    phone: PhoneOption = None,
    email: EmailOption = None,
    address: AddressOption = None,
    channel: ChannelOption = None,
    category: CategoryOption = None,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Let a recipient get messages again, whatever stopped them."""
    to = recipient_of(phone, email, address)
    _say(run(_change(to, tenant, channel, category, lifts=True)), as_json=as_json)


def suppressions(
    *,
    phone: PhoneOption = None,
    email: EmailOption = None,
    address: Annotated[
        str | None, typer.Option(help="Any other address, or a mask from a log.")
    ] = None,
    tenant: TenantOption = "default",
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List who gets no more messages and why; of one address also how it came to that.

    Asks the router at HERALD_ROUTER_URL, with the token of HERALD_READ_TOKEN or of the file
    HERALD_READ_TOKEN_FILE. Addresses are hashed: the list shows hashes alone.
    """
    asked = {"phone": phone, "email": email, "address": address}
    given = {name: value for name, value in asked.items() if value}
    found = post("/suppressions/search", {**given, "tenant": tenant, "limit": limit})
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found["suppressions"]:
        typer.echo(_line(one, one["since"]))
    for one in found.get("history", ()):
        typer.echo(f"  {one['change']}: {_line(one, one['recorded_at'])}")
    if not found["suppressions"]:
        typer.echo("nothing is suppressed", err=True)
    if not found["complete"]:
        typer.echo(
            "some are hashed under a key that masking.earlier_key_files does not name", err=True
        )


async def _change(
    to: dict[str, Any], tenant: str, channel: str | None, category: str | None, *, lifts: bool
) -> Answer:
    async with Client(amqp_url(), tenant=tenant, name="herald suppress") as herald:
        change = herald.unsuppress if lifts else herald.suppress
        return await change(to, channel=channel, category=category)


def _say(answer: Answer, *, as_json: bool) -> None:
    typer.echo(json.dumps({"answer": answer.answer}) if as_json else answer.answer.value)


def _line(one: dict[str, Any], when: str) -> str:
    at = datetime.fromisoformat(when).astimezone()
    return "  ".join(
        (
            one["address_hash"],
            f"{at:%Y-%m-%d %H:%M:%S}",
            one["channel"] or "every channel",
            one["category"] or "-",
            one["reason"],
            one["source"],
            one["message_id"] or "-",
        )
    )
