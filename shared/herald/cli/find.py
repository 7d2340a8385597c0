"""`herald find`: which messages went to a recipient, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from herald.cli.composing import metadata_pair
from herald.cli.environment import EXIT_USAGE, JsonOption, fail
from herald.cli.reading import post
from herald.contracts.searches import HIGHEST_LIMIT, MessageSearch
from herald.contracts.validation_errors import validation_errors_of

_ADDRESS = "any other address, such as a WhatsApp user's id, or a mask from a log"


def find(
    *,
    phone: Annotated[str | None, typer.Option(help="Sent to this number.")] = None,
    email: Annotated[str | None, typer.Option(help="Sent to this e-mail address.")] = None,
    address: Annotated[str | None, typer.Option(help=f"Sent to {_ADDRESS}.")] = None,
    metadata: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE; may repeat, then with all of them.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Created then or later: ISO 8601 with an offset, or an age such as 2h."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Created before that.")] = None,
    outcome: Annotated[
        str | None,
        typer.Option(help="How it ended: succeeded, failed, expired, cancelled; none: it has not."),
    ] = None,
    status: Annotated[
        str | None, typer.Option(help="How far it came: queued, sent, delivered, read, clicked.")
    ] = None,
    tenant: Annotated[
        str | None,
        typer.Option(envvar="HERALD_TENANT", help="Whose; if absent all that the token reads."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many messages at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List messages, the newest first: id, creation, tenant, status and outcome, way, recipient.

    Asks the router at HERALD_ROUTER_URL, with the token of HERALD_READ_TOKEN or of the file
    HERALD_READ_TOKEN_FILE. Addresses go in the body of the request, and come back masked.
    """
    search = _search(
        phone=phone,
        email=email,
        address=address,
        metadata=dict(map(metadata_pair, metadata or [])),
        since=since,
        until=until,
        outcome=outcome,
        status=status,
        tenant=tenant,
        limit=min(limit, HIGHEST_LIMIT),
    )
    for message in found_by(search, limit):
        typer.echo(json.dumps(message) if as_json else line_of(message))


def found_by(search: MessageSearch, limit: int | None = None) -> Iterator[dict[str, Any]]:
    """Yield messages as the router finds them, page by page; None: all there are.

    Says on stderr when some may be missing.
    """
    request = search.request()
    number = 0
    while True:
        page = post("/messages/search", request)
        wanted = page["messages"] if limit is None else page["messages"][: limit - number]
        yield from wanted
        number += len(wanted)
        if page["next"] is None or number == limit:
            break
        request = {**request, "after": page["next"]}
    if not page["complete"]:
        typer.echo("not every message is hashed: has `herald rehash` been run?", err=True)


def _search(**values: Any) -> MessageSearch:
    """Read the options; what is wrong with them is said by their names, without the values."""
    given = {name: value for name, value in values.items() if value is not None}
    try:
        return MessageSearch.model_validate(given)
    except ValidationError as error:
        lines = [
            f"--{at}: {reason}" if at else reason for at, reason in validation_errors_of(error)
        ]
        raise fail("\n".join(lines), EXIT_USAGE) from None


def line_of(message: dict[str, Any]) -> str:
    """Say in one line which message this is, and what became of it."""
    created = datetime.fromisoformat(message["created_at"]).astimezone()
    outcome = message["outcome"] or "under way"
    tried = dict.fromkeys(attempt["channel"] for attempt in message["attempts"])
    masks = dict.fromkeys(step["address"] or "erased" for step in message["steps"])
    return "  ".join(
        (
            message["id"],
            f"{created:%Y-%m-%d %H:%M:%S}",
            message["tenant"],
            f"{message['status']}, {outcome}",
            " > ".join(tried) or "-",
            " ".join(masks),
        )
    )
