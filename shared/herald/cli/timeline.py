"""`herald timeline`: everything that happened to one message, and why."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from herald.cli.cancel import is_uuid
from herald.cli.environment import (
    EXIT_USAGE,
    JsonOption,
    TenantOption,
    fail,
    utf8,
)
from herald.cli.event_lines import STYLES
from herald.cli.reading import read
from herald.cli.tables import plain_table


def timeline(
    message: Annotated[
        str, typer.Argument(callback=utf8, help="The message's id or idempotency key.")
    ],
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Show a message: its steps, its attempts, and each fact with what it led to, in local time.

    Asks the router at HERALD_ROUTER_URL, with the token of HERALD_READ_TOKEN or of the file
    HERALD_READ_TOKEN_FILE. Commands that were refused under its key are shown, too, and alone where
    none was accepted. Exit 2 if there is neither, or none for this token.
    """
    found = _fetch(message, tenant)
    names = (found["tenant"], found["idempotency_key"]) if found else (tenant, message)
    rejections = _rejections(*names)
    if found is None and not rejections:
        raise fail(f"no message of tenant {tenant} is named {message}", EXIT_USAGE)
    if as_json:
        typer.echo(json.dumps({**(found or {}), "rejections": rejections}))
        return
    console = Console(highlight=False, markup=False)  # keys and reasons are others' words
    if found is None:
        console.print(f"no message: {tenant} / {message} was refused")
    else:
        _print_message(console, found)
    if rejections:
        console.print()
        console.print(_refusals(rejections))


def _print_message(console: Console, document: dict[str, Any]) -> None:
    console.print(_headline(document))
    for table in (_steps(document), _attempts(document), _facts(document)):
        console.print()
        console.print(table)


def _fetch(name: str, tenant: str) -> dict[str, Any] | None:
    """Ask for a message by its id, if it may be one, and else by its key."""
    found = read(f"/messages/{name}") if is_uuid(name) else None
    return found or read("/messages", {"tenant": tenant, "idempotency_key": name})


def _rejections(tenant: str, key: str) -> list[dict[str, Any]]:
    """Ask for the commands that were refused under a key."""
    answer = read("/rejections", {"tenant": tenant, "idempotency_key": key})
    return answer["rejections"] if answer else []  # a router of before has no such thing


def _refusals(rejections: list[dict[str, Any]]) -> Table:
    table = plain_table("refused", "command", "field", "dead letter", "why")
    for one in rejections:
        replayed = f"; replayed: {one['replay_result']}" if one["replayed_at"] else ""
        table.add_row(
            _day(one["rejected_at"]),
            one["command"],
            one["field"],
            one["dead_letter"],
            f"{one['reason']}{replayed}",
        )
    return table


def _headline(message: dict[str, Any]) -> Text:
    line = Text(f"{message['id']}  ")
    line.append(message["status"], style=STYLES.get(message["status"], "default"))
    line.append(f", {message['outcome'] or _course(message)}")
    line.append(f"\n{message['tenant']} / {message['idempotency_key']}", style="dim")
    line.append(f"  {message['category']}, {message['lane']} lane", style="dim")
    ends = (
        ("ended", message["ended_at"]) if message["ended_at"] else ("ends", message["expires_at"])
    )
    line.append(f"\ncreated {_day(message['created_at'])}, {ends[0]} {_day(ends[1])}", style="dim")
    for link, words in (("resent_from", "sends again"), ("resent_as", "sent again as")):
        if message.get(link):
            line.append(f"\n{words} {message[link]}", style="dim")
    if message.get("trace_id"):
        line.append(f"\ntrace {message['trace_id']}", style="dim")
    if message["next_action_at"]:
        line.append(f", next look {_day(message['next_action_at'])}", style="dim")
    return line


def _course(message: dict[str, Any]) -> str:
    """Say what a message without an outcome is about to do."""
    send_at = message.get("send_at")
    return f"scheduled for {_day(send_at)}" if send_at else "under way"


def _steps(message: dict[str, Any]) -> Table:
    table = plain_table("step", "channel", "to", "succeeds on", "falls back after")
    for number, step in enumerate(message["steps"], 1):
        table.add_row(
            str(number),
            step["channel"],
            step["address"],
            step["success_on"],
            step["fallback_after"],
        )
    return table


def _attempts(message: dict[str, Any]) -> Table:
    table = plain_table("attempt", "channel", "account", "status", "provider's id", "failure")
    for attempt in message["attempts"]:
        table.add_row(
            _short(attempt["attempt_id"]),
            attempt["channel"],
            attempt["account"] or "",
            Text(attempt["status"], style=STYLES.get(attempt["status"], "default")),
            attempt["provider_message_id"] or "",
            _failure(attempt["failure"] or {}),
        )
    return table


def _failure(failure: dict[str, Any]) -> str:
    code = " ".join(filter(None, (failure.get("class"), failure.get("code"))))
    return ": ".join(filter(None, (code, failure.get("text"))))


def _facts(message: dict[str, Any]) -> Table:
    table = plain_table("when", "fact", "attempt", "what it led to")
    for fact in message["timeline"]:
        table.add_row(
            _clock(fact["recorded_at"]),
            fact["status"] or fact["fact"].partition(":")[0],
            _short(fact["attempt_id"] or ""),
            fact["note"],
        )
    return table


def _short(attempt_id: str) -> str:
    """Leave the message's id out: `2.1` is the first try of step two."""
    return attempt_id.partition(".")[2]


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%H:%M:%S.%f")[:-3]


def _day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%d %b %H:%M:%S")
