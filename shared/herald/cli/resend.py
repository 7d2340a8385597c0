"""`herald resend`: send a failed message again, or all that failed in a while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError

from herald.cli.cancel import is_uuid
from herald.cli.environment import EXIT_USAGE, JsonOption, amqp_url, fail, run
from herald.cli.find import found_by, line_of
from herald.cli.operator_commands import give_all, operator_command, print_tally
from herald.client import Answer, RejectedError
from herald.client.operator import Operator
from herald.config.file import DEFAULT_TENANT
from herald.contracts.operator_commands import ResendMessage
from herald.contracts.reasons import UNKNOWN_MESSAGE
from herald.contracts.searches import HIGHEST_LIMIT, MessageSearch
from herald.contracts.topology import RESEND_KEY
from herald.contracts.validation_errors import validation_errors_of
from herald.contracts.vocabulary import CommandAnswer, Outcome


def resend(
    message: Annotated[
        str | None, typer.Argument(help="The message's id or idempotency key; or give --failed.")
    ] = None,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="All that failed.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="All that expired.")] = False,
    since: Annotated[
        str | None,
        typer.Option(help="Created then or later: ISO 8601 with an offset, or an age such as 2h."),
    ] = None,
    until: Annotated[str | None, typer.Option(help="Created before that.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only those tried on this channel.")] = None,
    tenant: Annotated[
        str | None,
        typer.Option(envvar="HERALD_TENANT", help="Whose; for --failed all tenants if absent."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where an attempt may have reached somebody.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List them, and send none.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Send failed messages again, each once, as new ones. Takes an operator's broker user.

    What was sent again before is left out: a second run goes on where the first one ended.
    --failed and --expired are found with the read token; exit 1 if some are refused.
    """
    if message is not None:
        if failed or expired or since or until or channel or dry_run:
            raise fail("give a message, or --failed with its options", EXIT_USAGE)
        _say(run(_resend_one(message, tenant or DEFAULT_TENANT, force=force)), as_json=as_json)
        return
    if not (failed or expired) or since is None:
        raise fail("give a message; or --failed, --expired or both, with --since", EXIT_USAGE)
    outcomes = [Outcome.FAILED] * failed + [Outcome.EXPIRED] * expired
    found = list(_found(outcomes, tenant, since, until, channel))
    if dry_run:
        for one in found:
            typer.echo(json.dumps(one) if as_json else line_of(one))
        if not as_json:
            typer.echo(f"{len(found):>7}  would be sent again")
        return
    commands = [
        ResendMessage(tenant=one["tenant"], id=UUID(one["id"]), force=force) for one in found
    ]
    tally = run(give_all("resend", RESEND_KEY, commands))
    print_tally(tally, "sent again", "were sent again before", as_json=as_json)


def _found(
    outcomes: list[Outcome], tenant: str | None, since: str, until: str | None, channel: str | None
) -> Iterator[dict[str, Any]]:
    """Find what ended so and was not sent again."""
    for outcome in outcomes:
        given = {"tenant": tenant, "since": since, "until": until}
        search = _search(
            {name: value for name, value in given.items() if value is not None}
            | {"outcome": outcome, "resent": False, "limit": HIGHEST_LIMIT}
        )
        for one in found_by(search):
            if channel is None or channel in {tried["channel"] for tried in one["attempts"]}:
                yield one


def _search(given: dict[str, Any]) -> MessageSearch:
    try:
        return MessageSearch.model_validate(given)
    except ValidationError as error:
        lines = [
            f"--{at}: {reason}" if at else reason for at, reason in validation_errors_of(error)
        ]
        raise fail("\n".join(lines), EXIT_USAGE) from None


async def _resend_one(name: str, tenant: str, *, force: bool) -> Answer:
    """Name a message by its id, if it may be one, and else by its key."""
    names = {"tenant": tenant, "force": force}
    by_key = operator_command(ResendMessage, **names, idempotency_key=name)
    async with Operator(amqp_url(), name="herald resend") as operator:
        if is_uuid(name):
            by_id = operator_command(ResendMessage, **names, id=UUID(name))
            try:
                return await operator.give(RESEND_KEY, by_id)
            except RejectedError as error:
                if error.reason != UNKNOWN_MESSAGE:
                    raise
        try:
            return await operator.give(RESEND_KEY, by_key)
        except RejectedError as error:
            if error.reason != UNKNOWN_MESSAGE:
                raise
            raise fail(f"no message of tenant {tenant} is named {name}", EXIT_USAGE) from None


def _say(answer: Answer, *, as_json: bool) -> None:
    before = answer.answer is CommandAnswer.DUPLICATE
    if as_json:
        typer.echo(json.dumps({"answer": answer.answer, "message_id": answer.message_id}))
    elif before:
        state = answer.outcome or answer.status
        typer.echo(f"was sent again before as {answer.message_id}, which is {state}")
    else:
        typer.echo(f"sent again as {answer.message_id}  {' -> '.join(answer.channels)}")
